#include "backlog.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace pollux {

bool Backlog::append(const uint8_t* data, size_t length) {
  const size_t room = blocks_.empty() ? 0 : blocks_.back().capacity - blocks_.back().used;
  const size_t first = std::min(room, length);
  const size_t rest = length - first;
  // The only step that can fail comes first, so that failure changes nothing.
  std::unique_ptr<uint8_t[]> fresh;
  const size_t capacity = std::max(rest, kBlockBytes);
  if (rest > 0) {
    fresh.reset(new (std::nothrow) uint8_t[capacity]);
    if (!fresh) return false;
  }
  if (first > 0) {
    Block& tail = blocks_.back();
    std::memcpy(tail.data.get() + tail.used, data, first);
    tail.used += first;
  }
  if (rest > 0) {
    std::memcpy(fresh.get(), data + first, rest);
    blocks_.push_back({std::move(fresh), capacity, rest});
  }
  size_ += length;
  return true;
}

size_t Backlog::gather(std::span<iovec> vectors) const {
  size_t count = 0;
  size_t skip = head_;
  for (const Block& block : blocks_) {
    if (count == vectors.size()) break;
    vectors[count++] = {block.data.get() + skip, block.used - skip};
    skip = 0;
  }
  return count;
}

void Backlog::consume(size_t length) {
  size_ -= length;
  head_ += length;
  while (!blocks_.empty() && head_ >= blocks_.front().used) {
    head_ -= blocks_.front().used;
    blocks_.pop_front();
  }
}

}  // namespace pollux
