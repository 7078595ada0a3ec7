// Datagrams on their way out: those of one drain to one socket leave in as few calls as can be, in the order
// they were submitted. What the kernel does not take waits in a bounded queue; what does not fit there, or
// can never be sent, is dropped, counted and reported. One that fails does not stop the others.
#include <algorithm>
#include <cstring>

#include "reactor.h"
#include "send_flags.h"

namespace pollux {

namespace {

constexpr uint32_t kFirstRetryMs = 1;
constexpr uint32_t kLastRetryMs = 32;

// The kernel or the device does not cut messages into segments, or not into such large ones.
bool refuses_segments(int result) {
  return result == -EINVAL || result == -EIO || result == -EMSGSIZE || result == -ENOPROTOOPT ||
         result == -EOPNOTSUPP;
}

// udp(7): it may be about an earlier datagram, and then this one has not been tried yet.
bool may_be_old(int result) {
  return result == -ECONNREFUSED || result == -EHOSTUNREACH || result == -ENETUNREACH ||
         result == -EHOSTDOWN || result == -EPROTO || result == -ENOPROTOOPT;
}

}  // namespace

void Reactor::chain_datagram(uint32_t position, Slot& slot) {
  if (slot.state != SlotState::kDatagram || slot.failed || slot.want_close) {
    memory_.counters->rejected_submissions += 1;
    return;
  }
  link_write(position, slot);
}

// What a record says, checked: the header is read once, for JavaScript's memory may change at any time. False
// where it speaks of memory outside the slabs.
bool Reactor::read_datagram(const Record& record, const DatagramState& state, Outgoing* datagram) const {
  const bool reply = record.code() == static_cast<uint32_t>(Op::kReplyDatagram);
  const Bytes& slab = reply ? memory_.receive : memory_.send;
  if (record.a < 0 || record.b < 0) return false;
  const auto at = static_cast<size_t>(record.a);
  if (at > slab.size || slab.size - at < sizeof(SlabHeader)) return false;
  SlabHeader header;
  std::memcpy(&header, slab.data + at, sizeof header);
  if (header.address_bytes < 0 || header.address_bytes > static_cast<int32_t>(kDatagramAddressBytes))
    return false;
  if (header.segment_bytes < 0 || header.segment_bytes > UINT16_MAX) return false;
  const int32_t length =
      record.code() == static_cast<uint32_t>(Op::kForwardDatagram) ? header.bytes : record.b;
  if (length < 0 || length > static_cast<int32_t>(kMaxDatagramBytes)) return false;

  const auto address_bytes = static_cast<uint32_t>(header.address_bytes);
  const auto bytes = static_cast<uint32_t>(length);
  const size_t payload_at = at + (reply ? kDatagramHeadBytes : datagram_payload_at(address_bytes));
  const Bytes* payload_slab = &slab;
  size_t payload = payload_at;
  if (record.code() == static_cast<uint32_t>(Op::kForwardDatagram)) {
    if (payload_at > slab.size) return false;
    payload_slab = &memory_.receive;
    payload = static_cast<size_t>(record.b);
  }
  if (payload > payload_slab->size || bytes > payload_slab->size - payload) return false;
  *datagram = {payload_slab->data + payload, bytes, slab.data + at + sizeof header, address_bytes,
               static_cast<uint32_t>(header.segment_bytes)};
  // A connected socket has one peer: naming it costs a look at the routes, and elsewhere than on Linux is an
  // error (EISCONN).
  if (reply && state.connected) datagram->address_bytes = 0;
  return true;
}

void Reactor::send_datagrams(uint32_t index, Slot& slot) {
  datagram_buffers_->output.clear();
  for (uint32_t link = slot.first_write; link != 0 && !slot.failed; link = next_[link - 1]) {
    Outgoing datagram;
    if (read_datagram(memory_.submissions[link - 1], *slot.datagrams, &datagram)) {
      put_datagram(index, slot, datagram);
    } else {
      // The slab was detached by a handler, or the record is wrong.
      memory_.counters->rejected_submissions += 1;
      report_datagram(index, slot, EFAULT, Syscall::kSend, 1, {});
    }
  }
  push_out(index, slot);
}

// Outside the rings, for what the send slab cannot hold.
int Reactor::send_datagram(Handle handle, const Outgoing& datagram) {
  submit();
  Slot* slot = find(handle);
  if (!slot || slot->state != SlotState::kDatagram || slot->failed || slot->want_close) return -EBADF;
  datagram_buffers_->output.clear();
  put_datagram(handle.slot, *slot, datagram);
  push_out(handle.slot, *slot);
  set_queued(handle.slot, *slot);
  const int result = apply_interest(handle.slot, *slot);
  if (result < 0) fail(handle.slot, *slot, -result, Syscall::kPoll);
  return 0;
}

// Into the batch, which leaves when it is full. Several datagrams in one are cut here into what one message
// can carry.
void Reactor::put_datagram(uint32_t index, Slot& slot, Outgoing rest) {
  const DatagramState& state = *slot.datagrams;
  if (rest.segment_bytes == 0 && !state.options.gso) {
    if (datagram_buffers_->output.append_one(rest)) return;
    push_out(index, slot);
    datagram_buffers_->output.append_one(rest);
    return;
  }
  const bool one = rest.segment_bytes == 0 || rest.segment_bytes >= rest.bytes;
  const uint32_t size = one ? rest.bytes : rest.segment_bytes;
  const bool joined = state.options.gso && size < state.segment_limit;
  uint32_t most = rest.bytes;
  if (!one) most = joined ? std::clamp(kMaxSegmentedBytes / size, 1u, kMaxSegments) * size : size;
  do {
    Outgoing piece = rest;
    piece.bytes = std::min(rest.bytes, most);
    if (one || !joined || piece.bytes <= size) piece.segment_bytes = 0;
    DatagramOutput& output = datagram_buffers_->output;
    if (!output.append(piece, joined)) {
      push_out(index, slot);
      output.append(piece, joined);
    }
    rest.data += piece.bytes;
    rest.bytes -= piece.bytes;
  } while (rest.bytes > 0);
}

// Sends the batch, unless older ones wait; what the kernel does not take joins the queue.
void Reactor::push_out(uint32_t index, Slot& slot) {
  DatagramOutput& output = datagram_buffers_->output;
  uint32_t done = 0;
  if (slot.datagrams->queue.empty() && output.count() > 0) done = send_batch(index, slot);
  for (; done < output.count(); ++done) queue_datagram(index, slot, output.head(done), output.parts(done));
  output.clear();
}

// How many messages of the batch are done with: sent, or dropped because they never will be.
uint32_t Reactor::send_batch(uint32_t index, Slot& slot) {
  DatagramState& state = *slot.datagrams;
  DatagramOutput& output = datagram_buffers_->output;
  const int fd = slot.fd.get();
  uint32_t done = 0;
  int old_error = 0;
  while (done < output.count()) {
    const uint32_t left = output.count() - done;
    const int result =
        retry([&] { return syscalls().sendmmsg(fd, output.messages() + done, left, kSendFlags); });
    memory_.counters->sends += 1;
    if (result > 0) {
      if (old_error != 0) report_datagram(index, slot, old_error, Syscall::kRecv, 0, {});
      old_error = 0;
      uint32_t datagrams = 0;
      size_t bytes = 0;
      for (const uint32_t end = done + static_cast<uint32_t>(result); done < end; ++done) {
        datagrams += output.datagrams(done);
        bytes += output.bytes(done);
        if (output.datagrams(done) > 1) memory_.counters->segmented_sends += 1;
      }
      count_datagrams_sent(index, slot, datagrams, bytes);
      continue;
    }
    if (result == 0 || is_full(result)) {
      memory_.counters->short_sends += 1;
      break;
    }
    if (output.datagrams(done) > 1 && refuses_segments(result)) {
      // Where the pieces are refused, too, it was not for being several: a destination that has no port, say.
      if (send_apart(index, slot, done)) {
        const uint32_t refused = result == -EIO ? 1 : output.segment_bytes(done);
        state.segment_limit = std::min(state.segment_limit, refused);
        memory_.counters->segment_refusals += 1;
      }
      ++done;
      if (!state.queue.empty()) break;
      continue;
    }
    if (old_error == 0 && may_be_old(result)) {
      old_error = -result;
      continue;
    }
    old_error = 0;
    report_datagram(index, slot, -result, Syscall::kSend, output.datagrams(done), output.head(done));
    ++done;
  }
  if (old_error != 0) report_datagram(index, slot, old_error, Syscall::kRecv, 0, {});
  return done;
}

// The segments of one message, each as a datagram by itself. Whether the kernel took any.
bool Reactor::send_apart(uint32_t index, Slot& slot, uint32_t message) {
  bool taken = false;
  DatagramOutput& output = datagram_buffers_->output;
  Outgoing piece = output.head(message);
  const uint32_t size = piece.segment_bytes;
  piece.segment_bytes = 0;
  for (const iovec& part : output.parts(message)) {
    for (size_t at = 0; at < part.iov_len; at += size) {
      iovec vector{static_cast<uint8_t*>(part.iov_base) + at, std::min<size_t>(size, part.iov_len - at)};
      piece.data = static_cast<uint8_t*>(vector.iov_base);
      piece.bytes = static_cast<uint32_t>(vector.iov_len);
      if (!slot.datagrams->queue.empty()) {
        queue_datagram(index, slot, piece, {&vector, 1});
        continue;
      }
      msghdr header{};
      header.msg_name = const_cast<uint8_t*>(piece.address);
      header.msg_namelen = piece.address_bytes;
      header.msg_iov = &vector;
      header.msg_iovlen = 1;
      const auto send = [&] {
        memory_.counters->sends += 1;
        return retry([&] { return syscalls().sendmsg(slot.fd.get(), &header, kSendFlags); });
      };
      ssize_t result = send();
      if (const int old_error = static_cast<int>(-result); may_be_old(static_cast<int>(result))) {
        result = send();
        if (result >= 0 || is_full(result)) report_datagram(index, slot, old_error, Syscall::kRecv, 0, {});
      }
      if (result >= 0) {
        taken = true;
        count_datagrams_sent(index, slot, 1, piece.bytes);
      } else if (is_full(result)) {
        memory_.counters->short_sends += 1;
        queue_datagram(index, slot, piece, {&vector, 1});
      } else {
        report_datagram(index, slot, static_cast<int>(-result), Syscall::kSend, 1, piece);
      }
    }
  }
  return taken;
}

// Of segments, as many as have room.
void Reactor::queue_datagram(uint32_t index, Slot& slot, const Outgoing& head, std::span<const iovec> parts) {
  DatagramState& state = *slot.datagrams;
  const size_t most = state.options.max_queued_bytes;
  const size_t room = most - std::min(most, state.queue.size());
  Outgoing kept = head;
  if (DatagramQueue::cost(head) > room) kept.bytes = DatagramQueue::segments_within(head, room);
  const bool fits = kept.bytes > 0 || DatagramQueue::cost(head) <= room;
  const bool queued = fits && state.queue.append(kept, parts);
  if (queued) memory_.counters->backlog_bytes += static_cast<double>(DatagramQueue::cost(kept));
  if (queued && kept.bytes == head.bytes) return;
  Outgoing rest = head;
  if (queued) rest.bytes -= kept.bytes;
  report_datagram(index, slot, fits && !queued ? ENOMEM : 0, Syscall::kSend, rest.datagrams(), rest);
}

// The socket is writable: sends from the queue.
void Reactor::flush_datagrams(uint32_t index, Slot& slot) {
  DatagramState& state = *slot.datagrams;
  DatagramQueue& queue = state.queue;
  if (!queue.empty()) {
    DatagramOutput& output = datagram_buffers_->output;
    const size_t before = queue.size();
    const auto refused = [&](const Outgoing& entry) { return entry.segment_bytes >= state.segment_limit; };
    if (refused(queue.at(0))) {
      const uint32_t lost = queue.split_front();
      if (lost > 0) report_datagram(index, slot, ENOMEM, Syscall::kSend, lost, {});
    }
    output.clear();
    for (size_t i = 0; i < queue.count() && !refused(queue.at(i)); ++i) {
      if (!output.append(queue.at(i), false)) break;
    }
    // What send_batch queues (the segments of a message that was refused as one) goes before what waits.
    DatagramQueue waiting;
    std::swap(waiting, queue);
    const uint32_t done = send_batch(index, slot);
    waiting.pop(done);
    memory_.counters->backlog_bytes -= static_cast<double>(before) - static_cast<double>(waiting.size());
    queue.take_all(waiting);
    // A Unix socket is writable although the one that it sends to is not: asking again at once would be a
    // busy loop.
    if (done == 0 && !queue.empty()) {
      state.retry_ms = std::clamp(state.retry_ms * 2, kFirstRetryMs, kLastRetryMs);
      state.resume_at_ms = host_.now_ms() + state.retry_ms;
      datagrams_backing_off_ += 1;
      resume_backed_off();
    } else {
      state.retry_ms = 0;
    }
  }
  finish_output(index, slot);
  if (slot.state == SlotState::kClosing) return;
  set_queued(index, slot);
  const int result = apply_interest(index, slot);
  if (result < 0) fail(index, slot, -result, Syscall::kPoll);
}

// Sockets whose time has come ask for room again; when the next of the others is due.
uint64_t Reactor::resume_datagrams() {
  uint64_t next = UINT64_MAX;
  if (datagrams_backing_off_ == 0) return next;
  const uint64_t now = host_.now_ms();
  for (uint32_t index = 0; index < slots_.size(); ++index) {
    Slot& slot = *slots_.at(index);
    if (slot.state != SlotState::kDatagram || slot.datagrams->resume_at_ms == 0) continue;
    if (slot.datagrams->resume_at_ms > now) {
      next = std::min(next, slot.datagrams->resume_at_ms);
      continue;
    }
    slot.datagrams->resume_at_ms = 0;
    datagrams_backing_off_ -= 1;
    const int result = apply_interest(index, slot);
    if (result < 0) fail(index, slot, -result, Syscall::kPoll);
  }
  return next;
}

void Reactor::count_datagrams_sent(uint32_t index, Slot& slot, uint32_t datagrams, size_t bytes) {
  slot.datagrams->sent += datagrams;
  memory_.counters->datagrams_sent += datagrams;
  count_sent(index, bytes);
}

// The socket has failed or is being closed.
void Reactor::drop_queued_datagrams(Slot& slot) {
  if (!slot.datagrams) return;
  DatagramState& state = *slot.datagrams;
  if (state.resume_at_ms != 0) datagrams_backing_off_ -= 1;
  state.resume_at_ms = 0;
  const auto waiting = static_cast<double>(state.queue.datagrams());
  memory_.counters->datagrams_dropped += waiting;
  state.dropped += waiting;
  state.queue = DatagramQueue();
}

}  // namespace pollux
