// Sockets that JavaScript uses itself, call by call: it asks to be told when one is ready.
//
//     recv ─▶ would block ─▶ watch(readable) ─▶ READY ─▶ recv ─▶ would block ─▶ watch(readable) …
//                               │ epoll_ctl               the fd stays with the poller: ▲ no system call
//
// Each READY is owed once; what is reported is not waited for any more. The poller is told so only when it
// speaks of something that nobody waits for. So a loop as above costs no system call beside its own, and what
// is level-triggered (a hang-up that nobody acts on, data that nobody reads) wakes us once and not for ever.
//
// And descriptors of any kind that the program's calls of poll and select wait for: see polled.h.
#include "reactor.h"

namespace pollux {

int Reactor::watch(Handle handle, uint8_t interest) {
  Slot* const slot = find(handle);
  if (!slot || !slot->fd) return -EBADF;
  if (slot->state != SlotState::kIdle) return -EINVAL;
  slot->watched = interest;
  if (interest == kNone || (slot->registered && (interest & ~slot->interest) == 0)) return 0;
  const uint64_t token = token_of(handle.slot, *slot);
  const int result = slot->registered ? poller_->modify(slot->fd.get(), interest, token)
                                      : poller_->register_fd(slot->fd.get(), interest, token);
  if (result < 0) {
    slot->watched = kNone;
    return result;
  }
  slot->registered = true;
  slot->interest = interest;
  return 0;
}

// Errors and hang-ups are what every waiting call has to hear of: its next try says what is wrong.
void Reactor::watched_ready(uint32_t index, Slot& slot, uint8_t readiness) {
  const bool broken = readiness & (kError | kHangup);
  if (slot.watched != kNone && (broken || (readiness & slot.watched))) {
    const uint8_t found = readiness & (slot.watched | kError | kHangup);
    slot.watched = broken ? kNone : slot.watched & ~found;
    append(Event::kReady, index, slot, found);
    return;
  }
  // Nobody waits for this. Out of the poller it is neither repeated nor lost: whoever watches later is told
  // at once.
  if (slot.watched == kNone) return leave_poller(slot, Closing::kNo);
  // The event may be older than a change of interest.
  if (slot.interest == slot.watched) return;
  const int result = poller_->modify(slot.fd.get(), slot.watched, token_of(index, slot));
  if (result == 0) {
    slot.interest = slot.watched;
    return;
  }
  // Whoever waits looks, watches again, and is refused then.
  leave_poller(slot, Closing::kNo);
  slot.watched = kNone;
  append(Event::kReady, index, slot, kError);
}

int Reactor::poll_later(std::span<const pollfd> fds) {
  if (closed_) return -EBADF;
  const bool wanted = !fds.empty();
  if (wanted != polling_) count_reference(wanted ? 1 : -1);
  polling_ = wanted;
  polled_.replace(fds);
  return 0;
}

// The record is nobody's: slot and generation are 0.
void Reactor::on_polled() {
  // A watcher's wake may come after the call that it was meant for was over.
  if (!polling_ || closed_) return;
  polling_ = false;
  count_reference(-1);
  put({static_cast<uint32_t>(Event::kPolled), 0, 0, 0});
  turn(false);
}

}  // namespace pollux
