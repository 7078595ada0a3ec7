// The owner of one file descriptor. Move only; closes on destruction.
#pragma once

#include <utility>

#include "syscalls.h"

namespace pollux {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  // Gives the descriptor away; the caller owns it now.
  int release() { return std::exchange(fd_, -1); }

  // close(2) is never retried: on Linux the descriptor is gone even when it says EINTR, and a second call
  // could close one that another thread has just been given.
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) syscalls().close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace pollux
