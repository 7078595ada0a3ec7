// The acceptor: takes connections within a budget, and survives running out of descriptors.
#include <fcntl.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstring>

#include "reactor.h"

namespace pollux {

namespace {

constexpr uint32_t kFirstRetryMs = 50;
constexpr uint32_t kLastRetryMs = 1000;

// accept(2): errors that belong to one connection that is gone already, or to the network below it. The next
// connection may be fine.
bool is_transient(int error) {
  switch (error) {
    case ECONNABORTED:
    case ECONNRESET:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
#if defined(ENONET)
    case ENONET:
#endif
      return true;
    default:
      return false;
  }
}

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

void Reactor::accept_ready(uint32_t index, Slot& listener) {
  const uint32_t generation = listener.generation;
  // Bounded: a burst of accepts must not starve connections that are already open.
  for (uint32_t i = 0; i < limits_.accept_budget; ++i) {
    if (ring_full() || !slots_.has_free()) {
      if (!slots_.has_free()) memory_.control->need_table = 1;
      dispatch();
      if (closed_ || !slots_.find(index, generation) || listener.paused || !listener.registered) return;
      if (!slots_.has_free()) return pause_accept(index, listener, ENFILE);
    }
    sockaddr_storage peer;
    socklen_t length = sizeof peer;
    const int fd = retry(
        [&] { return syscalls().accept(listener.fd.get(), reinterpret_cast<sockaddr*>(&peer), &length); });
    if (fd >= 0) {
      if (!take_connection(index, listener, fd, reinterpret_cast<const sockaddr*>(&peer), length)) return;
      continue;
    }
    if (fd == -EAGAIN || fd == -EWOULDBLOCK) return;
    if (is_transient(-fd)) continue;
    if (fd == -EMFILE || fd == -ENFILE) shed_waiting(listener);
    if (is_shortage(-fd)) return pause_accept(index, listener, -fd);
    return fail(index, listener, -fd, Syscall::kAccept);
  }
}

// False when the listener had to pause.
bool Reactor::take_connection(uint32_t index, Slot& listener, int fd, const sockaddr* peer,
                              socklen_t length) {
  const uint32_t fresh = slots_.take();
  Slot& slot = *slots_.at(fresh);
  slot.fd.reset(fd);
  slot.state = SlotState::kStream;
  slot.borrow = listener.listener->borrow;
  if (peer->sa_family != AF_UNIX && length <= sizeof slot.peer) {
    std::memcpy(&slot.peer, peer, length);
    slot.peer_length = length;
  }
  const int result = apply_interest(fresh, slot);
  if (result < 0) {
    // The poller has no room (select: the fd is too large; epoll: the user's watch limit). Closing tells the
    // peer.
    slots_.give_back(fresh);
    memory_.counters->accepts_shed += 1;
    pause_accept(index, listener, -result);
    return false;
  }
#if !POLLUX_INHERITS_NODELAY
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  if (peer->sa_family != AF_UNIX &&
      syscalls().getsockopt(listener.fd.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size) == 0 && no_delay) {
    syscalls().setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, size);
  }
#endif
  memory_.table[fresh] = {0, 0, 0, static_cast<double>(turn_ms_)};
  memory_.counters->accepted += 1;
  memory_.counters->open_sockets += 1;
  count_reference(1);
  listener.listener->retry_ms = 0;
  append(Event::kAccept, index, listener, static_cast<int32_t>(fresh), static_cast<int32_t>(slot.generation));
  return true;
}

void Reactor::open_reserve() {
  const int fd = retry([] { return syscalls().open("/dev/null", O_RDONLY | O_CLOEXEC); });
  reserve_.reset(std::max(fd, -1));
}

// No descriptor is left. The reserve is given up so that those who wait are told at once, by a connection
// that closes, instead of hanging in the kernel's queue until it times out.
void Reactor::shed_waiting(Slot& listener) {
  if (!reserve_) open_reserve();
  if (!reserve_) return;
  for (uint32_t i = 0; i < limits_.accept_budget; ++i) {
    reserve_.reset();
    UniqueFd refused(retry([&] { return syscalls().accept(listener.fd.get(), nullptr, nullptr); }));
    if (refused) memory_.counters->accepts_shed += 1;
    const bool more = static_cast<bool>(refused);
    refused.reset();
    open_reserve();
    if (!more || !reserve_) return;
  }
}

void Reactor::pause_accept(uint32_t index, Slot& slot, int error) {
  Listener& listener = *slot.listener;
  listener.retry_ms = listener.retry_ms == 0 ? kFirstRetryMs : std::min(listener.retry_ms * 2, kLastRetryMs);
  listener.resume_at_ms = host_.now_ms() + listener.retry_ms;
  backing_off_ += 1;
  memory_.counters->accept_pauses += 1;
  const int result = apply_interest(index, slot);
  if (result < 0) return fail(index, slot, -result, Syscall::kPoll);
  append(Event::kAcceptPaused, index, slot, error, static_cast<int32_t>(listener.retry_ms));
  resume_backed_off();  // sets the timer for whichever is due first
}

// Listeners whose time has come accept again; when the next of the others is due.
uint64_t Reactor::resume_accepts() {
  uint64_t next = UINT64_MAX;
  if (backing_off_ == 0) return next;
  const uint64_t now = host_.now_ms();
  for (uint32_t index = 0; index < slots_.size(); ++index) {
    Slot& slot = *slots_.at(index);
    if (slot.state != SlotState::kListener || slot.listener->resume_at_ms == 0) continue;
    if (slot.listener->resume_at_ms > now) {
      next = std::min(next, slot.listener->resume_at_ms);
      continue;
    }
    slot.listener->resume_at_ms = 0;
    backing_off_ -= 1;
    append(Event::kAcceptResumed, index, slot);
    const int result = apply_interest(index, slot);
    if (result < 0) fail(index, slot, -result, Syscall::kPoll);
  }
  return next;
}

}  // namespace pollux
