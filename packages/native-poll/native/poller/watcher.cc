#include "watcher.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

namespace pollux {
namespace {

// After a poll that failed (out of memory, say). The loop's own wait fails too and reports why: this bounds
// how often the two repeat it.
constexpr int kFailurePauseMs = 10;

// pipe2(2) is not POSIX's of 2008.
int make_pipe(UniqueFd* read_end, UniqueFd* write_end) {
  int fds[2];
  if (::pipe(fds) < 0) return -errno;
  read_end->reset(fds[0]);
  write_end->reset(fds[1]);
  for (const int fd : fds) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || ::fcntl(fd, F_SETFL, O_NONBLOCK) < 0) return -errno;
  }
  return 0;
}

}  // namespace

Watcher::Watcher(std::function<void()> wake) : wake_(std::move(wake)) {}

Watcher::~Watcher() {
  if (!started_) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    interrupt_poll();
    changed_.notify_one();
  }
  ::pthread_join(thread_, nullptr);
}

// pthread_create(3) and not std::thread, which can only throw. Signals are the program's and go to its own
// threads: this one inherits a mask that blocks all.
int Watcher::start() {
  const int piped = make_pipe(&pipe_read_, &pipe_write_);
  if (piped < 0) return piped;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int failure = ::pthread_create(&thread_, nullptr, run_thread, this);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  started_ = failure == 0;
  return -failure;
}

void Watcher::arm(const Interests& interests) {
  const std::lock_guard lock(mutex_);
  const bool same = has_wanted_ && wanted_version_ == interests.interest_version();
  if (!same) {
    interests.copy_interests(wanted_);
    wanted_version_ = interests.interest_version();
    has_wanted_ = true;
    ++generation_;
    interrupt_poll();
  }
  armed_ = true;
  changed_.notify_one();
}

void Watcher::disarm() {
  std::unique_lock lock(mutex_);
  armed_ = false;
  ++generation_;
  interrupt_poll();
  poll_left_.wait(lock, [this] { return !polling_; });
}

// With mutex_ held. The thread takes the byte back under the same lock, so there is never a second one.
void Watcher::interrupt_poll() {
  if (!polling_ || interrupted_) return;
  interrupted_ = true;
  const char byte = 0;
  retry([&] { return ::write(pipe_write_.get(), &byte, 1); });
}

void* Watcher::run_thread(void* self) {
  static_cast<Watcher*>(self)->run();
  return nullptr;
}

void Watcher::run() {
  std::vector<pollfd> fds;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return armed_ || stopping_; });
    if (stopping_) return;
    fds.assign(1, {pipe_read_.get(), POLLIN, 0});
    fds.insert(fds.end(), wanted_.begin(), wanted_.end());
    const uint64_t generation = generation_;
    polling_ = true;
    lock.unlock();

    // Whatever it reports is for the loop to look at, an fd closed meanwhile (POLLNVAL) too.
    const int ready = retry([&] { return syscalls().poll(fds.data(), static_cast<nfds_t>(fds.size()), -1); });
    if (ready < 0) syscalls().poll(fds.data(), 1, kFailurePauseMs);

    lock.lock();
    polling_ = false;
    if (interrupted_) {
      char byte;
      retry([&] { return ::read(pipe_read_.get(), &byte, 1); });
      interrupted_ = false;
    }
    poll_left_.notify_one();
    if (generation != generation_ || stopping_) continue;
    armed_ = false;
    lock.unlock();
    wake_();
    lock.lock();
  }
}

}  // namespace pollux
