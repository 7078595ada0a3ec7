#include "datagram_records.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "call_flags.h"
#include "control_messages.h"
#include "message.h"

namespace pollux {
namespace {

// Room for a timestamp and UDP_GRO, which Linux puts in that order. What else the socket's options ask for
// has no place in a batch.
constexpr size_t kControlBytes = 64;

DatagramHeader header_of(const DatagramRecords& records, size_t index) {
  DatagramHeader header;
  std::memcpy(&header, records.record(index), sizeof header);
  return header;
}

}  // namespace

// Of one datagram, for the length of a call.
struct DatagramCalls::Scratch {
  iovec part;
  alignas(cmsghdr) uint8_t control[kControlBytes];
};

DatagramCalls::DatagramCalls() = default;
DatagramCalls::~DatagramCalls() = default;

void DatagramCalls::make_room(size_t count) {
  if (scratch_.size() < count) scratch_.resize(count);
  if (headers_.size() < count) headers_.resize(count);
}

namespace {

// UDP_SEGMENT: the kernel, or the network card, cuts the payload into datagrams of that size.
int set_segments(uint32_t bytes, uint8_t* control, msghdr* message) {
#if defined(UDP_SEGMENT)
  const auto segment = static_cast<uint16_t>(bytes);
  cmsghdr header = {};
  header.cmsg_len = CMSG_LEN(sizeof segment);
  header.cmsg_level = IPPROTO_UDP;
  header.cmsg_type = UDP_SEGMENT;
  static_assert(CMSG_SPACE(sizeof segment) <= kControlBytes);
  std::memset(control, 0, CMSG_SPACE(sizeof segment));
  std::memcpy(control, &header, sizeof header);
  std::memcpy(control + CMSG_LEN(0), &segment, sizeof segment);
  message->msg_control = control;
  message->msg_controllen = CMSG_SPACE(sizeof segment);
  return 0;
#else
  static_cast<void>(bytes);
  static_cast<void>(control);
  static_cast<void>(message);
  return -ENOTSUP;
#endif
}

// The record as sendmsg(2) wants it: 0, or -errno where it can't be sent.
int prepare_to_send(const DatagramRecords& records, size_t index, iovec* part, uint8_t* control,
                    msghdr* message) {
  const DatagramHeader header = header_of(records, index);
  if (header.bytes > records.max_bytes || header.address_bytes > sizeof(sockaddr_storage) ||
      header.segment_bytes > UINT16_MAX) {
    return -EINVAL;
  }
  uint8_t* const record = records.record(index);
  *message = {};
  *part = {record + kPayloadOffset, header.bytes};
  message->msg_iov = part;
  message->msg_iovlen = 1;
  if (header.address_bytes > 0) {
    message->msg_name = record + kAddressOffset;
    message->msg_namelen = header.address_bytes;
  }
  const bool segmented = header.segment_bytes > 0 && header.bytes > header.segment_bytes;
  return segmented ? set_segments(header.segment_bytes, control, message) : 0;
}

void prepare_to_receive(const DatagramRecords& records, size_t index, iovec* part, uint8_t* control,
                        msghdr* message) {
  uint8_t* const record = records.record(index);
  *message = {};
  *part = {record + kPayloadOffset, records.max_bytes};
  message->msg_iov = part;
  message->msg_iovlen = 1;
  message->msg_name = record + kAddressOffset;
  message->msg_namelen = sizeof(sockaddr_storage);
  message->msg_control = control;
  message->msg_controllen = kControlBytes;
}

void note_received(const DatagramRecords& records, size_t index, const msghdr& message, size_t bytes) {
  DatagramHeader header = {};
  header.bytes = static_cast<uint32_t>(std::min(bytes, records.max_bytes));
  header.datagram_bytes = static_cast<uint32_t>(bytes);
  header.address_bytes = std::min<uint32_t>(message.msg_namelen, sizeof(sockaddr_storage));
  header.flags = static_cast<uint32_t>(message_flags(message.msg_flags));
  const size_t written = std::min<size_t>(message.msg_controllen, kControlBytes);
  if (written > 0) {
    std::vector<UniqueFd> unwanted;
    for (const ControlMessage& each :
         parse_control({static_cast<const uint8_t*>(message.msg_control), written})) {
      take_rights(each, &unwanted);
      const int64_t number = each.numbers[0];
      if (each.kind == ControlKind::kUdpGro && number > 0 && number <= UINT16_MAX) {
        header.segment_bytes = static_cast<uint32_t>(number);
      }
    }
    if (!unwanted.empty()) header.flags |= MSG_CTRUNC;
  }
  std::memcpy(records.record(index), &header, sizeof header);
}

}  // namespace

int DatagramCalls::send(int fd, const DatagramRecords& records, int flags) {
  const size_t count = std::min(records.count, kMaxBatch);
  make_room(count);
  size_t ready = 0;
  for (int result = 0; ready < count; ++ready) {
    Scratch& scratch = scratch_[ready];
    result = prepare_to_send(records, ready, &scratch.part, scratch.control, &headers_[ready].msg_hdr);
    if (result < 0 && ready == 0) return result;
    if (result < 0) break;
  }
  return retry([&] {
    return syscalls().sendmmsg(fd, headers_.data(), static_cast<unsigned>(ready), flags | kSendFlags);
  });
}

int DatagramCalls::receive(int fd, const DatagramRecords& records, int flags, int* deferred_error) {
  const size_t count = std::min(records.count, kMaxBatch);
  make_room(count);
  const int received = retry([&] {
    for (size_t i = 0; i < count; ++i) {
      prepare_to_receive(records, i, &scratch_[i].part, scratch_[i].control, &headers_[i].msg_hdr);
    }
    return syscalls().recvmmsg(fd, headers_.data(), static_cast<unsigned>(count), flags | kReceiveFlags);
  });
  for (int i = 0; i < received; ++i) note_received(records, i, headers_[i].msg_hdr, headers_[i].msg_len);
  *deferred_error = received < 0 ? 0
                                 : deferred_failure(headers_.data(), static_cast<unsigned>(received),
                                                    static_cast<unsigned>(count));
  return received;
}

}  // namespace pollux
