// What a datagram socket has beyond a slot: its settings, what waits to be sent, and what went wrong.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "../sys/address.h"
#include "rings.h"

namespace pollux {

struct DatagramOptions {
  uint32_t max_bytes;       // of one datagram received; what is longer is cut
  size_t max_queued_bytes;  // beyond it datagrams that the kernel does not take are dropped
  bool gro;                 // take several datagrams in one, where the system can
  bool gso;                 // give several datagrams in one, where it can
};

// A datagram on its way out, where it lies.
struct Outgoing {
  const uint8_t* data;
  uint32_t bytes;
  const uint8_t* address;  // a sockaddr, at any alignment; nothing where the length is 0
  uint32_t address_bytes;
  uint32_t segment_bytes;  // 0: one datagram; else so many bytes for each

  uint32_t datagrams() const { return segment_bytes == 0 ? 1 : (bytes + segment_bytes - 1) / segment_bytes; }
};

// Something that a datagram socket could not do. It goes on afterwards.
struct DatagramFailure {
  int error;  // 0: dropped, because the queue was full
  Syscall call;
  uint32_t datagrams;     // that were dropped; 0: none (the error was about earlier ones)
  uint32_t bytes;         // of the first of them
  SocketAddress address;  // where the first should have gone; length 0: unknown
};

// Datagrams that the kernel would not take yet: our own copies, in order.
class DatagramQueue {
 public:
  // A datagram takes its bytes and so many, so that empty ones are bounded too.
  static constexpr size_t kOverhead = 64;
  static size_t cost(const Outgoing& datagram) { return datagram.bytes + datagram.address_bytes + kOverhead; }

  // How many bytes of whole segments cost no more than `room`; 0 of a datagram by itself.
  static uint32_t segments_within(const Outgoing& head, size_t room) {
    const size_t overhead = head.address_bytes + kOverhead;
    if (head.segment_bytes == 0 || room <= overhead) return 0;
    const size_t bytes = std::min<size_t>(room - overhead, head.bytes);
    return static_cast<uint32_t>(bytes - bytes % head.segment_bytes);
  }

  bool empty() const { return entries_.empty(); }
  // What all of them take.
  size_t size() const { return size_; }

  // Copies `head.bytes` of the parts of one datagram (or of several, of `head.segment_bytes` each) to the
  // end. False when memory is short; then nothing has changed.
  template <typename Parts>
  [[nodiscard]] bool append(const Outgoing& head, const Parts& parts);

  size_t count() const { return entries_.size(); }
  // The same, where one entry may be several.
  size_t datagrams() const;
  Outgoing at(size_t position) const { return entries_[position].view(); }
  void pop(size_t count);

  // Turns the first entry, several datagrams in one, into as many entries. How many of them are lost, because
  // memory is short.
  uint32_t split_front();

  // Appends all entries of another queue, which is empty then.
  void take_all(DatagramQueue& other);

 private:
  struct Entry {
    std::unique_ptr<uint8_t[]> memory;  // the address, then the payload
    uint32_t bytes;
    uint32_t address_bytes;
    uint32_t segment_bytes;
    Outgoing view() const {
      return {memory.get() + address_bytes, bytes, memory.get(), address_bytes, segment_bytes};
    }
  };
  static bool make(const Outgoing& head, Entry* entry);

  std::deque<Entry> entries_;
  size_t size_ = 0;
};

struct DatagramState {
  DatagramOptions options;
  uint32_t stride = 0;
  bool connected = false;
  // Sizes from here on were refused by the kernel or the device as segments; 1: all.
  uint32_t segment_limit = UINT32_MAX;
  DatagramQueue queue;
  // Reported in order, one for each DATAGRAM_ERROR.
  std::deque<DatagramFailure> failures;
  // The kernel said that there is room, and then took nothing: it is asked again after this long.
  uint32_t retry_ms = 0;
  uint64_t resume_at_ms = 0;  // 0: not backing off

  double received = 0;
  double sent = 0;
  double truncated = 0;
  double dropped = 0;
  double errors = 0;
};

template <typename Parts>
bool DatagramQueue::append(const Outgoing& head, const Parts& parts) {
  Entry entry;
  if (!make(head, &entry)) return false;
  uint8_t* to = entry.memory.get() + head.address_bytes;
  size_t left = head.bytes;
  for (const auto& part : parts) {
    const size_t bytes = std::min<size_t>(part.iov_len, left);
    to = std::copy_n(static_cast<const uint8_t*>(part.iov_base), bytes, to);
    left -= bytes;
  }
  size_ += cost(head);
  entries_.push_back(std::move(entry));
  return true;
}

}  // namespace pollux
