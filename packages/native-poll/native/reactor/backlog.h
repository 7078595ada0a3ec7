// Output that the kernel would not take yet: our own copy, because no pointer into a user's buffer outlives
// the call that passed it.
//
//     blocks:  [ sent | waiting ] → [ waiting ] → [ waiting | room ]
//                     ^ head_                               ^ append() goes on here
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

namespace pollux {

class Backlog {
 public:
  size_t size() const { return size_; }

  // False when memory is short; then nothing was appended.
  [[nodiscard]] bool append(const uint8_t* data, size_t length);

  // The bytes at the front as I/O vectors, at most `vectors.size()`; how many were filled.
  size_t gather(std::span<iovec> vectors) const;

  // Forgets `length` bytes at the front, which the kernel has taken.
  void consume(size_t length);

 private:
  // Large enough that a slow reader's output is few vectors, small enough that thousands of them are
  // affordable.
  static constexpr size_t kBlockBytes = 16 * 1024;

  struct Block {
    std::unique_ptr<uint8_t[]> data;
    size_t capacity;
    size_t used;
  };

  std::deque<Block> blocks_;
  size_t head_ = 0;  // bytes of the first block that were sent
  size_t size_ = 0;
};

}  // namespace pollux
