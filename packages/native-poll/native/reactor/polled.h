// What the program's own calls of poll and select wait for: descriptors of any kind, its sockets' and others.
// They are no sockets of the reactor and stand in no poller: the kernel refuses some of them there (epoll:
// regular files; select: large numbers), and the same one may be waited for by several calls. A Watcher waits
// for all of them with poll(2), whose answers are the calls' own.
#pragma once

#include <span>

#include "../poller/poller.h"

namespace pollux {

class Polled final : public Interests {
 public:
  void replace(std::span<const pollfd> fds) {
    fds_.assign(fds.begin(), fds.end());
    ++version_;
  }

  void copy_interests(std::vector<pollfd>& interests) const override { interests = fds_; }
  uint64_t interest_version() const override { return version_; }

 private:
  std::vector<pollfd> fds_;
  uint64_t version_ = 0;
};

}  // namespace pollux
