// The arguments of recvmmsg(2) and sendmmsg(2), kept from call to call.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <span>

#include "../sys/syscalls.h"
#include "datagram_header.h"
#include "datagram_state.h"

namespace pollux {

// Datagrams of one system call, either way.
inline constexpr uint32_t kDatagramBatch = 64;

// udp(7), UDP_SEGMENT: the most datagrams of one message, and the most bytes of them, which must fit into one
// datagram of IPv4.
inline constexpr uint32_t kMaxSegments = 64;
inline constexpr uint32_t kMaxSegmentedBytes = 65507;

// Receives into a row of places in the slab (datagram_header.h).
class DatagramInput {
 public:
  DatagramInput();

  // `count` places of `stride` bytes from `base` on, each with room for `max_bytes`.
  void prepare(uint8_t* base, uint32_t count, uint32_t stride, uint32_t max_bytes, bool gro);
  MultiMessage* messages() { return messages_.data(); }
  // Of a received message: how the kernel joined it; 0 if it is one datagram.
  uint32_t segment_bytes(uint32_t message) const;

 private:
  union Control {
    cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
  };
  std::array<MultiMessage, kDatagramBatch> messages_;
  std::array<iovec, kDatagramBatch> vectors_;
  std::array<Control, kDatagramBatch> controls_;
};

// Messages on their way out. A message is one datagram or, with UDP_SEGMENT, several to one destination.
class DatagramOutput {
 public:
  DatagramOutput();

  void clear() { count_ = vector_count_ = 0; }
  uint32_t count() const { return count_; }
  MultiMessage* messages() { return messages_.data(); }

  // Adds a datagram, or several in one. With `join` it becomes a segment of the last message where it can:
  // the same destination, the same size (or a shorter one, which is then the last). False when there is no
  // room.
  bool append(const Outgoing& datagram, bool join);

  // The same for one datagram that is never joined: what an echo without segments does.
  bool append_one(const Outgoing& datagram) {
    if (count_ == kDatagramBatch || vector_count_ == kVectors) return false;
    put(datagram);
    totals_[count_++] = {1, datagram.bytes, datagram.bytes, datagram.bytes > 0};
    return true;
  }

  // Of one message: how many datagrams, their bytes in all, and the size of all but the last (0: it is one).
  uint32_t datagrams(uint32_t message) const { return totals_[message].datagrams; }
  uint32_t bytes(uint32_t message) const { return totals_[message].bytes; }
  uint32_t segment_bytes(uint32_t message) const {
    return totals_[message].datagrams > 1 ? totals_[message].segment : 0;
  }
  // As one Outgoing, whose `data` is that of the first part alone.
  Outgoing head(uint32_t message) const;
  std::span<const iovec> parts(uint32_t message) const;

 private:
  // Joined datagrams have a vector each.
  static constexpr uint32_t kVectors = 1024;
  union Control {
    cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
  };
  struct Totals {
    uint32_t datagrams;
    uint32_t bytes;
    uint32_t segment;  // the size of the first
    bool open;         // another one may be joined
  };

  void put(const Outgoing& datagram) {
    iovec& vector = vectors_[vector_count_++];
    vector = {const_cast<uint8_t*>(datagram.data), datagram.bytes};
    msghdr& header = messages_[count_].msg_hdr;
    header.msg_name = datagram.address_bytes > 0 ? const_cast<uint8_t*>(datagram.address) : nullptr;
    header.msg_namelen = datagram.address_bytes;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = nullptr;
    header.msg_controllen = 0;
  }
  bool joins(const Outgoing& datagram) const;
  bool join(const Outgoing& datagram);
  void announce_segments(uint32_t message);

  uint32_t count_ = 0;
  uint32_t vector_count_ = 0;
  std::array<MultiMessage, kDatagramBatch> messages_;
  std::array<Totals, kDatagramBatch> totals_;
  std::array<iovec, kVectors> vectors_;
  std::array<Control, kDatagramBatch> controls_;
};

struct DatagramBuffers {
  DatagramInput input;
  DatagramOutput output;
};

}  // namespace pollux
