// poll(2): the interests are ours, in one dense array that is passed with every wait.
//
//    fds_     [ fd 7 | fd 4 | fd 9 ]      what poll(2) takes
//    tokens_  [  a   |  b   |  c   ]      beside it, entry by entry
//    index_   fd → entry, -1 for none     so that nothing searches
#include <vector>

#include "backends.h"

namespace pollux {
namespace {

short events_of(uint8_t interest) {
  return static_cast<short>(((interest & kReadable) ? POLLIN : 0) | ((interest & kWritable) ? POLLOUT : 0) |
                            ((interest & kPriority) ? POLLPRI : 0));
}

// POLLNVAL: the fd was closed while it was registered. An error of that fd, and the caller deregisters it.
uint8_t readiness_of(short events) {
  return ((events & POLLIN) ? kReadable : 0) | ((events & POLLOUT) ? kWritable : 0) |
         ((events & (POLLERR | POLLNVAL)) ? kError : 0) | ((events & POLLHUP) ? kHangup : 0) |
         ((events & POLLPRI) ? kPriority : 0);
}

class PollPoller final : public Poller {
 public:
  int register_fd(int fd, uint8_t interest, uint64_t token) override {
    if (fd < 0) return -EBADF;
    if (entry_of(fd) >= 0) return -EEXIST;
    if (index_.size() <= static_cast<size_t>(fd)) index_.resize(static_cast<size_t>(fd) + 1, -1);
    index_[fd] = static_cast<int>(fds_.size());
    fds_.push_back({fd, events_of(interest), 0});
    tokens_.push_back(token);
    ++version_;
    return 0;
  }

  int modify(int fd, uint8_t interest, uint64_t token) override {
    const int entry = entry_of(fd);
    if (entry < 0) return -ENOENT;
    tokens_[entry] = token;
    if (fds_[entry].events == events_of(interest)) return 0;
    fds_[entry].events = events_of(interest);
    ++version_;
    return 0;
  }

  // The last entry takes the place of the one that goes.
  int deregister(int fd, Closing) override {
    const int entry = entry_of(fd);
    if (entry < 0) return -ENOENT;
    fds_[entry] = fds_.back();
    tokens_[entry] = tokens_.back();
    index_[fds_[entry].fd] = entry;
    index_[fd] = -1;
    fds_.pop_back();
    tokens_.pop_back();
    ++version_;
    return 0;
  }

  int wait(std::span<ReadyEvent> events, int timeout_ms) override {
    const int ready = wait_once(timeout_ms, [&] {
      return syscalls().poll(fds_.data(), static_cast<nfds_t>(fds_.size()), timeout_ms);
    });
    return ready <= 0 ? ready : collect(events, ready);
  }

  void copy_interests(std::vector<pollfd>& interests) const override {
    interests.assign(fds_.begin(), fds_.end());
  }

  uint64_t interest_version() const override { return version_; }
  std::string_view name() const override { return "poll"; }

 private:
  int entry_of(int fd) const { return fd >= 0 && static_cast<size_t>(fd) < index_.size() ? index_[fd] : -1; }

  // Goes once round the array. Each scan begins after the last entry that the one before reported, so that
  // entries which did not fit come first now.
  int collect(std::span<ReadyEvent> events, int ready) {
    size_t count = 0;
    size_t entry = next_ < fds_.size() ? next_ : 0;
    for (size_t seen = 0; seen < fds_.size() && ready > 0 && count < events.size(); ++seen) {
      if (fds_[entry].revents != 0) {
        events[count++] = {tokens_[entry], readiness_of(fds_[entry].revents)};
        --ready;
      }
      if (++entry == fds_.size()) entry = 0;
    }
    next_ = entry;
    return static_cast<int>(count);
  }

  std::vector<pollfd> fds_;
  std::vector<uint64_t> tokens_;
  std::vector<int> index_;
  size_t next_ = 0;  // where the next scan begins
  uint64_t version_ = 0;
};

}  // namespace

std::unique_ptr<Poller> make_poll_poller(int*) { return std::make_unique<PollPoller>(); }

}  // namespace pollux
