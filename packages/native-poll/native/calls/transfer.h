// One transfer each, which never blocks: what the kernel takes or gives at once. EINTR is retried;
// the result is a number of bytes or -errno, -EAGAIN where the call would block.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "../sys/address.h"

namespace pollux {

// recv(2).
ssize_t receive(int fd, void* data, size_t length, int flags);

// recvmsg(2) without control data. `from`, where it is not null, gets the sender; its length is 0 where the
// kernel names none (streams, and Unix sockets without a name).
ssize_t receive_vectors(int fd, std::span<iovec> vectors, int flags, SocketAddress* from);

// send(2). MSG_NOSIGNAL is always added.
ssize_t transmit(int fd, const void* data, size_t length, int flags);

// sendmsg(2) without control data, to `to` where it is not null. MSG_NOSIGNAL is always added.
ssize_t transmit_vectors(int fd, std::span<iovec> vectors, int flags, const SocketAddress* to);

}  // namespace pollux
