#include "transfer.h"

#include "../sys/syscalls.h"
#include "call_flags.h"

namespace pollux {

ssize_t receive(int fd, void* data, size_t length, int flags) {
  return one_name(retry([&] { return syscalls().recv(fd, data, length, flags | MSG_DONTWAIT); }));
}

ssize_t receive_vectors(int fd, std::span<iovec> vectors, int flags, SocketAddress* from) {
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(vectors.size());
  const auto result = retry([&] {
    message.msg_name = from ? &from->storage : nullptr;
    message.msg_namelen = from ? sizeof from->storage : 0;
    return syscalls().recvmsg(fd, &message, flags | MSG_DONTWAIT);
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
