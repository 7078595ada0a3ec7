// Internal: what the backends share, and how poller.cc makes each of them.
#pragma once

#include <memory>

#include "../sys/syscalls.h"
#include "poller.h"

namespace pollux {

// One system call that waits: its result, or -errno. Interrupted by a signal, a look with no timeout is
// repeated; a wait that may block gives 0, since its timeout has begun to run.
template <typename Call>
inline int wait_once(int timeout_ms, Call call) {
  if (timeout_ms == 0) return retry(call);
  const int result = call();
  return result >= 0 ? result : errno == EINTR ? 0 : -errno;
}

// Null with *error = -errno when the kernel refuses.
#if POLLUX_HAVE_EPOLL
std::unique_ptr<Poller> make_epoll_poller(int* error);
#endif
std::unique_ptr<Poller> make_poll_poller(int* error);
std::unique_ptr<Poller> make_select_poller(int* error);

}  // namespace pollux
