// One turn of the reactor: rounds of wait, handle, dispatch and drain, within a budget.
#include <algorithm>

#include "reactor.h"

namespace pollux {

namespace {

// Adds one to the bucket of the value. Most values belong to the first few, so that looking is short.
template <size_t kBounds>
void count(const double (&bounds)[kBounds], double (&buckets)[kBounds + 1], double value) {
  size_t i = 0;
  while (i < kBounds && value > bounds[i]) ++i;
  buckets[i] += 1;
}

}  // namespace

void Reactor::turn(bool look) {
  if (in_turn_ || closed_) return;
  in_turn_ = true;
  turn_ms_ = host_.now_ms();
  host_.revalidate(memory_);
  Counters& counters = *memory_.counters;
  counters.turns += 1;
  const double events_before = counters.events;
  const uint64_t start_ns = host_.now_ns();
  const uint64_t end_ns = start_ns + uint64_t{limits_.max_turn_us} * 1000;
  uint64_t now_ns = start_ns;

  drain();
  uint32_t ready = 0;
  for (uint32_t round = 0; round < limits_.max_rounds && !closed_; ++round) {
    ready = look ? look_for_work(ready, end_ns) : 0;
    if (ready > 0 || !hot_.empty()) counters.rounds += 1;
    receive_hot();
    for (uint32_t i = 0; i < ready && !closed_; ++i) handle_ready(batch_[i]);
    look_at_backlog();
    const bool pending = has_events() || !hot_.empty();
    // A flood must not starve timers and other I/O, nor must handlers whose doings are events in turn.
    bool in_time;
    do {
      if (has_events()) dispatch();
      now_ns = host_.now_ns();
      in_time = now_ns <= end_ns;
    } while (has_events() && in_time && !closed_);
    if ((ready == 0 && !pending) || !in_time) break;
  }
  if (!closed_) {
    cool_all();
    // By the clock as it was last read for the budget: measuring costs no call of its own.
    const double took_us = static_cast<double>(now_ns - start_ns) / 1000;
    counters.turn_us += took_us;
    count(kTurnDurationBoundsUs, counters.turn_durations, took_us);
    count(kTurnEventBounds, counters.turn_events, counters.events - events_before);
  }
  in_turn_ = false;
  // What is still ready is reported again by the poller; what stands in the ring is not.
  if (!closed_ && has_events()) host_.do_not_block();
}

// How many events are in batch_. It may look for longer than once (see BusyPoll).
uint32_t Reactor::look_for_work(uint32_t last_events, uint64_t turn_end_ns) {
  int ready = poller_->wait(batch_, 0);
  const bool again = ready == 0 && limits_.busy_poll_us > 0 && busy_poll_.worth_trying(last_events);
  if (!again) return static_cast<uint32_t>(std::max(ready, 0));
  const uint64_t end_ns = std::min(turn_end_ns, host_.now_ns() + uint64_t{limits_.busy_poll_us} * 1000);
  while (ready == 0 && host_.now_ns() < end_ns) ready = poller_->wait(batch_, 0);
  busy_poll_.record(ready > 0);
  return static_cast<uint32_t>(std::max(ready, 0));
}

void Reactor::handle_ready(const ReadyEvent& ready) {
  const auto index = static_cast<uint32_t>(ready.token);
  Slot* slot = slots_.find(index, static_cast<uint32_t>(ready.token >> 32));
  // Closed by a handler earlier in this very batch.
  if (!slot || !slot->registered) {
    memory_.counters->stale_events += 1;
    return;
  }
  switch (slot->state) {
    case SlotState::kListener:
      accept_ready(index, *slot);
      return;
    case SlotState::kConnecting:
      finish_connect(index, *slot);
      return;
    case SlotState::kIdle:
      watched_ready(index, *slot, ready.readiness);
      return;
    case SlotState::kDatagram:
      datagrams_ready(index, *slot, ready.readiness);
      return;
    case SlotState::kStream:
      break;
    default:
      return;
  }
  const bool broken = ready.readiness & (kError | kHangup);
  // Of a broken socket that is read, receiving says what is wrong: the reset itself, where sending may say
  // EPIPE.
  const bool received = broken && wants_to_read(*slot) && !slot->is_piped();
  if (received) {
    receive(index, *slot);
    // A handler may have closed it meanwhile.
    if (closed_ || slots_.find(index, static_cast<uint32_t>(ready.token >> 32)) != slot) return;
    if (slot->state != SlotState::kStream || slot->failed) return;
  }
  // Otherwise output first: it frees memory, and a drain may be what the handler waits for. Of a broken
  // socket that nobody reads sending says what is wrong; a kernel in the midst of a reset may report it
  // before it is writable.
  if ((ready.readiness & kWritable) || (broken && slot->wants_to_send())) {
    flush(index, *slot);
    if (slot->state != SlotState::kStream || slot->failed) return;
  }
  if (received) return;
  if (wants_to_read(*slot)) {
    if (!broken && !(ready.readiness & kReadable)) return;
    if (slot->is_piped())
      pull(index, *slot);
    else
      receive(index, *slot);
  } else if (broken && !slot->wants_to_send()) {
    hang_up(index, *slot);
  } else {
    // The socket that it is piped to has output of its own since the poller was told.
    update_interest(index, *slot);
  }
}

// Gives JavaScript what is in the ring, then sends what its handlers wrote.
void Reactor::dispatch() {
  deliver_deferred();
  const uint32_t count = event_count_;
  memory_.counters->dispatches += 1;
  dispatching_ = true;
  host_.dispatch(count);
  dispatching_ = false;
  if (closed_) return;
  host_.revalidate(memory_);
  event_count_ = 0;
  // Before the drain, whose CLOSED are not delivered yet: until then a slot is taken, and the process stays
  // alive.
  for (const uint32_t index : freeing_) {
    if (slots_.at(index)->referenced) count_reference(-1);
    slots_.give_back(index);
  }
  freeing_.clear();
  // Borrowed chunks are the reactor's again once what refers to them is sent.
  drain();
  slab_cursor_ = slab_base_;
}

void Reactor::deliver_deferred() {
  const size_t count = std::min<size_t>(deferred_.size(), memory_.event_capacity - event_count_);
  for (size_t i = 0; i < count; ++i) {
    memory_.events[event_count_++] = deferred_[i];
    if (deferred_[i].code() == static_cast<uint32_t>(Event::kClosed)) freeing_.push_back(deferred_[i].slot());
  }
  deferred_.erase(deferred_.begin(), deferred_.begin() + static_cast<ptrdiff_t>(count));
}

void Reactor::on_before_block() {
  if (memory_.control->submitted != 0 || has_events()) turn(false);
}

void Reactor::on_timer() {
  if (closed_) return;
  resume_backed_off();
  if (has_events()) turn(false);
}

// Those whose time has come go on; the timer is set for the next of the others.
void Reactor::resume_backed_off() {
  const uint64_t next = std::min(resume_accepts(), resume_datagrams());
  if (next != UINT64_MAX) host_.set_timer(next);
}

}  // namespace pollux
