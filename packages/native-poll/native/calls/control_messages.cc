#include "control_messages.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <type_traits>

namespace pollux {
namespace {

using Payload = std::span<const uint8_t>;

// Everything in control data is copied out of it: nothing there need be aligned.
template <typename Value>
bool read(Payload payload, Value* value) {
  if (payload.size() < sizeof *value) return false;
  std::memcpy(value, payload.data(), sizeof *value);
  return true;
}

// Kernels disagree on how wide these are (Linux gives IP_TOS in one byte and IP_TTL in four).
bool read_integer(Payload payload, int64_t* number) {
  if (int whole = 0; read(payload, &whole)) return *number = whole, true;
  if (uint16_t half = 0; read(payload, &half)) return *number = half, true;
  if (payload.empty()) return false;
  *number = payload[0];
  return true;
}

bool read_rights(Payload payload, ControlMessage* message) {
  message->data = payload.first(payload.size() / sizeof(int) * sizeof(int));
  return true;
}

[[maybe_unused]] bool read_timeval(Payload payload, int64_t* numbers) {
  timeval time = {};
  if (!read(payload, &time)) return false;
  numbers[0] = time.tv_sec;
  // Not multiplied where it is no fraction of a second: nothing here is trusted.
  numbers[1] = time.tv_usec >= 0 && time.tv_usec < 1'000'000 ? int64_t{time.tv_usec} * 1000 : 0;
  return true;
}

[[maybe_unused]] bool read_timespec(Payload payload, int64_t* numbers) {
  timespec time = {};
  if (!read(payload, &time)) return false;
  numbers[0] = time.tv_sec;
  numbers[1] = time.tv_nsec;
  return true;
}

#if defined(SCM_CREDENTIALS)
bool read_credentials(Payload payload, int64_t* numbers) {
  ucred credentials = {};
  if (!read(payload, &credentials)) return false;
  numbers[0] = credentials.pid;
  numbers[1] = credentials.uid;
  numbers[2] = credentials.gid;
  return true;
}
#endif

#if defined(IP_PKTINFO)
bool read_pktinfo(Payload payload, ControlMessage* message) {
  in_pktinfo info = {};
  if (!read(payload, &info)) return false;
  message->numbers[0] = info.ipi_ifindex;
  std::memcpy(message->address, &info.ipi_addr, sizeof info.ipi_addr);
  std::memcpy(message->local, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
  return true;
}
#endif

#if defined(IPV6_PKTINFO)
bool read_pktinfo6(Payload payload, ControlMessage* message) {
  in6_pktinfo info = {};
  if (!read(payload, &info)) return false;
  message->numbers[0] = info.ipi6_ifindex;
  std::memcpy(message->address, &info.ipi6_addr, sizeof info.ipi6_addr);
  return true;
}
#endif

ControlKind kind_of(int level, int name) {
  if (level == SOL_SOCKET) {
    if (name == SCM_RIGHTS) return ControlKind::kRights;
#if defined(SCM_CREDENTIALS)
    if (name == SCM_CREDENTIALS) return ControlKind::kCredentials;
#endif
#if defined(SCM_TIMESTAMP)
    if (name == SCM_TIMESTAMP) return ControlKind::kTimestamp;
#endif
#if defined(SCM_TIMESTAMPNS)
    if (name == SCM_TIMESTAMPNS) return ControlKind::kTimestampNs;
#endif
  } else if (level == IPPROTO_IP) {
#if defined(IP_PKTINFO)
    if (name == IP_PKTINFO) return ControlKind::kIpPktinfo;
#endif
    if (name == IP_TTL) return ControlKind::kIpTtl;
    if (name == IP_TOS) return ControlKind::kIpTos;
  } else if (level == IPPROTO_IPV6) {
#if defined(IPV6_PKTINFO)
    if (name == IPV6_PKTINFO) return ControlKind::kIpv6Pktinfo;
#endif
#if defined(IPV6_HOPLIMIT)
    if (name == IPV6_HOPLIMIT) return ControlKind::kIpv6HopLimit;
#endif
#if defined(IPV6_TCLASS)
    if (name == IPV6_TCLASS) return ControlKind::kIpv6TrafficClass;
#endif
  } else if (level == IPPROTO_UDP) {
#if defined(UDP_SEGMENT)
    if (name == UDP_SEGMENT) return ControlKind::kUdpSegment;
#endif
#if defined(UDP_GRO)
    if (name == UDP_GRO) return ControlKind::kUdpGro;
#endif
  }
  return ControlKind::kUnknown;
}

// Fills in what the kind has; false where the payload is too short for it.
bool take_apart(Payload payload, ControlMessage* message) {
  switch (message->kind) {
    case ControlKind::kRights:
      return read_rights(payload, message);
#if defined(SCM_CREDENTIALS)
    case ControlKind::kCredentials:
      return read_credentials(payload, message->numbers);
#endif
#if defined(IP_PKTINFO)
    case ControlKind::kIpPktinfo:
      return read_pktinfo(payload, message);
#endif
#if defined(IPV6_PKTINFO)
    case ControlKind::kIpv6Pktinfo:
      return read_pktinfo6(payload, message);
#endif
    case ControlKind::kTimestamp:
      return read_timeval(payload, message->numbers);
    case ControlKind::kTimestampNs:
      return read_timespec(payload, message->numbers);
    case ControlKind::kIpTtl:
    case ControlKind::kIpv6HopLimit:
    case ControlKind::kIpTos:
    case ControlKind::kIpv6TrafficClass:
    case ControlKind::kUdpSegment:
    case ControlKind::kUdpGro:
      return read_integer(payload, message->numbers);
    default:
      return false;
  }
}

int append(int level, int name, const void* data, size_t size, std::vector<uint8_t>* control) {
  const size_t at = control->size();
  if (size > kMaxControlBytes || at + CMSG_SPACE(size) > kMaxControlBytes) return -ENOBUFS;
  control->resize(at + CMSG_SPACE(size));
  cmsghdr header = {};
  header.cmsg_len = static_cast<decltype(header.cmsg_len)>(CMSG_LEN(size));
  header.cmsg_level = level;
  header.cmsg_type = name;
  std::memcpy(control->data() + at, &header, sizeof header);
  if (size > 0) std::memcpy(control->data() + at + CMSG_LEN(0), data, size);
  return 0;
}

template <typename Field>
int append_number(int level, int name, int64_t number, std::vector<uint8_t>* control) {
  using Limits = std::numeric_limits<Field>;
  if (number < int64_t{Limits::min()} || number > int64_t{Limits::max()}) return -EINVAL;
  const auto field = static_cast<Field>(number);
  return append(level, name, &field, sizeof field, control);
}

template <typename Field>
bool fits(int64_t number, Field* field) {
  *field = static_cast<Field>(number);
  return static_cast<int64_t>(*field) == number;
}

#if defined(SCM_CREDENTIALS)
int append_credentials(const int64_t* numbers, std::vector<uint8_t>* control) {
  ucred credentials = {};
  if (!fits(numbers[0], &credentials.pid) || !fits(numbers[1], &credentials.uid) ||
      !fits(numbers[2], &credentials.gid)) {
    return -EINVAL;
  }
  return append(SOL_SOCKET, SCM_CREDENTIALS, &credentials, sizeof credentials, control);
}
#endif

#if defined(IP_PKTINFO)
int append_pktinfo(const ControlMessage& message, std::vector<uint8_t>* control) {
  in_pktinfo info = {};
  if (!fits(message.numbers[0], &info.ipi_ifindex)) return -EINVAL;
  std::memcpy(&info.ipi_addr, message.address, sizeof info.ipi_addr);
  std::memcpy(&info.ipi_spec_dst, message.local, sizeof info.ipi_spec_dst);
  return append(IPPROTO_IP, IP_PKTINFO, &info, sizeof info, control);
}
#endif

#if defined(IPV6_PKTINFO)
int append_pktinfo6(const ControlMessage& message, std::vector<uint8_t>* control) {
  in6_pktinfo info = {};
  if (!fits(message.numbers[0], &info.ipi6_ifindex)) return -EINVAL;
  std::memcpy(&info.ipi6_addr, message.address, sizeof info.ipi6_addr);
  return append(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info, control);
}
#endif

int append_message(const ControlMessage& message, std::vector<uint8_t>* control) {
  const int64_t number = message.numbers[0];
  switch (message.kind) {
    case ControlKind::kUnknown:
      return append(message.level, message.name, message.data.data(), message.data.size(), control);
    case ControlKind::kRights:
      return append(SOL_SOCKET, SCM_RIGHTS, message.data.data(), message.fd_count() * sizeof(int), control);
#if defined(SCM_CREDENTIALS)
    case ControlKind::kCredentials:
      return append_credentials(message.numbers, control);
#endif
#if defined(IP_PKTINFO)
    case ControlKind::kIpPktinfo:
      return append_pktinfo(message, control);
#endif
#if defined(IPV6_PKTINFO)
    case ControlKind::kIpv6Pktinfo:
      return append_pktinfo6(message, control);
#endif
    case ControlKind::kIpTtl:
      return append_number<int>(IPPROTO_IP, IP_TTL, number, control);
    case ControlKind::kIpTos:
      return append_number<int>(IPPROTO_IP, IP_TOS, number, control);
#if defined(IPV6_HOPLIMIT)
    case ControlKind::kIpv6HopLimit:
      return append_number<int>(IPPROTO_IPV6, IPV6_HOPLIMIT, number, control);
#endif
#if defined(IPV6_TCLASS)
    case ControlKind::kIpv6TrafficClass:
      return append_number<int>(IPPROTO_IPV6, IPV6_TCLASS, number, control);
#endif
#if defined(UDP_SEGMENT)
    case ControlKind::kUdpSegment:
      return append_number<uint16_t>(IPPROTO_UDP, UDP_SEGMENT, number, control);
#endif
    default:
      // The rest is only ever received.
      return -ENOTSUP;
  }
}

}  // namespace

int ControlMessage::fd(size_t index) const {
  int fd = -1;
  std::memcpy(&fd, data.data() + index * sizeof fd, sizeof fd);
  return fd;
}

int encode_control(std::span<const ControlMessage> messages, std::vector<uint8_t>* control) {
  for (const ControlMessage& message : messages) {
    const int result = append_message(message, control);
    if (result < 0) return result;
  }
  return 0;
}

std::vector<ControlMessage> parse_control(std::span<const uint8_t> control) {
  std::vector<ControlMessage> messages;
  cmsghdr header = {};
  while (read(control, &header)) {
    const size_t length = header.cmsg_len;
    if (length < CMSG_LEN(0) || length > control.size()) break;
    const Payload payload = control.subspan(CMSG_LEN(0), length - CMSG_LEN(0));
    ControlMessage message;
    message.kind = kind_of(header.cmsg_level, header.cmsg_type);
    if (!take_apart(payload, &message)) {
      message = {};
      message.data = payload;
    }
    message.level = header.cmsg_level;
    message.name = header.cmsg_type;
    messages.push_back(message);
    const size_t space = CMSG_SPACE(payload.size());
    if (space >= control.size()) break;
    control = control.subspan(space);
  }
  return messages;
}

size_t control_space(size_t data_bytes) { return CMSG_SPACE(data_bytes); }
size_t control_length(size_t data_bytes) { return CMSG_LEN(data_bytes); }

}  // namespace pollux
