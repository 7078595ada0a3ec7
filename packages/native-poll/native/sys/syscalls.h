// Every system call that Pollux makes goes through this table, so that a test build can replace it
// (testing/faults.cc) and inject what kernels do rarely: short writes, EINTR, EMFILE, resets.
//
// The wrappers below the table retry EINTR and turn failure into a value: the result, or -errno.
#pragma once

#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cerrno>

#include "features.h"

struct epoll_event;
struct mmsghdr;

namespace pollux {

#if POLLUX_HAVE_MMSG
using MultiMessage = mmsghdr;
#else
// As recvmmsg(2) and sendmmsg(2) have it where they exist, and what ended the batch at this message.
struct MultiMessage {
  msghdr msg_hdr;
  unsigned int msg_len;
  int failure;
};
#endif

// Of a recvmmsg of `count` messages that moved `done`: what ended it, as -errno; 0 where nothing did, or
// where the kernel keeps it for the next call (Linux).
inline int deferred_failure(const MultiMessage* messages, unsigned int done, unsigned int count) {
#if POLLUX_HAVE_MMSG
  static_cast<void>(messages);
  static_cast<void>(done);
  static_cast<void>(count);
  return 0;
#else
  return done < count ? messages[done].failure : 0;
#endif
}

struct SyscallTable {
  int (*socket)(int family, int type, int protocol);
  int (*socketpair)(int family, int type, int protocol, int fds[2]);
  int (*bind)(int fd, const sockaddr* address, socklen_t length);
  int (*listen)(int fd, int backlog);
  // Both flavours of accept give a nonblocking, close-on-exec descriptor.
  int (*accept)(int fd, sockaddr* address, socklen_t* length);
  int (*connect)(int fd, const sockaddr* address, socklen_t length);
  ssize_t (*recv)(int fd, void* buffer, size_t length, int flags);
  ssize_t (*send)(int fd, const void* buffer, size_t length, int flags);
  ssize_t (*sendmsg)(int fd, const msghdr* message, int flags);
  ssize_t (*recvmsg)(int fd, msghdr* message, int flags);
  // Several datagrams, without recvmmsg(2)'s timeout, which never did what one would think (its BUGS): how
  // many were moved, or -1 where the first failed. A loop of recvmsg and sendmsg where the system has no such
  // call: then deferred_failure() tells what the kernel does not keep.
  int (*recvmmsg)(int fd, MultiMessage* messages, unsigned int count, int flags);
  int (*sendmmsg)(int fd, MultiMessage* messages, unsigned int count, int flags);
  int (*shutdown)(int fd, int how);
  int (*sockatmark)(int fd);
  int (*close)(int fd);
  int (*getsockopt)(int fd, int level, int name, void* value, socklen_t* length);
  int (*setsockopt)(int fd, int level, int name, const void* value, socklen_t length);
  int (*getsockname)(int fd, sockaddr* address, socklen_t* length);
  int (*getpeername)(int fd, sockaddr* address, socklen_t* length);
  int (*open)(const char* path, int flags);
  int (*unlink)(const char* path);
  ssize_t (*pread)(int fd, void* buffer, size_t length, off_t offset);
  // A second descriptor of the same open file, close-on-exec.
  int (*duplicate)(int fd);
  int (*lstat)(const char* path, struct stat* result);
  int (*poll)(pollfd* fds, nfds_t count, int timeout_ms);
  int (*select)(int count, fd_set* read, fd_set* write, fd_set* except, timeval* timeout);
#if POLLUX_HAVE_SPLICE
  // Both ends nonblocking and close-on-exec.
  int (*pipe)(int fds[2]);
  ssize_t (*read)(int fd, void* buffer, size_t length);
  // With SPLICE_F_NONBLOCK, and of no offsets: sockets and pipes have none.
  ssize_t (*splice)(int from, int to, size_t length);
  ssize_t (*sendfile)(int to, int from, off_t* offset, size_t length);
#endif
#if POLLUX_HAVE_EPOLL
  int (*epoll_create)(int flags);
  int (*epoll_ctl)(int epoll, int op, int fd, epoll_event* event);
  int (*epoll_wait)(int epoll, epoll_event* events, int count, int timeout_ms);
#endif
};

// The kernel's own calls.
extern const SyscallTable kKernel;

// The table in use. In a release build always kKernel; a testing build answers with its fault-injecting
// table.
#if defined(POLLUX_TESTING)
const SyscallTable& syscalls();
#else
inline const SyscallTable& syscalls() { return kKernel; }
#endif

// Calls `call` again while a signal interrupts it; the result, or -errno.
template <typename Call>
inline auto retry(Call call) -> decltype(call()) {
  for (;;) {
    const auto result = call();
    if (result >= 0) return result;
    if (errno != EINTR) return -errno;
  }
}

}  // namespace pollux
