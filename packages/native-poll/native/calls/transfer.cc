#include "transfer.h"

#include "../sys/syscalls.h"

namespace pollux {

namespace {

// macOS has SO_NOSIGPIPE instead; Node.js ignores SIGPIPE anyway.
#if defined(MSG_NOSIGNAL)
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;
#endif

// POSIX lets the two differ; callers look for one.
ssize_t one_name(ssize_t result) { return result == -EWOULDBLOCK ? -EAGAIN : result; }

}  // namespace

ssize_t receive(int fd, void* data, size_t length, int flags) {
  return one_name(retry([&] { return syscalls().recv(fd, data, length, flags); }));
}

ssize_t receive_vectors(int fd, std::span<iovec> vectors, int flags, SocketAddress* from) {
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(vectors.size());
  const auto result = retry([&] {
    message.msg_name = from ? &from->storage : nullptr;
    message.msg_namelen = from ? sizeof from->storage : 0;
    return syscalls().recvmsg(fd, &message, flags);
  });
  if (from) from->length = result < 0 ? 0 : message.msg_namelen;
  return one_name(result);
}

ssize_t transmit(int fd, const void* data, size_t length, int flags) {
  return one_name(retry([&] { return syscalls().send(fd, data, length, flags | kSendFlags); }));
}

ssize_t transmit_vectors(int fd, std::span<iovec> vectors, int flags, const SocketAddress* to) {
  msghdr message{};
  if (to) {
    message.msg_name = const_cast<sockaddr_storage*>(&to->storage);
    message.msg_namelen = to->length;
  }
  message.msg_iov = vectors.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(vectors.size());
  return one_name(retry([&] { return syscalls().sendmsg(fd, &message, flags | kSendFlags); }));
}

}  // namespace pollux
