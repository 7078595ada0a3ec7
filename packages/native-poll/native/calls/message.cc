#include "message.h"

#include <fcntl.h>

#include <algorithm>

#include "call_flags.h"

namespace pollux {
namespace {

bool is_stream(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  return syscalls().getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

// A stream goes on with the next call; a message must not be cut, and the kernel says so.
std::span<iovec> fitting(int fd, std::span<iovec> parts) {
  return parts.size() > kMostParts && is_stream(fd) ? parts.first(kMostParts) : parts;
}

void set_parts(msghdr* header, std::span<iovec> parts) {
  header->msg_iov = parts.data();
  header->msg_iovlen = static_cast<decltype(header->msg_iovlen)>(parts.size());
}

}  // namespace

ssize_t send_message(int fd, const OutgoingMessage& message, int flags) {
  msghdr header = {};
  set_parts(&header, fitting(fd, message.parts));
  if (message.address != nullptr) {
    header.msg_name = const_cast<sockaddr_storage*>(&message.address->storage);
    header.msg_namelen = message.address->length;
  }
  if (!message.control.empty()) {
    header.msg_control = const_cast<uint8_t*>(message.control.data());
    header.msg_controllen = static_cast<decltype(header.msg_controllen)>(message.control.size());
  }
  return one_name(retry([&] { return syscalls().sendmsg(fd, &header, flags | kSendFlags); }));
}

ssize_t receive_message(int fd, std::span<iovec> parts, size_t control_bytes, int flags,
                        IncomingMessage* message) {
  message->buffer_.resize(control_bytes);
  parts = fitting(fd, parts);
  msghdr header = {};
  const ssize_t result = retry([&] {
    header = {};
    set_parts(&header, parts);
    header.msg_name = &message->address.storage;
    header.msg_namelen = sizeof message->address.storage;
    if (control_bytes > 0) {
      header.msg_control = message->buffer_.data();
      header.msg_controllen = static_cast<decltype(header.msg_controllen)>(control_bytes);
    }
    return syscalls().recvmsg(fd, &header, flags | kReceiveFlags);
  });
  if (result < 0) return one_name(result);
  message->address.length = std::min<socklen_t>(header.msg_namelen, sizeof message->address.storage);
  message->flags = message_flags(header.msg_flags);
  const size_t written = std::min<size_t>(header.msg_controllen, control_bytes);
  message->control = parse_control({message->buffer_.data(), written});
  for (const ControlMessage& each : message->control) take_rights(each, &message->fds);
  return result;
}

size_t most_fds(size_t control_bytes) {
  constexpr size_t kLinuxMaxFds = 253;
  if (control_bytes < control_length(0)) return 0;
  return std::min((control_bytes - control_length(0)) / sizeof(int), kLinuxMaxFds);
}

void take_rights(const ControlMessage& message, std::vector<UniqueFd>* fds) {
  if (message.kind != ControlKind::kRights) return;
  for (size_t i = 0; i < message.fd_count(); ++i) {
    fds->emplace_back(message.fd(i));
#if !POLLUX_HAVE_CMSG_CLOEXEC
    // What a fork in another thread inherits in between is POSIX's own gap.
    ::fcntl(message.fd(i), F_SETFD, FD_CLOEXEC);
#endif
  }
}

}  // namespace pollux
