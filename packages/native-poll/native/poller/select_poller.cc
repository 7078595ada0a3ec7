// select(2): the oldest and the most portable. Holds fds below FD_SETSIZE only: an fd_set is a bit array of
// that size, and a bit beyond it is somebody else's memory.
#include <fcntl.h>

#include <array>
#include <vector>

#include "backends.h"

namespace pollux {
namespace {

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
    if (entries_[fd].interest != (interest & (kReadable | kWritable))) set_interest(fd, interest);
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
    fd_set readable = readable_;
    fd_set writable = writable_;
    const int ready = select_once(&readable, &writable, timeout_ms);
    if (ready == -EBADF) return wait_without_closed(events);
    return ready <= 0 ? ready : collect(events, readable, writable, nullptr);
  }

  // Without fds of no interest: select(2) does not report their errors, so a watcher must not wake for them.
  void copy_interests(std::vector<pollfd>& interests) const override {
    interests.clear();
    for (int fd = 0; fd < end_; ++fd) {
      const int events = (FD_ISSET(fd, &readable_) ? POLLIN : 0) | (FD_ISSET(fd, &writable_) ? POLLOUT : 0);
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

  bool is_registered(int fd) const { return fd >= 0 && fd < end_ && entries_[fd].registered; }

  void set_interest(int fd, uint8_t interest) {
    set_bit(&readable_, fd, interest & kReadable);
    set_bit(&writable_, fd, interest & kWritable);
    entries_[fd].interest = interest & (kReadable | kWritable);
    ++version_;
  }

  // select(2) may change the timeout: each call gets its own. No third set: on a socket it is urgent data.
  int select_once(fd_set* readable, fd_set* writable, int timeout_ms) const {
    return wait_once(timeout_ms, [&] {
      timeval timeout = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
      return syscalls().select(end_, readable, writable, nullptr, timeout_ms < 0 ? nullptr : &timeout);
    });
  }

  // EBADF names no fd: look which ones were closed while registered, report these as errors, and go on with
  // the others. Done at each wait, until the caller has deregistered them. Bounded: a round finds one or
  // ends.
  int wait_without_closed(std::span<ReadyEvent> events) {
    fd_set closed;
    FD_ZERO(&closed);
    for (;;) {
      fd_set readable = readable_;
      fd_set writable = writable_;
      bool found = false;
      for (int fd = 0; fd < end_; ++fd) {
        if (entries_[fd].interest == kNone) continue;
        if (!FD_ISSET(fd, &closed) && is_open(fd)) continue;
        found = found || !FD_ISSET(fd, &closed);
        FD_SET(fd, &closed);
        FD_CLR(fd, &readable);
        FD_CLR(fd, &writable);
      }
      const int ready = select_once(&readable, &writable, 0);
      if (ready == -EBADF && found) continue;
      if (ready < 0) return ready;
      return collect(events, readable, writable, &closed);
    }
  }

  // Goes once round. Each scan begins after the last fd that the one before reported: those that did not fit
  // come first now.
  int collect(std::span<ReadyEvent> events, const fd_set& readable, const fd_set& writable,
              const fd_set* closed) {
    size_t count = 0;
    int fd = next_ < end_ ? next_ : 0;
    for (int seen = 0; seen < end_ && count < events.size(); ++seen) {
      const int readiness = (FD_ISSET(fd, &readable) ? kReadable : 0) |
                            (FD_ISSET(fd, &writable) ? kWritable : 0) |
                            (closed != nullptr && FD_ISSET(fd, closed) ? kError : 0);
      if (readiness != kNone) events[count++] = {entries_[fd].token, static_cast<uint8_t>(readiness)};
      if (++fd == end_) fd = 0;
    }
    next_ = fd;
    return static_cast<int>(count);
  }

  fd_set readable_;
  fd_set writable_;
  std::array<Entry, FD_SETSIZE> entries_ = {};
  int end_ = 0;   // one more than the highest registered fd
  int next_ = 0;  // where the next scan begins
  uint64_t version_ = 0;
};

}  // namespace

std::unique_ptr<Poller> make_select_poller(int*) { return std::make_unique<SelectPoller>(); }

}  // namespace pollux
