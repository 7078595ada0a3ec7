// epoll(7): the kernel keeps the interests, and a wait costs what is ready, not what is registered.
#include "backends.h"

#if POLLUX_HAVE_EPOLL

#include <sys/epoll.h>

#include <vector>

#include "../sys/unique_fd.h"

namespace pollux {
namespace {

// EPOLLRDHUP is not asked for: a half-close is end of stream, which recv(2) reports where the bytes before it
// end.
uint32_t events_of(uint8_t interest) {
  return ((interest & kReadable) ? EPOLLIN : 0u) | ((interest & kWritable) ? EPOLLOUT : 0u) |
         ((interest & kPriority) ? EPOLLPRI : 0u);
}

uint8_t readiness_of(uint32_t events) {
  return ((events & EPOLLIN) ? kReadable : 0) | ((events & EPOLLOUT) ? kWritable : 0) |
         ((events & EPOLLERR) ? kError : 0) | ((events & EPOLLHUP) ? kHangup : 0) |
         ((events & EPOLLPRI) ? kPriority : 0);
}

class EpollPoller final : public Poller {
 public:
  explicit EpollPoller(UniqueFd epoll) : epoll_(std::move(epoll)) {}

  int register_fd(int fd, uint8_t interest, uint64_t token) override {
    return control(EPOLL_CTL_ADD, fd, interest, token);
  }

  int modify(int fd, uint8_t interest, uint64_t token) override {
    return control(EPOLL_CTL_MOD, fd, interest, token);
  }

  // The last close of an open file takes it out of the set: no system call where that follows at once.
  int deregister(int fd, Closing closing) override {
    return closing == Closing::kYes ? 0 : control(EPOLL_CTL_DEL, fd, kNone, 0);
  }

  // Fair without our help: the kernel puts what it reported at the end of its ready list.
  int wait(std::span<ReadyEvent> events, int timeout_ms) override {
    if (ready_.size() < events.size()) ready_.resize(events.size());
    const int count = wait_once(timeout_ms, [&] {
      return syscalls().epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(events.size()), timeout_ms);
    });
    for (int i = 0; i < count; ++i) events[i] = {ready_[i].data.u64, readiness_of(ready_[i].events)};
    return count;
  }

  int pollable_fd() const override { return epoll_.get(); }
  std::string_view name() const override { return "epoll"; }

 private:
  int control(int operation, int fd, uint8_t interest, uint64_t token) {
    epoll_event event = {};
    event.events = events_of(interest);
    event.data.u64 = token;
    return retry([&] { return syscalls().epoll_ctl(epoll_.get(), operation, fd, &event); });
  }

  UniqueFd epoll_;
  std::vector<epoll_event> ready_;  // grows to the largest wait(), so that none allocates after the first
};

}  // namespace

std::unique_ptr<Poller> make_epoll_poller(int* error) {
  UniqueFd epoll(syscalls().epoll_create(EPOLL_CLOEXEC));
  if (!epoll) {
    *error = -errno;
    return nullptr;
  }
  return std::make_unique<EpollPoller>(std::move(epoll));
}

}  // namespace pollux

#endif
