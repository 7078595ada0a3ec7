#include "datagram_state.h"

#include <sys/uio.h>

#include <new>
#include <span>

namespace pollux {

bool DatagramQueue::make(const Outgoing& head, Entry* entry) {
  entry->memory.reset(new (std::nothrow) uint8_t[head.address_bytes + head.bytes]);
  if (!entry->memory) return false;
  std::copy_n(head.address, head.address_bytes, entry->memory.get());
  entry->bytes = head.bytes;
  entry->address_bytes = head.address_bytes;
  entry->segment_bytes = head.segment_bytes;
  return true;
}

size_t DatagramQueue::datagrams() const {
  size_t total = 0;
  for (const Entry& entry : entries_) total += entry.view().datagrams();
  return total;
}

void DatagramQueue::pop(size_t count) {
  for (; count > 0; --count) {
    size_ -= cost(entries_.front().view());
    entries_.pop_front();
  }
}

uint32_t DatagramQueue::split_front() {
  const Entry whole = std::move(entries_.front());
  const Outgoing from = whole.view();
  entries_.pop_front();
  size_ -= cost(from);
  uint32_t lost = 0;
  size_t position = 0;
  for (uint32_t at = 0; at < from.bytes; at += from.segment_bytes) {
    const uint32_t bytes = std::min(from.segment_bytes, from.bytes - at);
    const Outgoing piece{from.data + at, bytes, from.address, from.address_bytes, 0};
    Entry entry;
    if (!make(piece, &entry)) {
      ++lost;
      continue;
    }
    std::copy_n(piece.data, bytes, entry.memory.get() + from.address_bytes);
    size_ += cost(piece);
    entries_.insert(entries_.begin() + static_cast<ptrdiff_t>(position++), std::move(entry));
  }
  return lost;
}

void DatagramQueue::take_all(DatagramQueue& other) {
  for (Entry& entry : other.entries_) entries_.push_back(std::move(entry));
  size_ += other.size_;
  other.entries_.clear();
  other.size_ = 0;
}

}  // namespace pollux
