// Output: what one drain wrote to a socket leaves in one call; what the kernel does not take waits in the
// backlog.
#include <algorithm>

#include "reactor.h"
#include "send_flags.h"

namespace pollux {

namespace {

// One flush sends so many blocks at most, so that one fast reader of a long backlog does not hold up the
// others.
constexpr size_t kFlushVectors = 64;

}  // namespace

void Reactor::send_submitted(uint32_t index, Slot& slot) {
  uint32_t link = slot.first_write;
  while (link != 0 && !slot.failed) {
    size_t count = 0;
    size_t total = 0;
    while (link != 0 && count < vectors_.size()) {
      const Record& record = memory_.submissions[link - 1];
      const auto length = static_cast<size_t>(record.b);
      vectors_[count++] = {const_cast<uint8_t*>(submitted_bytes(record)), length};
      total += length;
      link = next_[link - 1];
    }
    send_or_queue(index, slot, {vectors_.data(), count}, total);
  }
}

int Reactor::write(Handle handle, const uint8_t* data, size_t length) {
  submit();
  Slot* slot = find(handle);
  const bool writable = slot && (slot->state == SlotState::kStream || slot->state == SlotState::kConnecting);
  if (!writable || slot->failed || slot->want_end || slot->want_close) return -EBADF;
  iovec vector{const_cast<uint8_t*>(data), length};
  send_or_queue(handle.slot, *slot, {&vector, 1}, length);
  if (!slot->failed) {
    const int result = apply_interest(handle.slot, *slot);
    if (result < 0) fail(handle.slot, *slot, -result, Syscall::kPoll);
  }
  set_queued(handle.slot, *slot);
  look_at_backlog();
  return 0;
}

// Hands bytes to the kernel, unless older ones wait; the rest goes to the backlog. An error fails the socket.
void Reactor::send_or_queue(uint32_t index, Slot& slot, std::span<iovec> vectors, size_t total) {
  size_t sent = 0;
  if (slot.state == SlotState::kStream && slot.backlog_size() == 0) {
    const ssize_t result = send_vectors(slot, vectors);
    if (result < 0 && !is_full(result)) return fail(index, slot, static_cast<int>(-result), Syscall::kSend);
    sent = static_cast<size_t>(std::max<ssize_t>(result, 0));
    count_sent(index, sent);
    if (sent == total) return;
    memory_.counters->short_sends += 1;
  }
  if (!slot.backlog) slot.backlog = std::make_unique<Backlog>();
  size_t skip = sent;
  for (const iovec& vector : vectors) {
    if (skip >= vector.iov_len) {
      skip -= vector.iov_len;
      continue;
    }
    if (!slot.backlog->append(static_cast<const uint8_t*>(vector.iov_base) + skip, vector.iov_len - skip)) {
      return fail(index, slot, ENOMEM, Syscall::kSend);
    }
    memory_.counters->backlog_bytes += static_cast<double>(vector.iov_len - skip);
    skip = 0;
  }
}

// Bytes sent, or -errno.
ssize_t Reactor::send_vectors(Slot& slot, std::span<iovec> vectors) {
  memory_.counters->sends += 1;
  const int fd = slot.fd.get();
  if (vectors.size() == 1) {
    return retry([&] { return syscalls().send(fd, vectors[0].iov_base, vectors[0].iov_len, kSendFlags); });
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(vectors.size());
  return retry([&] { return syscalls().sendmsg(fd, &message, kSendFlags); });
}

// The socket is writable: sends from the backlog.
void Reactor::flush(uint32_t index, Slot& slot) {
  if (slot.backlog_size() > 0) {
    const size_t count = slot.backlog->gather({vectors_.data(), std::min(kFlushVectors, vectors_.size())});
    const ssize_t sent = send_vectors(slot, {vectors_.data(), count});
    if (sent < 0) {
      if (!is_full(sent)) fail(index, slot, static_cast<int>(-sent), Syscall::kSend);
      return;
    }
    slot.backlog->consume(static_cast<size_t>(sent));
    memory_.counters->backlog_bytes -= static_cast<double>(sent);
    count_sent(index, static_cast<size_t>(sent));
    // An idle connection should hold no memory for output it once had.
    if (slot.backlog->size() == 0) slot.backlog.reset();
  }
  finish_output(index, slot);
  if (slot.state == SlotState::kClosing) return;
  set_queued(index, slot);
  const int result = apply_interest(index, slot);
  if (result < 0) fail(index, slot, -result, Syscall::kPoll);
}

void Reactor::count_sent(uint32_t index, size_t bytes) {
  TableRow& row = memory_.table[index];
  row.bytes_written += static_cast<double>(bytes);
  row.last_activity_ms = static_cast<double>(host_.now_ms());
  memory_.counters->bytes_written += static_cast<double>(bytes);
}

void Reactor::set_queued(uint32_t index, const Slot& slot) {
  memory_.table[index].queued = static_cast<double>(slot.backlog_size());
}

void Reactor::drop_backlog(Slot& slot) {
  memory_.counters->backlog_bytes -= static_cast<double>(slot.backlog_size());
  slot.backlog.reset();
  drop_queued_datagrams(slot);
}

}  // namespace pollux
