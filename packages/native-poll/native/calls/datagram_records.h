// Batches of datagrams in one block of memory, sent and received with sendmmsg(2) and recvmmsg(2).
//
//     record 0                                            record 1
//     ┌────────┬───────┬───────────────┬──────────┬───────┬──────────────────────────┬───────┬ ─ ─
//     │ header │ (pad) │ address       │ payload  │ (pad) │ header …
//     └────────┴───────┴───────────────┴──────────┴───────┴ ─ ─
//     0                32              160        160 + max_bytes, rounded up to 32: the stride
//
// The TypeScript half of this page is src/messages.ts.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../sys/syscalls.h"

namespace pollux {

struct DatagramHeader {
  uint32_t bytes;           // of the payload
  uint32_t flags;           // msg_flags of a received one
  uint32_t segment_bytes;   // UDP_SEGMENT to send with, UDP_GRO as received; 0: none
  uint32_t address_bytes;   // 0: to the connected peer, or none received
  uint32_t datagram_bytes;  // of the whole datagram, when it was received with MSG_TRUNC; else as `bytes`
};

inline constexpr size_t kAddressOffset = 32;
inline constexpr size_t kAddressBytes = 128;
inline constexpr size_t kPayloadOffset = kAddressOffset + kAddressBytes;
inline constexpr size_t kRecordAlignment = 32;
// One datagram with GSO or GRO: the 16 bits of a UDP length. Unix sockets take more, one at a time.
inline constexpr size_t kMaxPayloadBytes = 1 << 24;
// UIO_MAXIOV of Linux: what one call takes. One that asked for more would be told of its rest only by the
// next.
inline constexpr size_t kMaxBatch = 1024;
static_assert(sizeof(sockaddr_storage) <= kAddressBytes);
static_assert(sizeof(DatagramHeader) <= kAddressOffset);

constexpr size_t record_stride(size_t max_bytes) {
  return (kPayloadOffset + max_bytes + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

// A part of a batch: `count` records of `max_bytes` payload each. JavaScript can write all of it at any time.
struct DatagramRecords {
  uint8_t* data;
  size_t max_bytes;
  size_t count;

  uint8_t* record(size_t index) const { return data + index * record_stride(max_bytes); }
};

// The memory that a call needs beside the batch; kept from one to the next.
class DatagramCalls {
 public:
  DatagramCalls();
  ~DatagramCalls();
  DatagramCalls(const DatagramCalls&) = delete;
  DatagramCalls& operator=(const DatagramCalls&) = delete;

  // How many datagrams the kernel took, fewer than `count` when it refuses one; -errno when it refuses the
  // first. -EINVAL where a record's lengths can't be, -ENOTSUP for segments where there is no UDP_SEGMENT.
  int send(int fd, const DatagramRecords& records, int flags);

  // How many datagrams were received, at most `count`; -errno when there is none. An error after some of them
  // is the socket's next: `*deferred_error` is -errno where the kernel does not keep it (0 otherwise).
  // Descriptors that come with datagrams are closed, and the datagram has MSG_CTRUNC.
  int receive(int fd, const DatagramRecords& records, int flags, int* deferred_error);

 private:
  struct Scratch;
  void make_room(size_t count);

  std::vector<Scratch> scratch_;
  std::vector<MultiMessage> headers_;
};

}  // namespace pollux
