// What every send of the reactor has in common.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>

namespace pollux {

// macOS has SO_NOSIGPIPE instead; Node.js ignores SIGPIPE anyway.
#if defined(MSG_NOSIGNAL)
inline constexpr int kSendFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
#else
inline constexpr int kSendFlags = MSG_DONTWAIT;
#endif

// send(2): not now. ENOBUFS is a full interface queue, which empties as EAGAIN's buffer does.
inline bool is_full(ssize_t result) {
  return result == -EAGAIN || result == -EWOULDBLOCK || result == -ENOBUFS;
}

}  // namespace pollux
