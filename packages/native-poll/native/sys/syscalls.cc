#include "syscalls.h"

#include <fcntl.h>
#include <unistd.h>

#if POLLUX_HAVE_EPOLL
#include <sys/epoll.h>
#endif
#if POLLUX_HAVE_SPLICE
#include <sys/sendfile.h>
#endif
#if POLLUX_HAVE_DIRECT_CALLS
#include <sys/syscall.h>
#endif

namespace pollux {
namespace {

#if POLLUX_HAVE_ACCEPT4

int accept_nonblocking(int fd, sockaddr* address, socklen_t* length) {
  return ::accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

#else

// What a fork in another thread inherits between accept and fcntl is POSIX's own gap.
int accept_nonblocking(int fd, sockaddr* address, socklen_t* length) {
  const int accepted = ::accept(fd, address, length);
  if (accepted < 0) return accepted;
  const int flags = ::fcntl(accepted, F_GETFL);
  if (flags >= 0 && ::fcntl(accepted, F_SETFL, flags | O_NONBLOCK) >= 0 &&
      ::fcntl(accepted, F_SETFD, FD_CLOEXEC) >= 0) {
    return accepted;
  }
  const int failure = errno;  // close() may overwrite it
  ::close(accepted);
  errno = failure;
  return -1;
}

#endif

#if POLLUX_HAVE_DIRECT_CALLS

ssize_t receive(int fd, void* buffer, size_t length, int flags) {
  return ::syscall(SYS_recvfrom, fd, buffer, length, flags, nullptr, nullptr);
}

ssize_t transmit(int fd, const void* buffer, size_t length, int flags) {
  return ::syscall(SYS_sendto, fd, buffer, length, flags, nullptr, 0);
}

#else

constexpr auto receive = ::recv;
constexpr auto transmit = ::send;

#endif

#if POLLUX_HAVE_MMSG

int receive_messages(int fd, MultiMessage* messages, unsigned int count, int flags) {
  return ::recvmmsg(fd, messages, count, flags, nullptr);
}

int send_messages(int fd, MultiMessage* messages, unsigned int count, int flags) {
  return ::sendmmsg(fd, messages, count, flags);
}

#else

template <typename Call>
int one_by_one(MultiMessage* messages, unsigned int count, Call call) {
  for (unsigned int i = 0; i < count; ++i) {
    messages[i].failure = 0;
    const ssize_t result = call(&messages[i].msg_hdr);
    if (result < 0 && i == 0) return -1;
    if (result < 0) {
      // A socket's error is told once: it would be lost. That it would block, or was interrupted, is no
      // error.
      const bool again = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
      messages[i].failure = again ? 0 : -errno;
      return static_cast<int>(i);
    }
    messages[i].msg_len = static_cast<unsigned int>(result);
  }
  return static_cast<int>(count);
}

int receive_messages(int fd, MultiMessage* messages, unsigned int count, int flags) {
  return one_by_one(messages, count, [&](msghdr* message) { return ::recvmsg(fd, message, flags); });
}

int send_messages(int fd, MultiMessage* messages, unsigned int count, int flags) {
  return one_by_one(messages, count, [&](const msghdr* message) { return ::sendmsg(fd, message, flags); });
}

#endif

// open(2) is variadic: this gives it the one signature of the table.
int open_existing(const char* path, int flags) { return ::open(path, flags); }

int duplicate_descriptor(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); }

#if POLLUX_HAVE_SPLICE

int make_pipe(int fds[2]) { return ::pipe2(fds, O_NONBLOCK | O_CLOEXEC); }

// It has no MSG_NOSIGNAL, and neither has sendfile(2): a socket whose peer is gone would raise SIGPIPE, which
// Node.js ignores from its start on.
ssize_t move_between(int from, int to, size_t length) {
  return ::splice(from, nullptr, to, nullptr, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

#endif

}  // namespace

// constinit: usable by every other static initializer and by threads that outlive main().
constinit const SyscallTable kKernel = {
    .socket = ::socket,
    .socketpair = ::socketpair,
    .bind = ::bind,
    .listen = ::listen,
    .accept = accept_nonblocking,
    .connect = ::connect,
    .recv = receive,
    .send = transmit,
    .sendmsg = ::sendmsg,
    .recvmsg = ::recvmsg,
    .recvmmsg = receive_messages,
    .sendmmsg = send_messages,
    .shutdown = ::shutdown,
    .sockatmark = ::sockatmark,
    .close = ::close,
    .getsockopt = ::getsockopt,
    .setsockopt = ::setsockopt,
    .getsockname = ::getsockname,
    .getpeername = ::getpeername,
    .open = open_existing,
    .unlink = ::unlink,
    .pread = ::pread,
    .duplicate = duplicate_descriptor,
    .lstat = ::lstat,
    .poll = ::poll,
    .select = ::select,
#if POLLUX_HAVE_SPLICE
    .pipe = make_pipe,
    .read = ::read,
    .splice = move_between,
    .sendfile = ::sendfile,
#endif
#if POLLUX_HAVE_EPOLL
    .epoll_create = ::epoll_create1,
    .epoll_ctl = ::epoll_ctl,
    .epoll_wait = ::epoll_wait,
#endif
};

}  // namespace pollux
