#include "datagram_batch.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <cstring>

namespace pollux {

DatagramInput::DatagramInput() {
  for (uint32_t i = 0; i < kDatagramBatch; ++i) {
    messages_[i] = {};
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

void DatagramInput::prepare(uint8_t* base, uint32_t count, uint32_t stride, uint32_t max_bytes, bool gro) {
  uint8_t* place = base;
  for (uint32_t i = 0; i < count; ++i, place += stride) {
    msghdr& header = messages_[i].msg_hdr;
    header.msg_name = place + sizeof(SlabHeader);
    header.msg_namelen = kDatagramAddressBytes;
    header.msg_control = gro ? controls_[i].bytes : nullptr;
    header.msg_controllen = gro ? sizeof(Control::bytes) : 0;
    vectors_[i] = {place + kDatagramHeadBytes, max_bytes};
  }
}

uint32_t DatagramInput::segment_bytes(uint32_t message) const {
#if POLLUX_HAVE_UDP_OFFLOAD && defined(UDP_GRO)
  const msghdr& header = messages_[message].msg_hdr;
  const cmsghdr* const control = CMSG_FIRSTHDR(&header);
  if (!control || control->cmsg_level != IPPROTO_UDP || control->cmsg_type != UDP_GRO) return 0;
  int size = 0;
  std::memcpy(&size, CMSG_DATA(control), sizeof size);
  return size > 0 && static_cast<uint32_t>(size) < messages_[message].msg_len ? static_cast<uint32_t>(size)
                                                                              : 0;
#else
  (void)message;
  return 0;
#endif
}

DatagramOutput::DatagramOutput() {
  for (MultiMessage& message : messages_) message = {};
}

bool DatagramOutput::append(const Outgoing& datagram, bool may_join) {
  if (may_join && joins(datagram)) return join(datagram);
  const uint32_t segment = datagram.segment_bytes;
  if (segment == 0 || segment >= datagram.bytes) {
    if (!append_one(datagram)) return false;
    // Nor may a shorter one join it: the size of both would be that of the first.
    if (!may_join) totals_[count_ - 1].open = false;
    return true;
  }
  if (count_ == kDatagramBatch || vector_count_ == kVectors) return false;
  put(datagram);
  totals_[count_] = {(datagram.bytes + segment - 1) / segment, datagram.bytes, segment, false};
  announce_segments(count_++);
  return true;
}

bool DatagramOutput::joins(const Outgoing& datagram) const {
  if (count_ == 0 || datagram.segment_bytes != 0 || datagram.bytes == 0) return false;
  const Totals& last = totals_[count_ - 1];
  if (!last.open || datagram.bytes > last.segment || last.datagrams == kMaxSegments) return false;
  if (last.bytes + datagram.bytes > kMaxSegmentedBytes) return false;
  const msghdr& header = messages_[count_ - 1].msg_hdr;
  return header.msg_namelen == datagram.address_bytes &&
         (datagram.address_bytes == 0 ||
          std::memcmp(header.msg_name, datagram.address, datagram.address_bytes) == 0);
}

bool DatagramOutput::join(const Outgoing& datagram) {
  msghdr& header = messages_[count_ - 1].msg_hdr;
  iovec& tail = vectors_[vector_count_ - 1];
  // Neighbours in memory, as the parts of one received message are, stay one vector.
  if (static_cast<uint8_t*>(tail.iov_base) + tail.iov_len == datagram.data) {
    tail.iov_len += datagram.bytes;
  } else {
    if (vector_count_ == kVectors) return false;
    vectors_[vector_count_++] = {const_cast<uint8_t*>(datagram.data), datagram.bytes};
    header.msg_iovlen += 1;
  }
  Totals& last = totals_[count_ - 1];
  last.datagrams += 1;
  last.bytes += datagram.bytes;
  last.open = datagram.bytes == last.segment;
  if (last.datagrams == 2) announce_segments(count_ - 1);
  return true;
}

void DatagramOutput::announce_segments(uint32_t message) {
#if POLLUX_HAVE_UDP_OFFLOAD && defined(UDP_SEGMENT)
  msghdr& header = messages_[message].msg_hdr;
  header.msg_control = controls_[message].bytes;
  header.msg_controllen = sizeof(Control::bytes);
  cmsghdr* const control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = IPPROTO_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  const auto size = static_cast<uint16_t>(totals_[message].segment);
  std::memcpy(CMSG_DATA(control), &size, sizeof size);
#else
  (void)message;
#endif
}

Outgoing DatagramOutput::head(uint32_t message) const {
  const msghdr& header = messages_[message].msg_hdr;
  return {static_cast<const uint8_t*>(header.msg_iov->iov_base), totals_[message].bytes,
          static_cast<const uint8_t*>(header.msg_name), header.msg_namelen, segment_bytes(message)};
}

std::span<const iovec> DatagramOutput::parts(uint32_t message) const {
  const msghdr& header = messages_[message].msg_hdr;
  return {header.msg_iov, static_cast<size_t>(header.msg_iovlen)};
}

}  // namespace pollux
