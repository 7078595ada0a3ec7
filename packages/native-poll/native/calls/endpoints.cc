#include "endpoints.h"

#include <cstring>

#include "../sys/descriptor.h"

namespace pollux {

namespace {

int option(int fd, int name, int* value) {
  socklen_t length = sizeof *value;
  return retry([&] { return syscalls().getsockopt(fd, SOL_SOCKET, name, value, &length); });
}

}  // namespace

int make_socket(int family, int type, int protocol) {
#if POLLUX_HAVE_SOCK_FLAGS
  return retry([&] { return syscalls().socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol); });
#else
  UniqueFd fd(retry([&] { return syscalls().socket(family, type, protocol); }));
  if (!fd) return fd.get();
  const int result = make_nonblocking(fd.get());
  return result < 0 ? result : fd.release();
#endif
}

int make_pair(int family, int type, int protocol, UniqueFd ends[2]) {
#if POLLUX_HAVE_SOCK_FLAGS
  type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
#endif
  int fds[2] = {-1, -1};
  const int result = retry([&] { return syscalls().socketpair(family, type, protocol, fds); });
  if (result < 0) return result;
  for (int i = 0; i < 2; ++i) ends[i].reset(fds[i]);
#if !POLLUX_HAVE_SOCK_FLAGS
  for (int i = 0; i < 2; ++i) {
    const int failure = make_nonblocking(fds[i]);
    if (failure < 0) return failure;
  }
#endif
  return 0;
}

int describe_socket(int fd, SocketKind* kind) {
  int result = option(fd, SO_TYPE, &kind->type);
  if (result < 0) return result;
  kind->protocol = 0;
#if defined(SO_PROTOCOL)
  result = option(fd, SO_PROTOCOL, &kind->protocol);
  if (result < 0) return result;
#endif
#if defined(SO_DOMAIN)
  return option(fd, SO_DOMAIN, &kind->family);
#else
  SocketAddress address;
  result = local_name(fd, &address);
  kind->family = address.family();
  return result;
#endif
}

int start_connect(int fd, const SocketAddress& address) {
  bool interrupted = false;
  for (;;) {
    if (syscalls().connect(fd, address.get(), address.length) == 0) return 0;
    if (errno == EINTR) {
      interrupted = true;
    } else if (interrupted && errno == EALREADY) {
      return -EINPROGRESS;
    } else if (interrupted && errno == EISCONN) {
      return 0;
    } else {
      return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    }
  }
}

int dissolve(int fd) {
  SocketAddress nobody{};
  nobody.storage.ss_family = AF_UNSPEC;
  const auto* const any = nobody.get();
  const int result = retry([&] { return syscalls().connect(fd, any, sizeof(sockaddr)); });
  // POSIX leaves open whether it says so; BSD does.
  return result == -EAFNOSUPPORT ? 0 : result;
}

int local_name(int fd, SocketAddress* address) {
  std::memset(&address->storage, 0, sizeof address->storage);
  address->length = sizeof address->storage;
  auto* const any = reinterpret_cast<sockaddr*>(&address->storage);
  return retry([&] { return syscalls().getsockname(fd, any, &address->length); });
}

int peer_name(int fd, SocketAddress* address) {
  std::memset(&address->storage, 0, sizeof address->storage);
  address->length = sizeof address->storage;
  auto* const any = reinterpret_cast<sockaddr*>(&address->storage);
  return retry([&] { return syscalls().getpeername(fd, any, &address->length); });
}

}  // namespace pollux
