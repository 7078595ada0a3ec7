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

// The same for what alternates: bytes, a file, bytes, a file.
constexpr uint32_t kFlushSteps = 8;

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
  if (!slot || !takes_output(*slot)) return -EBADF;
  iovec vector{const_cast<uint8_t*>(data), length};
  send_or_queue(handle.slot, *slot, {&vector, 1}, length);
  update_interest(handle.slot, *slot);
  set_queued(handle.slot, *slot);
  look_at_backlog();
  return 0;
}

// Not from the moment on that its end was asked for.
bool Reactor::takes_output(const Slot& slot) {
  const bool writable = slot.state == SlotState::kStream || slot.state == SlotState::kConnecting;
  return writable && !slot.failed && !slot.want_end && !slot.want_close;
}

// Hands bytes to the kernel, unless older ones wait; the rest goes to the backlog. An error fails the socket.
void Reactor::send_or_queue(uint32_t index, Slot& slot, std::span<iovec> vectors, size_t total) {
  size_t sent = 0;
  if (slot.state == SlotState::kStream && !slot.has_output()) {
    const ssize_t result = send_vectors(slot, vectors);
    if (result < 0 && !is_full(result)) return fail(index, slot, static_cast<int>(-result), Syscall::kSend);
    sent = static_cast<size_t>(std::max<ssize_t>(result, 0));
    count_sent(index, sent);
    if (sent == total) return;
    memory_.counters->short_sends += 1;
  }
  const bool behind_file = slot.moves && !slot.moves->files.empty();
  if (!behind_file && !slot.backlog) slot.backlog = std::make_unique<Backlog>();
  Backlog& backlog = behind_file ? slot.moves->files.back().behind : *slot.backlog;
  size_t skip = sent;
  for (const iovec& vector : vectors) {
    if (skip >= vector.iov_len) {
      skip -= vector.iov_len;
      continue;
    }
    if (!backlog.append(static_cast<const uint8_t*>(vector.iov_base) + skip, vector.iov_len - skip)) {
      return fail(index, slot, ENOMEM, Syscall::kSend);
    }
    if (behind_file) slot.moves->bytes_behind_files += vector.iov_len - skip;
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

// The socket is writable: sends what waits, in its order.
void Reactor::flush(uint32_t index, Slot& slot) {
  for (uint32_t step = 0; step < kFlushSteps && slot.has_output(); ++step) {
    if (!(slot.backlog ? send_backlog(index, slot) : advance_file(index, slot))) break;
  }
  if (slot.failed) return;
  if (!slot.has_output() && slot.moves && slot.moves->in && slot.moves->in->held > 0) {
    push(index, slot);
    if (slot.failed) return;
  }
  finish_output(index, slot);
  if (slot.state == SlotState::kClosing) return;
  set_queued(index, slot);
  update_interest(index, slot);
  // Whoever is read for it may be read again.
  if (slot.moves && slot.moves->in) update_interest(slot.moves->in->from, *slots_.at(slot.moves->in->from));
}

// Whether all of it is with the kernel; the socket may have failed.
bool Reactor::send_backlog(uint32_t index, Slot& slot) {
  const size_t count = slot.backlog->gather({vectors_.data(), std::min(kFlushVectors, vectors_.size())});
  const ssize_t sent = send_vectors(slot, {vectors_.data(), count});
  if (sent < 0) {
    if (!is_full(sent)) fail(index, slot, static_cast<int>(-sent), Syscall::kSend);
    return false;
  }
  slot.backlog->consume(static_cast<size_t>(sent));
  memory_.counters->backlog_bytes -= static_cast<double>(sent);
  count_sent(index, static_cast<size_t>(sent));
  if (slot.backlog->size() > 0) return false;
  // An idle connection should hold no memory for output it once had.
  slot.backlog.reset();
  return true;
}

void Reactor::count_sent(uint32_t index, size_t bytes) {
  TableRow& row = memory_.table[index];
  row.bytes_written += static_cast<double>(bytes);
  row.last_activity_ms = static_cast<double>(host_.now_ms());
  memory_.counters->bytes_written += static_cast<double>(bytes);
}

void Reactor::set_queued(uint32_t index, const Slot& slot) {
  memory_.table[index].queued = static_cast<double>(slot.queued_bytes());
}

void Reactor::drop_backlog(Slot& slot) {
  memory_.counters->backlog_bytes -= static_cast<double>(slot.queued_bytes());
  slot.backlog.reset();
  drop_files(slot);
  drop_queued_datagrams(slot);
}

}  // namespace pollux
