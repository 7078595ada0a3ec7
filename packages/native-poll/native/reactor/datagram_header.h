// How a datagram lies in memory that both sides see. The TypeScript half of this page is src/datagrams.ts;
// test/datagram_layout.test.ts checks that the two agree.
//
//     receive slab:  [ header | address ........... | payload ...........(room) ]  × as many as fit
//                      16 B     112 B                 max_bytes, to a line
//                    │◀── kDatagramHeadBytes (128) ─▶│
//                    │◀──────────────── stride ────────────────────────────────▶│
//
//     send slab:     [ header | address, to 16 B | payload ]                        packed
//
// The address is the kernel's own sockaddr: it is decoded when somebody asks for it, and an answer takes it
// from where it was received.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pollux {

struct SlabHeader {
  int32_t bytes;          // of the payload
  int32_t address_bytes;  // of the sockaddr; 0: none
  int32_t segment_bytes;  // UDP_GRO, UDP_SEGMENT: the payload is several datagrams of this size; 0: it is one
  int32_t flags;          // kDatagramTruncated
};
static_assert(sizeof(SlabHeader) == 16);

inline constexpr int32_t kDatagramTruncated = 1;  // what did not fit into max_bytes was cut off

inline constexpr uint32_t kDatagramHeadBytes = 128;
// Holds every address that a datagram socket of ours can have; the longest is sockaddr_un, 110 bytes on
// Linux.
inline constexpr uint32_t kDatagramAddressBytes = kDatagramHeadBytes - sizeof(SlabHeader);

inline constexpr uint32_t kMaxDatagramBytes = 65535;

// From one datagram of a batch to the next. An odd number of cache lines: with a power of two all headers of
// a batch would fall into the same few sets of the cache.
constexpr uint32_t datagram_stride(uint32_t max_bytes) {
  const uint32_t lines = (kDatagramHeadBytes + max_bytes + 63) / 64;
  return (lines | 1) * 64;
}

// Where the payload begins in the send slab, after an address of that size.
constexpr uint32_t datagram_payload_at(uint32_t address_bytes) {
  return sizeof(SlabHeader) + ((address_bytes + 15) & ~15u);
}

}  // namespace pollux
