// The calls that give a socket its place: what it is, its addresses, its connection. Plain calls on a
// nonblocking descriptor; EINTR is dealt with, the result is 0 or more, or -errno.
#pragma once

#include "../sys/address.h"
#include "../sys/unique_fd.h"

namespace pollux {

// A nonblocking, close-on-exec socket; its descriptor.
int make_socket(int family, int type, int protocol);

// socketpair(2), both ends nonblocking and close-on-exec.
int make_pair(int family, int type, int protocol, UniqueFd ends[2]);

struct SocketKind {
  int family;
  int type;
  int protocol;  // 0 where the system does not tell
};

// ENOTSOCK and EBADF come from here.
int describe_socket(int fd, SocketKind* kind);

// connect(2). -EINPROGRESS also where a signal interrupted it: POSIX lets it go on then.
int start_connect(int fd, const SocketAddress& address);

// connect(2) with AF_UNSPEC: a datagram socket has no peer any more.
int dissolve(int fd);

int local_name(int fd, SocketAddress* address);
int peer_name(int fd, SocketAddress* address);

}  // namespace pollux
