// Ancillary data of sendmsg(2) and recvmsg(2) (cmsg(3)): encoded and parsed, in plain C++ that touches no
// descriptor and makes no call. Lengths are never trusted, whoever wrote them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pollux {

// What is taken apart; everything else is kUnknown and stays bytes. The numbers are those of
// core/src/messages/control-messages.ts.
enum class ControlKind : int32_t {
  kUnknown = 0,
  kRights = 1,            // unix(7): descriptors
  kCredentials = 2,       // unix(7), Linux: pid, uid, gid
  kIpPktinfo = 3,         // ip(7): interface, address
  kIpv6Pktinfo = 4,       // RFC 3542: interface, address
  kIpTtl = 5,             // ip(7)
  kIpv6HopLimit = 6,      // RFC 3542
  kIpTos = 7,             // ip(7)
  kIpv6TrafficClass = 8,  // RFC 3542
  kTimestamp = 9,         // socket(7), SO_TIMESTAMP: seconds, nanoseconds (of whole microseconds)
  kTimestampNs = 10,      // socket(7), SO_TIMESTAMPNS: seconds, nanoseconds
  kUdpSegment = 11,       // udp(7): bytes of each datagram to send (GSO)
  kUdpGro = 12,           // udp(7): bytes of each datagram that was received
};
inline constexpr int32_t kLastControlKind = 12;

struct ControlMessage {
  ControlKind kind = ControlKind::kUnknown;
  // Of kUnknown.
  int level = 0;
  int name = 0;
  // In the order of the comments above.
  int64_t numbers[3] = {};
  // Of the two pktinfos: 4 or 16 bytes in network order. `local` is IPv4's ipi_spec_dst: where the packet
  // came in, and where it goes out from.
  uint8_t address[16] = {};
  uint8_t local[4] = {};
  // Of kUnknown, and of kRights: ints that need not be aligned. Points into what was parsed, or at what the
  // caller of encode_control has.
  std::span<const uint8_t> data;

  size_t fd_count() const { return data.size() / sizeof(int); }
  int fd(size_t index) const;
};

// More control data than any kernel takes in one message (net.core.optmem_max).
inline constexpr size_t kMaxControlBytes = 1 << 20;

// Appends to `control`, which is empty at first and then a valid msg_control. 0, or -EINVAL (a number that
// does not fit its field), -ENOTSUP (a kind that this system does not have), -ENOBUFS (more than
// kMaxControlBytes).
int encode_control(std::span<const ControlMessage> messages, std::vector<uint8_t>* control);

// What the kernel wrote: `control` is msg_control as far as msg_controllen says. Reading stops at the first
// length that can't be right. A message that was cut short (MSG_CTRUNC) is kUnknown, or kRights with those
// descriptors that are whole.
std::vector<ControlMessage> parse_control(std::span<const uint8_t> control);

// CMSG_SPACE(3): bytes that a message with so much data takes.
size_t control_space(size_t data_bytes);
// CMSG_LEN(3).
size_t control_length(size_t data_bytes);

}  // namespace pollux
