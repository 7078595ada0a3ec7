// Datagram sockets: opened, and received from in batches. What leaves is in send_datagrams.cc.
//
// One event speaks of a whole batch, whose datagrams stand in the slab one stride after the other
// (datagram_header.h). They are borrowed: when the dispatch is over, the memory is the reactor's again.
#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

#include "reactor.h"

namespace pollux {

namespace {

// A flood on one socket must not hold up the others: after so many batches they have their turn.
constexpr uint32_t kBatchesPerReadiness = 4;

// With room for fewer in what kept chunks have left of the slab, a fresh one is asked for.
constexpr uint32_t kFewPlaces = 8;

// So many in one receive make a socket hot. Leaving the poller and coming back costs as much as some ten
// datagrams do in it.
constexpr uint32_t kManyDatagrams = 16;

// Failures that JavaScript has not fetched yet; more are added up.
constexpr size_t kMostFailures = 16;

// udp(7), ip(7): what the network said of an earlier datagram. The socket is as good as before.
bool is_network_error(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EMSGSIZE:
    case ETIMEDOUT:
    case EACCES:
    case EPERM:
      return true;
    default:
      return false;
  }
}

bool turn_gro_on(int fd) {
#if POLLUX_HAVE_UDP_OFFLOAD && defined(UDP_GRO)
  const int on = 1;
  return retry([&] { return syscalls().setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on); }) == 0;
#else
  (void)fd;
  return false;
#endif
}

// A kernel without it would send the segments of a message as one datagram.
bool takes_segments(int fd) {
#if POLLUX_HAVE_UDP_OFFLOAD && defined(UDP_SEGMENT)
  int size = 0;
  socklen_t length = sizeof size;
  return retry([&] { return syscalls().getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &length); }) == 0;
#else
  (void)fd;
  return false;
#endif
}

}  // namespace

int Reactor::open_datagrams(Handle handle, const DatagramOptions& options) {
  Slot* slot = find(handle);
  if (!slot || slot->state != SlotState::kIdle) return slot ? -EINVAL : -EBADF;
  const int fd = slot->fd.get();
  int type = 0;
  socklen_t length = sizeof type;
  int result = retry([&] { return syscalls().getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length); });
  if (result < 0) return result;
  if (type != SOCK_DGRAM) return -EPROTOTYPE;
  SocketAddress address;
  result = local_address(handle, &address);
  if (result < 0) return result;
  const bool internet = address.family() == AF_INET || address.family() == AF_INET6;
  const uint32_t stride = datagram_stride(options.max_bytes);
  if (memory_.receive.size > 0 && slab_start(memory_.receive) + stride > memory_.receive.size)
    return -EMSGSIZE;

  if (!datagram_buffers_) datagram_buffers_ = std::make_unique<DatagramBuffers>();
  slot->datagrams = std::make_unique<DatagramState>();
  DatagramState& state = *slot->datagrams;
  state.options = options;
  state.options.gro = options.gro && internet && turn_gro_on(fd);
  state.options.gso = options.gso && internet && takes_segments(fd);
  state.stride = stride;
  state.connected = remote_address(handle, &address) == 0;
  slot->state = SlotState::kDatagram;
  result = apply_interest(handle.slot, *slot);
  if (result >= 0) return static_cast<int>(stride);
  slot->state = SlotState::kIdle;
  slot->datagrams.reset();
  return result;
}

int Reactor::connect_datagrams(Handle handle, const SocketAddress& address) {
  Slot* slot = find(handle);
  if (!slot || slot->state != SlotState::kIdle) return slot ? -EINVAL : -EBADF;
  return retry([&] { return syscalls().connect(slot->fd.get(), address.get(), address.length); });
}

const DatagramState* Reactor::datagram_state(Handle handle) {
  Slot* slot = find(handle);
  return slot ? slot->datagrams.get() : nullptr;
}

void Reactor::datagrams_ready(uint32_t index, Slot& slot, uint8_t readiness) {
  if (readiness & kWritable) {
    flush_datagrams(index, slot);
    if (slot.state != SlotState::kDatagram || slot.failed) return;
  }
  if (!slot.paused && (readiness & (kReadable | kError | kHangup))) receive_datagrams(index, slot);
  if (slot.state != SlotState::kDatagram || slot.failed) return;
  if (slot.paused && (readiness & kError)) report_pending_error(index, slot);
  // Level-triggered: it would be reported for ever, and it does not go away. (A descriptor that another
  // process shares was shut down.)
  if ((readiness & kHangup) && slot.registered) {
    leave_poller(slot, Closing::kNo);
    slot.hung_up = true;
  }
}

void Reactor::receive_datagrams(uint32_t index, Slot& slot) {
  for (uint32_t batch = 0; batch < kBatchesPerReadiness; ++batch) {
    const uint32_t room = make_datagram_room(index, slot);
    if (room == 0) return;
    const uint32_t got = receive_batch(index, slot, room);
    if (got == 0) return cool(index, slot);
    place_datagrams(index, slot, got);
    if (got >= kManyDatagrams) heat(index, slot);
    if (got < room) return;
  }
}

// Takes a busy socket out of the poller for the rest of the turn, in which it is received from without
// asking. While it is in an epoll set, the kernel tells the set of each datagram that arrives and of each
// that has left, and both the sender and we pay for it: a tenth of our time.
void Reactor::heat(uint32_t index, Slot& slot) {
  if (slot.hot || !slot.registered || slot.interest != kReadable || poller_->pollable_fd() < 0) return;
  leave_poller(slot, Closing::kNo);
  slot.hot = true;
  if (std::find(hot_.begin(), hot_.end(), index) == hot_.end()) hot_.push_back(index);
}

void Reactor::cool(uint32_t index, Slot& slot) {
  if (!slot.hot) return;
  slot.hot = false;
  if (slot.state != SlotState::kDatagram || slot.failed) return;
  const int result = apply_interest(index, slot);
  if (result < 0) fail(index, slot, -result, Syscall::kPoll);
}

void Reactor::receive_hot() {
  for (size_t i = 0; i < hot_.size() && !closed_; ++i) {
    Slot& slot = *slots_.at(hot_[i]);
    if (slot.hot && slot.state == SlotState::kDatagram) receive_datagrams(hot_[i], slot);
  }
  std::erase_if(hot_, [&](uint32_t index) { return !slots_.at(index)->hot; });
}

// The turn is over: the poller has to know of all of them.
void Reactor::cool_all() {
  for (const uint32_t index : hot_) cool(index, *slots_.at(index));
  hot_.clear();
}

// How many datagrams have a place, after an early dispatch if need be. 0 when the socket should not be read
// now: a handler closed or paused it meanwhile, or JavaScript lent no memory.
uint32_t Reactor::make_datagram_room(uint32_t index, Slot& slot) {
  const uint32_t stride = slot.datagrams->stride;
  const uint32_t generation = slot.generation;
  const auto places = [&](uint32_t from) -> uint32_t {
    if (from >= memory_.receive.size) return 0;
    return static_cast<uint32_t>((memory_.receive.size - from) / stride);
  };
  if (places(slab_cursor_) == 0 || ring_full()) {
    const bool used_up = slab_base_ > slab_start(memory_.receive) && places(slab_base_) < kFewPlaces;
    if (used_up || places(slab_base_) == 0) memory_.control->need_slab = 1;
    dispatch();
    if (closed_ || !slots_.find(index, generation) || slot.state != SlotState::kDatagram) return 0;
    if (!(slot.registered || slot.hot) || slot.failed || slot.paused || ring_full()) return 0;
  }
  return std::min(places(slab_cursor_), kDatagramBatch);
}

// How many arrived.
uint32_t Reactor::receive_batch(uint32_t index, Slot& slot, uint32_t room) {
  const DatagramState& state = *slot.datagrams;
  DatagramInput& input = datagram_buffers_->input;
  uint8_t* const base = memory_.receive.data + slab_cursor_;
  input.prepare(base, room, state.stride, state.options.max_bytes, state.options.gro);
  const int fd = slot.fd.get();
  int got = std::exchange(slot.deferred_error, 0);
  if (got == 0) {
    got = retry([&] { return syscalls().recvmmsg(fd, input.messages(), room, MSG_DONTWAIT); });
    memory_.counters->receives += 1;
  }
  if (got >= 0) {
    slot.deferred_error = deferred_failure(input.messages(), static_cast<unsigned>(got), room);
    return static_cast<uint32_t>(got);
  }
  if (got == -EAGAIN || got == -EWOULDBLOCK || got == -ENOMEM || got == -ENOBUFS) return 0;
  if (is_network_error(-got)) {
    report_datagram(index, slot, -got, Syscall::kRecv, 0, {});
  } else {
    fail(index, slot, -got, Syscall::kRecv);
  }
  return 0;
}

void Reactor::place_datagrams(uint32_t index, Slot& slot, uint32_t count) {
  DatagramState& state = *slot.datagrams;
  DatagramInput& input = datagram_buffers_->input;
  Counters& counters = *memory_.counters;
  uint8_t* place = memory_.receive.data + slab_cursor_;
  size_t bytes = 0;
  uint32_t datagrams = 0;
  for (uint32_t i = 0; i < count; ++i, place += state.stride) {
    const MultiMessage& message = input.messages()[i];
    const uint32_t segment = state.options.gro ? input.segment_bytes(i) : 0;
    const auto length = static_cast<int32_t>(std::min(message.msg_len, state.options.max_bytes));
    SlabHeader header{length, 0, static_cast<int32_t>(segment), 0};
    header.address_bytes = static_cast<int32_t>(
        std::min<uint32_t>(static_cast<uint32_t>(message.msg_hdr.msg_namelen), kDatagramAddressBytes));
    if (message.msg_hdr.msg_flags & MSG_TRUNC) {
      header.flags = kDatagramTruncated;
      state.truncated += 1;
      counters.datagrams_truncated += 1;
    }
    if (segment > 0) {
      counters.segmented_receives += 1;
      datagrams += (message.msg_len + segment - 1) / segment;
    } else {
      datagrams += 1;
    }
    std::memcpy(place, &header, sizeof header);
    bytes += static_cast<size_t>(length);
  }
  state.received += datagrams;
  counters.datagrams_received += datagrams;
  counters.bytes_read += static_cast<double>(bytes);
  TableRow& row = memory_.table[index];
  row.bytes_read += static_cast<double>(bytes);
  row.last_activity_ms = static_cast<double>(turn_ms_);
  append(Event::kDatagrams, index, slot, static_cast<int32_t>(slab_cursor_), static_cast<int32_t>(count));
  slab_cursor_ += count * state.stride;
}

// The poller reports an error on a socket that is not being read: fetching it ends that.
void Reactor::report_pending_error(uint32_t index, Slot& slot) {
  int error = 0;
  socklen_t length = sizeof error;
  syscalls().getsockopt(slot.fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return report_datagram(index, slot, error, Syscall::kRecv, 0, {});
  leave_poller(slot, Closing::kNo);
  slot.hung_up = true;
}

void Reactor::report_datagram(uint32_t index, Slot& slot, int error, Syscall call, uint32_t datagrams,
                              const Outgoing& first) {
  DatagramState& state = *slot.datagrams;
  state.errors += 1;
  state.dropped += datagrams;
  memory_.counters->datagram_errors += 1;
  memory_.counters->datagrams_dropped += datagrams;
  // A flood of failures is one event: its count says how many datagrams it cost.
  if (!state.failures.empty()) {
    DatagramFailure& last = state.failures.back();
    const bool same = last.error == error && last.call == call && error == 0;
    if (same || state.failures.size() >= kMostFailures) {
      last.datagrams += datagrams;
      return;
    }
  }
  const uint32_t bytes = first.segment_bytes == 0 ? first.bytes : std::min(first.segment_bytes, first.bytes);
  DatagramFailure failure{error, call, datagrams, bytes, {}};
  if (first.address_bytes > 0 && first.address_bytes <= sizeof failure.address.storage) {
    std::memcpy(&failure.address.storage, first.address, first.address_bytes);
    failure.address.length = first.address_bytes;
  }
  state.failures.push_back(failure);
  append(Event::kDatagramError, index, slot, error, static_cast<int32_t>(call));
}

bool Reactor::take_datagram_failure(Handle handle, DatagramFailure* failure) {
  Slot* slot = find(handle);
  if (!slot || !slot->datagrams || slot->datagrams->failures.empty()) return false;
  *failure = slot->datagrams->failures.front();
  slot->datagrams->failures.pop_front();
  return true;
}

SocketAddress Reactor::received_address(size_t offset) {
  SocketAddress address{};
  const Bytes& slab = memory_.receive;
  if (slab.size < kDatagramHeadBytes || offset > slab.size - kDatagramHeadBytes) return address;
  SlabHeader header;
  std::memcpy(&header, slab.data + offset, sizeof header);
  if (header.address_bytes <= 0 || header.address_bytes > static_cast<int32_t>(kDatagramAddressBytes)) {
    return address;
  }
  std::memcpy(&address.storage, slab.data + offset + sizeof header,
              static_cast<size_t>(header.address_bytes));
  address.length = static_cast<socklen_t>(header.address_bytes);
  return address;
}

}  // namespace pollux
