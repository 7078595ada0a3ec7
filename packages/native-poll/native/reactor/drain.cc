// The submission ring: what handlers asked for, checked, grouped by socket, and done.
//
// Nothing that JavaScript wrote is trusted: a slot that is gone is skipped and counted, a range outside its
// slab fails the connection, and no length reaches the kernel unchecked.
#include <algorithm>

#include "reactor.h"

namespace pollux {

void Reactor::submit() {
  if (closed_ || memory_.control->submitted == 0) return;
  host_.revalidate(memory_);  // JavaScript runs, and may have detached what it refers to
  drain();
}

void Reactor::drain() {
  if (draining_ || closed_) return;
  const int32_t submitted = memory_.control->submitted;
  if (submitted == 0) return;
  draining_ = true;
  // First pass: link each socket's writes, so that they leave in one call. Second pass: do it.
  const uint32_t count = std::min(static_cast<uint32_t>(std::max(submitted, 0)), memory_.submission_capacity);
  if (static_cast<uint32_t>(submitted) != count) memory_.counters->rejected_submissions += 1;
  for (uint32_t position = 0; position < count; ++position) take_submission(position);
  for (const uint32_t index : dirty_) settle(index);
  dirty_.clear();
  memory_.control->submitted = 0;
  memory_.control->send_cursor = 0;
  draining_ = false;
  look_at_backlog();
}

void Reactor::take_submission(uint32_t position) {
  const Record& record = memory_.submissions[position];
  Slot* slot = slots_.find(record.slot(), record.generation);
  if (!slot || slot->state == SlotState::kClosing || slot->want_destroy) {
    memory_.counters->rejected_submissions += 1;
    return;
  }
  if (!slot->dirty) {
    slot->dirty = true;
    dirty_.push_back(record.slot());
  }
  switch (static_cast<Op>(record.code())) {
    case Op::kWrite:
    case Op::kWriteReceived:
    case Op::kWritePooled:
      chain_write(position, *slot);
      return;
    case Op::kReplyDatagram:
    case Op::kSendDatagram:
    case Op::kForwardDatagram:
      chain_datagram(position, *slot);
      return;
    case Op::kEnd:
      slot->want_end = true;
      return;
    case Op::kClose:
      slot->want_close = true;
      return;
    case Op::kReset:
      slot->want_reset = true;
      slot->want_destroy = true;
      return;
    case Op::kDestroy:
      slot->want_destroy = true;
      return;
    case Op::kPause:
      slot->paused = true;
      return;
    case Op::kResume:
      slot->paused = false;
      return;
    case Op::kWatchDrain:
      slot->drain_mark = std::max(record.a, 0);
      return;
  }
  memory_.counters->rejected_submissions += 1;
}

void Reactor::chain_write(uint32_t position, Slot& slot) {
  const Record& record = memory_.submissions[position];
  if (!takes_output(slot)) {
    memory_.counters->rejected_submissions += 1;
    return;
  }
  if (!submitted_bytes(record)) {
    // The slab was detached by a handler, or the record is wrong: these bytes are lost, and the peer must not
    // get what follows them.
    memory_.counters->rejected_submissions += 1;
    return fail(record.slot(), slot, EFAULT, Syscall::kSend);
  }
  link_write(position, slot);
}

void Reactor::link_write(uint32_t position, Slot& slot) {
  next_[position] = 0;
  if (slot.first_write == 0) {
    slot.first_write = position + 1;
  } else {
    next_[slot.last_write - 1] = position + 1;
  }
  slot.last_write = position + 1;
}

// Where a write's bytes are; null if not inside the slab it names.
const uint8_t* Reactor::submitted_bytes(const Record& record) const {
  const Bytes* slab = &memory_.send;
  if (record.code() == static_cast<uint32_t>(Op::kWriteReceived)) slab = &memory_.receive;
  if (record.code() == static_cast<uint32_t>(Op::kWritePooled)) slab = &memory_.pool;
  if (record.a < 0 || record.b < 0) return nullptr;
  const size_t offset = static_cast<size_t>(record.a);
  const size_t length = static_cast<size_t>(record.b);
  if (offset > slab->size || length > slab->size - offset) return nullptr;
  return slab->data + offset;
}

// Does all that this drain asks of one socket.
void Reactor::settle(uint32_t index) {
  Slot& slot = *slots_.at(index);
  slot.dirty = false;
  if (slot.first_write != 0) {
    // A reset throws output away; a destroy gives the kernel what it takes at once.
    if (!slot.want_reset && !slot.failed) {
      if (slot.state == SlotState::kDatagram)
        send_datagrams(index, slot);
      else
        send_submitted(index, slot);
    }
    slot.first_write = slot.last_write = 0;
  }
  if (slot.want_destroy) return close_slot(index, slot);
  // Somebody ends it under the pipe that leads here.
  const bool ending = slot.want_end || slot.want_close;
  if (ending && slot.moves && slot.moves->in)
    end_pipe(slot.moves->in->from, *slots_.at(slot.moves->in->from), EPIPE);
  finish_output(index, slot);
  if (slot.state == SlotState::kClosing) return;
  set_queued(index, slot);
  update_interest(index, slot);
}

// After output moved: reports the low mark, and ends or closes once nothing is left.
void Reactor::finish_output(uint32_t index, Slot& slot) {
  if (slot.drain_mark >= 0 && slot.queued_bytes() <= static_cast<size_t>(slot.drain_mark) && !slot.failed) {
    slot.drain_mark = -1;
    append(Event::kDrain, index, slot);
  }
  if (slot.has_output()) return;
  if (slot.want_close) return close_slot(index, slot);
  if (!slot.want_end || slot.write_ended || slot.failed || slot.state != SlotState::kStream) return;
  slot.write_ended = true;
  const int result = retry([&] { return syscalls().shutdown(slot.fd.get(), SHUT_WR); });
  // ENOTCONN: the peer has reset the connection; reading says so.
  if (result < 0 && result != -ENOTCONN) return fail(index, slot, -result, Syscall::kShutdown);
  append(Event::kFinish, index, slot);
}

}  // namespace pollux
