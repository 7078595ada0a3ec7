// sendmsg(2) and recvmsg(2) on one descriptor: scatter/gather, addresses and ancillary data. Never blocks,
// never raises SIGPIPE.
#pragma once

#include <span>
#include <vector>

#include "../sys/address.h"
#include "../sys/unique_fd.h"
#include "control_messages.h"

namespace pollux {

struct OutgoingMessage {
  std::span<iovec> parts;
  // Null: to the peer that the socket is connected to.
  const SocketAddress* address = nullptr;
  std::span<const uint8_t> control;
};

// Bytes sent, or -errno. Of a stream's parts so many go as one call takes (IOV_MAX), hence fewer bytes than
// there are; a datagram with more is -EMSGSIZE.
ssize_t send_message(int fd, const OutgoingMessage& message, int flags);

struct IncomingMessage {
  SocketAddress address;  // length 0: none
  int flags = 0;          // MSG_TRUNC, MSG_CTRUNC, MSG_EOR, …
  std::vector<ControlMessage> control;
  // Every descriptor that arrived, close-on-exec: those of the first kRights of `control` first, and so on.
  std::vector<UniqueFd> fds;

 private:
  friend ssize_t receive_message(int, std::span<iovec>, size_t, int, IncomingMessage*);
  std::vector<uint8_t> buffer_;  // what `control` points into
};

// Bytes received, or -errno. With MSG_TRUNC in `flags` the length of the datagram, which can be more than the
// parts hold.
ssize_t receive_message(int fd, std::span<iovec> parts, size_t control_bytes, int flags,
                        IncomingMessage* message);

// What recvmsg(2) and recvmmsg(2) are told beside the caller's flags. They come back among the flags of the
// message, where `message_flags` takes them out.
#if POLLUX_HAVE_CMSG_CLOEXEC
inline constexpr int kReceiveFlags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
inline constexpr int message_flags(int flags) { return flags & ~MSG_CMSG_CLOEXEC; }
#else
inline constexpr int kReceiveFlags = MSG_DONTWAIT;
inline constexpr int message_flags(int flags) { return flags; }
#endif

// The most descriptors that can arrive in so much control data: SCM_MAX_FD of Linux, which other systems do
// not exceed.
size_t most_fds(size_t control_bytes);

// Takes the descriptors out of a kRights that has just been received: from here on they have an owner.
void take_rights(const ControlMessage& message, std::vector<UniqueFd>* fds);

}  // namespace pollux
