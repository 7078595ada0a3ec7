// Pipes between two sockets: bytes go from one to the other without JavaScript, by splice(2) where the kernel
// can, and else by a copy through memory of ours.
//
//     from is readable ─▶ pull ─▶ push ─▶ to took all: the kernel pipe goes back to the pool
//                                    └──▶ to is full:  bytes are held, `from` is not read
//     to is writable ──▶ flush ─▶ push ─▶ …and `from` is read again
//
// Nothing is pulled before all events that were in the ring when the pipe began are delivered: what
// JavaScript received goes first.
#include <algorithm>

#include "reactor.h"
#include "send_flags.h"

namespace pollux {

namespace {

// The most bytes of one pull: what one pipe may hold while its peer does not read. A kernel pipe has room for
// 16 pieces of what the network brought, whatever their sizes.
constexpr size_t kPullBytes = 256 * 1024;

constexpr size_t kScratchBytes = 64 * 1024;

}  // namespace

int Reactor::pipe(Handle from_handle, Handle to_handle) {
  submit();
  Slot* const from = find(from_handle);
  Slot* const to = find(to_handle);
  if (!from || !to || !takes_output(*to)) return -EBADF;
  const bool readable = from->state == SlotState::kStream || from->state == SlotState::kConnecting;
  if (!readable || from->failed || from->want_close) return -EBADF;
  if (from->is_piped() || (to->moves && to->moves->in)) return -EBUSY;
  if (!from->moves) from->moves = std::make_unique<Moves>();
  if (!to->moves) to->moves = std::make_unique<Moves>();
  from->moves->out = std::make_unique<Pipe>(Pipe{.from = from_handle.slot, .to = to_handle.slot});
  to->moves->in = from->moves->out.get();
  if (from->read_ended) end_pipe(from_handle.slot, *from, 0);
  update_interest(from_handle.slot, *from);
  return 0;
}

// Not while the other side waits: for its connect, for output of its own, or for what is held.
bool Reactor::wants_to_read(const Slot& slot) {
  if (slot.paused || slot.read_ended) return false;
  if (!slot.is_piped()) return true;
  const Pipe& pipe = *slot.moves->out;
  const Slot& to = *slots_.at(pipe.to);
  return pipe.held == 0 && to.state == SlotState::kStream && !to.has_output();
}

// `from` is readable, and the other side takes bytes.
void Reactor::pull(uint32_t index, Slot& from) {
  Pipe& pipe = *from.moves->out;
  const uint32_t to_index = pipe.to;
  Slot& to = *slots_.at(to_index);
  // Where no descriptor is left for a kernel pipe, this much is copied.
  if (pipe.copied || pipe_pool_.take(&pipe.pair) < 0) {
    copy_through(index, from);
  } else {
    const ssize_t got = splice_in(from.fd.get(), pipe.pair, kPullBytes);
    if (got <= 0) pipe_pool_.give_back(std::move(pipe.pair));
    if (refuses_to_move(got)) {
      pipe.copied = true;
      copy_through(index, from);
    } else if (pulled(index, from, got)) {
      pipe.held = static_cast<size_t>(got);
      push(to_index, to);
    }
  }
  // The pipe may be over by now, and either side failed.
  update_interest(index, from);
  update_interest(to_index, to);
}

// Counts what was read; false where nothing was.
bool Reactor::pulled(uint32_t index, Slot& from, ssize_t got) {
  memory_.counters->receives += 1;
  if (got > 0) {
    count_received(index, static_cast<size_t>(got));
    return true;
  }
  if (got == 0) {
    end_of_stream(index, from);
  } else if (got != -EAGAIN && got != -EWOULDBLOCK) {
    fail(index, from, static_cast<int>(-got), Syscall::kRecv);
  }
  return false;
}

// Sends what is held.
void Reactor::push(uint32_t index, Slot& to) {
  Pipe& pipe = *to.moves->in;
  const ssize_t sent = splice_out(pipe.pair, to.fd.get(), pipe.held);
  memory_.counters->sends += 1;
  if (refuses_to_move(sent)) {
    pipe.copied = true;
    return copy_held(index, to);
  }
  if (sent < 0 && !is_full(sent)) return fail(index, to, static_cast<int>(-sent), Syscall::kSend);
  if (sent > 0) {
    pipe.held -= static_cast<size_t>(sent);
    count_sent(index, static_cast<size_t>(sent));
    memory_.counters->bytes_spliced += static_cast<double>(sent);
  }
  if (pipe.held > 0) {
    memory_.counters->short_sends += 1;
  } else {
    pipe_pool_.give_back(std::move(pipe.pair));
  }
}

// The same two ways by hand. What the other side does not take goes to its backlog; `from` is not read
// meanwhile, so it is one of these at most.
void Reactor::copy_through(uint32_t index, Slot& from) {
  const std::span<uint8_t> buffer = scratch();
  const ssize_t got =
      retry([&] { return syscalls().recv(from.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT); });
  const uint32_t to_index = from.moves->out->to;
  if (pulled(index, from, got)) send_copy(to_index, *slots_.at(to_index), static_cast<size_t>(got));
}

void Reactor::copy_held(uint32_t index, Slot& to) {
  Pipe& pipe = *to.moves->in;
  while (pipe.held > 0) {
    const std::span<uint8_t> buffer = scratch();
    const ssize_t got = read_held(pipe.pair, buffer.data(), std::min(pipe.held, buffer.size()));
    if (got <= 0) return fail(index, to, got < 0 ? static_cast<int>(-got) : EIO, Syscall::kSend);
    pipe.held -= static_cast<size_t>(got);
    send_copy(index, to, static_cast<size_t>(got));
    if (to.failed) return;
  }
  pipe_pool_.give_back(std::move(pipe.pair));
}

void Reactor::send_copy(uint32_t index, Slot& to, size_t length) {
  iovec vector{scratch().data(), length};
  send_or_queue(index, to, {&vector, 1}, length);
  set_queued(index, to);
}

std::span<uint8_t> Reactor::scratch() {
  if (scratch_.empty()) scratch_.resize(kScratchBytes);
  return scratch_;
}

// Takes the pipe away from both sides and tells the side that was read: 0, or what became of the other.
void Reactor::end_pipe(uint32_t index, Slot& from, int error) {
  drop_pipe(from);
  append(Event::kPiped, index, from, error);
  // JavaScript reads it again.
  update_interest(index, from);
}

// A kernel pipe with bytes in it is closed with them.
void Reactor::drop_pipe(Slot& from) {
  const std::unique_ptr<Pipe> pipe = std::move(from.moves->out);
  Slot& to = *slots_.at(pipe->to);
  to.moves->in = nullptr;
  forget_idle_moves(from);
  forget_idle_moves(to);
}

// The socket fails or closes. Whoever is read for it is told; who reads from it was told of the failure.
void Reactor::leave_pipes(Slot& slot, int error) {
  if (slot.is_piped()) {
    const uint32_t to = slot.moves->out->to;
    drop_pipe(slot);
    update_interest(to, *slots_.at(to));
  }
  if (slot.moves && slot.moves->in) {
    const uint32_t from = slot.moves->in->from;
    end_pipe(from, *slots_.at(from), error);
  }
}

// An idle connection should hold no memory for what it once moved.
void Reactor::forget_idle_moves(Slot& slot) {
  if (slot.moves && slot.moves->idle()) slot.moves.reset();
}

}  // namespace pollux
