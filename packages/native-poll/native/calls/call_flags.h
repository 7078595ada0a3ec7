// What every call that moves bytes has in common.
#pragma once

#include <limits.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>

namespace pollux {

// A descriptor that came from elsewhere may be set to block behind our back: so every call says that it must
// not. macOS has SO_NOSIGPIPE for MSG_NOSIGNAL; Node.js ignores SIGPIPE anyway.
#if defined(MSG_NOSIGNAL)
inline constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
inline constexpr int kSendFlags = MSG_DONTWAIT;
#endif

// As many parts as one call takes; POSIX promises at least 16 (_XOPEN_IOV_MAX), Linux takes 1024.
#if defined(IOV_MAX)
inline constexpr size_t kMostParts = IOV_MAX;
#else
inline constexpr size_t kMostParts = 16;
#endif

// POSIX lets the two differ; callers look for one.
inline ssize_t one_name(ssize_t result) { return result == -EWOULDBLOCK ? -EAGAIN : result; }

}  // namespace pollux
