// select(2): the oldest and the most portable. Holds fds below FD_SETSIZE only: an fd_set is a bit array of
// that size, and a bit beyond it is somebody else's memory.
#include <fcntl.h>

#include <array>
#include <vector>

#include "backends.h"

namespace pollux {
namespace {

constexpr uint8_t kInterests = kReadable | kWritable | kPriority;

// Interests that select(2) tells no hang-up to.
bool is_deaf(uint8_t interest) { return interest != kNone && !(interest & kReadable); }

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0 || errno != EBADF; }

void set_bit(fd_set* set, int fd, bool value) {
  if (value) {
    FD_SET(fd, set);
  } else {
    FD_CLR(fd, set);
  }
}

class SelectPoller final : public Poller {
 public:
  SelectPoller() {
    FD_ZERO(&readable_);
    FD_ZERO(&writable_);
    FD_ZERO(&urgent_);
  }

  int register_fd(int fd, uint8_t interest, uint64_t token) override {
    if (fd < 0) return -EBADF;
    if (fd >= FD_SETSIZE) return -ERANGE;
    if (entries_[fd].registered) return -EEXIST;
    entries_[fd] = {token, kNone, true};
    if (fd >= end_) end_ = fd + 1;
    set_interest(fd, interest);
    return 0;
  }

  int modify(int fd, uint8_t interest, uint64_t token) override {
    if (!is_registered(fd)) return -ENOENT;
    entries_[fd].token = token;
    if (entries_[fd].interest != (interest & kInterests)) set_interest(fd, interest);
    return 0;
  }

  int deregister(int fd, Closing) override {
    if (!is_registered(fd)) return -ENOENT;
    set_interest(fd, kNone);
    entries_[fd].registered = false;
    while (end_ > 0 && !entries_[end_ - 1].registered) --end_;
    return 0;
  }

  int wait(std::span<ReadyEvent> events, int timeout_ms) override {
    fd_set failed;
    const bool failures = find_failed(&failed);
    Sets sets = wanted();
    const int ready = select_once(&sets, failures ? 0 : timeout_ms);
    if (ready == -EBADF) return wait_without_closed(events);
    if (ready < 0 || (ready == 0 && !failures)) return ready;
    return collect(events, sets, failures ? &failed : nullptr);
  }

  // Without fds of no interest: select(2) does not report their errors, so a watcher must not wake for them.
  void copy_interests(std::vector<pollfd>& interests) const override {
    interests.clear();
    for (int fd = 0; fd < end_; ++fd) {
      const int events = (FD_ISSET(fd, &readable_) ? POLLIN : 0) | (FD_ISSET(fd, &writable_) ? POLLOUT : 0) |
                         (FD_ISSET(fd, &urgent_) ? POLLPRI : 0);
      if (events != 0) interests.push_back({fd, static_cast<short>(events), 0});
    }
  }

  uint64_t interest_version() const override { return version_; }
  std::string_view name() const override { return "select"; }

 private:
  struct Entry {
    uint64_t token = 0;
    uint8_t interest = kNone;
    bool registered = false;
  };

  // What select(2) takes and changes.
  struct Sets {
    fd_set readable;
    fd_set writable;
    fd_set urgent;
  };

  Sets wanted() const { return {readable_, writable_, urgent_}; }

  bool is_registered(int fd) const { return fd >= 0 && fd < end_ && entries_[fd].registered; }

  void set_interest(int fd, uint8_t interest) {
    set_bit(&readable_, fd, interest & kReadable);
    set_bit(&writable_, fd, interest & kWritable);
    set_bit(&urgent_, fd, interest & kPriority);
    if (is_deaf(entries_[fd].interest)) --deaf_count_;
    entries_[fd].interest = interest & kInterests;
    if (is_deaf(entries_[fd].interest)) ++deaf_count_;
    ++version_;
  }

  // select(2) may change the timeout: each call gets its own.
  int select_once(Sets* sets, int timeout_ms) const {
    return wait_once(timeout_ms, [&] {
      timeval timeout = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
      return syscalls().select(end_, &sets->readable, &sets->writable, &sets->urgent,
                               timeout_ms < 0 ? nullptr : &timeout);
    });
  }

  // Only the first set tells of a hang-up (the second of errors, the third of neither), but a watcher is
  // woken by it whatever is asked for, and would be for ever: poll(2) tells which fds that are not in the
  // first set are broken. Whether there are any.
  bool find_failed(fd_set* failed) {
    FD_ZERO(failed);
    if (deaf_count_ == 0) return false;
    deaf_.clear();
    for (int fd = 0; fd < end_; ++fd) {
      if (is_deaf(entries_[fd].interest)) deaf_.push_back({fd, 0, 0});
    }
    const auto count = static_cast<nfds_t>(deaf_.size());
    if (retry([&] { return syscalls().poll(deaf_.data(), count, 0); }) <= 0) return false;
    for (const pollfd& entry : deaf_) {
      if (entry.revents != 0) FD_SET(entry.fd, failed);
    }
    return true;
  }

  // EBADF names no fd: look which ones were closed while registered, report these as errors, and go on with
  // the others. Done at each wait, until the caller has deregistered them. Bounded: a round finds one or
  // ends.
  int wait_without_closed(std::span<ReadyEvent> events) {
    fd_set closed;
    bool found = find_failed(&closed);
    for (;; found = false) {
      Sets sets = wanted();
      for (int fd = 0; fd < end_; ++fd) {
        if (entries_[fd].interest == kNone) continue;
        if (!FD_ISSET(fd, &closed) && is_open(fd)) continue;
        found = found || !FD_ISSET(fd, &closed);
        FD_SET(fd, &closed);
        FD_CLR(fd, &sets.readable);
        FD_CLR(fd, &sets.writable);
        FD_CLR(fd, &sets.urgent);
      }
      const int ready = select_once(&sets, 0);
      if (ready == -EBADF && found) continue;
      if (ready < 0) return ready;
      return collect(events, sets, &closed);
    }
  }

  // Goes once round. Each scan begins after the last fd that the one before reported: those that did not fit
  // come first now.
  int collect(std::span<ReadyEvent> events, const Sets& sets, const fd_set* failed) {
    size_t count = 0;
    int fd = next_ < end_ ? next_ : 0;
    for (int seen = 0; seen < end_ && count < events.size(); ++seen) {
      const int readiness = (FD_ISSET(fd, &sets.readable) ? kReadable : 0) |
                            (FD_ISSET(fd, &sets.writable) ? kWritable : 0) |
                            (FD_ISSET(fd, &sets.urgent) ? kPriority : 0) |
                            (failed != nullptr && FD_ISSET(fd, failed) ? kError : 0);
      if (readiness != kNone) events[count++] = {entries_[fd].token, static_cast<uint8_t>(readiness)};
      if (++fd == end_) fd = 0;
    }
    next_ = fd;
    return static_cast<int>(count);
  }

  fd_set readable_;
  fd_set writable_;
  fd_set urgent_;
  int deaf_count_ = 0;        // fds with an interest that is_deaf()
  std::vector<pollfd> deaf_;  // these, for find_failed()
  std::array<Entry, FD_SETSIZE> entries_ = {};
  int end_ = 0;   // one more than the highest registered fd
  int next_ = 0;  // where the next scan begins
  uint64_t version_ = 0;
};

}  // namespace

std::unique_ptr<Poller> make_select_poller(int*) { return std::make_unique<SelectPoller>(); }

}  // namespace pollux
