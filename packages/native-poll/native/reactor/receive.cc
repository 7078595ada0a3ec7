// Input: one receive for each ready socket and round, into the slab.
//
//     slab:  [ kept by users ......... | borrowed | borrowed | room for one more receive ........ ]
//            0                 slab_base_                    slab_cursor_
//
// A borrowed chunk is the handler's until the dispatch ends; then the cursor goes back to slab_base_, so that
// the same memory, warm in the cache, serves every round. An owned chunk that is large moves slab_base_ up
// and is never written again; a small one is copied to the pool, so that keeping 64 bytes never pins a slab.
#include <cstring>

#include "reactor.h"

namespace pollux {

namespace {

// Receives start on cache lines: offsets recur from round to round, and so can JavaScript's views of them.
constexpr uint32_t kAlignment = 64;
// Pooled chunks start where any typed array may.
constexpr uint32_t kPoolAlignment = 8;

// A cursor may stand beyond the end: by its alignment, or because the memory is gone.
bool fits(const Bytes& memory, size_t cursor, size_t length) { return cursor + length <= memory.size; }

constexpr uint32_t align(uint32_t value, uint32_t to) { return (value + to - 1) & ~(to - 1); }

}  // namespace

void Reactor::receive(uint32_t index, Slot& slot) {
  if (!make_room(index, slot)) return;
  uint8_t* const target = memory_.receive.data + slab_cursor_;
  const ssize_t got =
      retry([&] { return syscalls().recv(slot.fd.get(), target, limits_.max_read_bytes, MSG_DONTWAIT); });
  memory_.counters->receives += 1;
  if (got > 0) return place(index, slot, static_cast<uint32_t>(got));
  if (got == 0) return end_of_stream(index, slot);
  if (got == -EAGAIN || got == -EWOULDBLOCK) return;
  fail(index, slot, static_cast<int>(-got), Syscall::kRecv);
}

bool Reactor::has_room(bool borrow) const {
  if (ring_full()) return false;
  if (!fits(memory_.receive, slab_cursor_, limits_.max_read_bytes)) return false;
  return borrow || fits(memory_.pool, pool_cursor_, limits_.copy_max_bytes);
}

// Makes sure that whatever arrives has a place, by dispatching early if need be. False when the socket should
// not be read now: a handler closed or paused it meanwhile, or JavaScript lent no memory.
bool Reactor::make_room(uint32_t index, Slot& slot) {
  if (has_room(slot.borrow)) return true;
  const uint32_t generation = slot.generation;
  if (!fits(memory_.receive, slab_base_, limits_.max_read_bytes)) memory_.control->need_slab = 1;
  if (!fits(memory_.pool, pool_cursor_, limits_.copy_max_bytes)) memory_.control->need_pool = 1;
  dispatch();
  if (closed_ || !slots_.find(index, generation) || slot.state != SlotState::kStream || !slot.registered)
    return false;
  return !slot.paused && !slot.read_ended && !slot.is_piped() && has_room(slot.borrow);
}

void Reactor::place(uint32_t index, Slot& slot, uint32_t length) {
  count_received(index, length);
  Event event = Event::kDataBorrowed;
  uint32_t offset = slab_cursor_;
  if (slot.borrow) {
    slab_cursor_ = offset + align(length, kAlignment);
  } else if (length <= limits_.copy_max_bytes) {
    event = Event::kDataPooled;
    std::memcpy(memory_.pool.data + pool_cursor_, memory_.receive.data + offset, length);
    offset = pool_cursor_;
    pool_cursor_ += align(length, kPoolAlignment);
  } else {
    event = Event::kDataKept;
    slab_cursor_ = slab_base_ = offset + align(length, kAlignment);
  }
  append(event, index, slot, static_cast<int32_t>(offset), static_cast<int32_t>(length));
}

void Reactor::count_received(uint32_t index, size_t bytes) {
  TableRow& row = memory_.table[index];
  row.bytes_read += static_cast<double>(bytes);
  row.last_activity_ms = static_cast<double>(turn_ms_);
  memory_.counters->bytes_read += static_cast<double>(bytes);
}

void Reactor::end_of_stream(uint32_t index, Slot& slot) {
  slot.read_ended = true;
  if (slot.is_piped()) end_pipe(index, slot, 0);
  append(Event::kEnd, index, slot);
  update_interest(index, slot);
}

// The poller reports an error or a hang-up on a socket that is not being read and has nothing to send: with
// output waiting it must stay in the poller, until a send fails.
void Reactor::hang_up(uint32_t index, Slot& slot) {
  int error = 0;
  socklen_t length = sizeof error;
  if (slot.read_ended) {
    syscalls().getsockopt(slot.fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return fail(index, slot, error, Syscall::kRecv);
  }
  // Level-triggered: it would be reported for ever. A paused socket may still hold data, which is read, and
  // then the error, when it is resumed.
  leave_poller(slot, Closing::kNo);
  slot.hung_up = true;
}

}  // namespace pollux
