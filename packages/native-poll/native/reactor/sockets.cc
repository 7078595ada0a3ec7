// The life of a socket: made or adopted, bound, listening or connected, failed, closed.
#include <algorithm>

#include "../calls/endpoints.h"
#include "../sys/descriptor.h"
#include "reactor.h"
#include "unix_path.h"

namespace pollux {

// ENFILE: there is no slot; JavaScript may lend a larger table and try again.
int Reactor::require_slot() {
  if (closed_) return -EBADF;
  if (slots_.has_free()) return 0;
  memory_.control->need_table = 1;
  return -ENFILE;
}

void Reactor::take_slot(UniqueFd fd, Handle* handle) {
  const uint32_t index = slots_.take();
  Slot& slot = *slots_.at(index);
  slot.fd = std::move(fd);
  memory_.table[index] = {0, 0, 0, static_cast<double>(host_.now_ms())};
  memory_.counters->open_sockets += 1;
  count_reference(1);
  *handle = {index, slot.generation};
}

int Reactor::create(int family, int type, int protocol, Handle* handle) {
  const int room = require_slot();
  if (room < 0) return room;
  const int fd = make_socket(family, type, protocol);
  if (fd < 0) return fd;
  take_slot(UniqueFd(fd), handle);
  return 0;
}

// A second owner would close it under the first, or under whoever has the number by then.
bool Reactor::owns_fd(int fd) {
  for (uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_.at(index)->fd.get() == fd) return true;
  }
  return false;
}

int Reactor::adopt(int fd, Handle* handle) {
  int type = 0;
  socklen_t length = sizeof type;
  // EBADF and ENOTSOCK come from here.
  if (syscalls().getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0) return -errno;
  if (type != SOCK_STREAM) return -EPROTOTYPE;
  if (owns_fd(fd)) return -EEXIST;
  const int room = require_slot();
  if (room < 0) return room;
  const int result = make_nonblocking(fd);
  if (result < 0) return result;
  take_slot(UniqueFd(fd), handle);
  // Whoever gave it may hold another descriptor of the same open file.
  slots_.at(handle->slot)->shared_fd = true;
  return 0;
}

// With a descriptor of our own: the other owner goes on with its, and closes it when it likes.
int Reactor::adopt_duplicate(int fd, Handle* handle) {
  UniqueFd own(retry([&] { return syscalls().duplicate(fd); }));
  if (!own) return own.get();
  const int result = adopt(own.get(), handle);
  if (result == 0) own.release();
  return result;
}

int Reactor::bind(Handle handle, const SocketAddress& address) {
  Slot* slot = find(handle);
  if (!slot || slot->state != SlotState::kIdle) return slot ? -EINVAL : -EBADF;
  return retry([&] { return syscalls().bind(slot->fd.get(), address.get(), address.length); });
}

int Reactor::bind_unix(Handle handle, std::string_view path) {
  SocketAddress address;
  int result = from_unix(path, &address);
  if (result < 0) return result;
  result = bind(handle, address);
  if (result == -EADDRINUSE && unlink_stale_socket(path, address)) result = bind(handle, address);
  if (result < 0 || path[0] == '\0') return result;
  Slot& slot = *find(handle);
  slot.listener = std::make_unique<Listener>();
  slot.listener->file = remember_unix_file(path);
  return 0;
}

int Reactor::listen(Handle handle, int backlog, bool borrow) {
  Slot* slot = find(handle);
  if (!slot || slot->state != SlotState::kIdle) return slot ? -EINVAL : -EBADF;
  int result = retry([&] { return syscalls().listen(slot->fd.get(), backlog); });
  if (result < 0) return result;
  if (!slot->listener) slot->listener = std::make_unique<Listener>();
  slot->listener->borrow = borrow;
  slot->state = SlotState::kListener;
  result = apply_interest(handle.slot, *slot);
  if (result < 0) slot->state = SlotState::kIdle;
  return result;
}

int Reactor::connect(Handle handle, const SocketAddress& address, bool borrow) {
  Slot* slot = find(handle);
  if (!slot || slot->state != SlotState::kIdle) return slot ? -EINVAL : -EBADF;
  slot->borrow = borrow;
  int result = retry([&] { return syscalls().connect(slot->fd.get(), address.get(), address.length); });
  // connect(2): interrupted, it goes on by itself, and asking again says so.
  if (result == -EALREADY) result = -EINPROGRESS;
  if (result == -EISCONN) result = 0;
  if (result < 0 && result != -EINPROGRESS) return result;
  if (result == 0) {
    slot->state = SlotState::kStream;
    append(Event::kConnect, handle.slot, *slot);
  } else {
    slot->state = SlotState::kConnecting;
  }
  result = apply_interest(handle.slot, *slot);
  if (result < 0) fail(handle.slot, *slot, -result, Syscall::kPoll);
  return 0;
}

// A connect came to its end, one way or the other.
void Reactor::finish_connect(uint32_t index, Slot& slot) {
  int error = 0;
  socklen_t length = sizeof error;
  if (syscalls().getsockopt(slot.fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) < 0) error = errno;
  if (error != 0) return fail(index, slot, error, Syscall::kConnect);
  slot.state = SlotState::kStream;
  memory_.table[index].last_activity_ms = static_cast<double>(turn_ms_);
  append(Event::kConnect, index, slot);
  // What was written while connecting leaves now.
  flush(index, slot);
}

int Reactor::open(Handle handle, bool borrow) {
  Slot* slot = find(handle);
  if (!slot || slot->state != SlotState::kIdle) return slot ? -EINVAL : -EBADF;
  slot->borrow = borrow;
  slot->state = SlotState::kStream;
  const int result = apply_interest(handle.slot, *slot);
  if (result < 0) slot->state = SlotState::kIdle;
  return result;
}

int Reactor::local_address(Handle handle, SocketAddress* address) {
  Slot* slot = find(handle);
  if (!slot || !slot->fd) return -EBADF;
  address->length = sizeof address->storage;
  auto* const any = reinterpret_cast<sockaddr*>(&address->storage);
  return retry([&] { return syscalls().getsockname(slot->fd.get(), any, &address->length); });
}

int Reactor::remote_address(Handle handle, SocketAddress* address) {
  Slot* slot = find(handle);
  if (!slot) return -EBADF;
  if (slot->peer_length > 0) {
    std::copy_n(reinterpret_cast<const uint8_t*>(&slot->peer), slot->peer_length,
                reinterpret_cast<uint8_t*>(&address->storage));
    address->length = slot->peer_length;
    return 0;
  }
  if (!slot->fd) return -EBADF;
  address->length = sizeof address->storage;
  auto* const any = reinterpret_cast<sockaddr*>(&address->storage);
  return retry([&] { return syscalls().getpeername(slot->fd.get(), any, &address->length); });
}

int Reactor::fd(Handle handle) {
  Slot* slot = find(handle);
  return slot && slot->fd ? slot->fd.get() : -EBADF;
}

void Reactor::set_referenced(Handle handle, bool referenced) {
  Slot* slot = find(handle);
  if (!slot || slot->referenced == referenced) return;
  slot->referenced = referenced;
  count_reference(referenced ? 1 : -1);
}

// Tells the poller what the socket's state asks for, if that has changed.
int Reactor::apply_interest(uint32_t index, Slot& slot) {
  if (slot.failed) return 0;
  uint8_t want = kNone;
  switch (slot.state) {
    case SlotState::kListener:
      if (!slot.paused && slot.listener->resume_at_ms == 0) want = kReadable;
      break;
    case SlotState::kConnecting:
      want = kWritable;
      break;
    case SlotState::kStream:
      if (wants_to_read(slot)) want = kReadable;
      if (slot.wants_to_send()) want |= kWritable;
      break;
    case SlotState::kDatagram:
      if (!slot.paused) want = kReadable;
      if (!slot.datagrams->queue.empty() && slot.datagrams->resume_at_ms == 0) want |= kWritable;
      break;
    default:
      return 0;
  }
  if (slot.registered && want == slot.interest) return 0;
  if (slot.hot) {
    // It is received from anyway, until the turn ends.
    if (want == kReadable) return 0;
    slot.hot = false;
  }
  // Hung up: the poller hears of it again only when there is something to do.
  if (slot.hung_up && want == kNone) return 0;
  const uint64_t token = token_of(index, slot);
  const int result = slot.registered ? poller_->modify(slot.fd.get(), want, token)
                                     : poller_->register_fd(slot.fd.get(), want, token);
  if (result < 0) return result;
  slot.registered = true;
  slot.hung_up = false;
  slot.interest = want;
  return 0;
}

// The same; a poller that refuses fails the socket.
void Reactor::update_interest(uint32_t index, Slot& slot) {
  const int result = apply_interest(index, slot);
  if (result < 0) fail(index, slot, -result, Syscall::kPoll);
}

void Reactor::leave_poller(Slot& slot, Closing closing) {
  if (!slot.registered) return;
  slot.registered = false;
  poller_->deregister(slot.fd.get(), closing);
}

// Reports the one error that ends a socket. It is out of the poller, so that it reports nothing more, and
// waits for JavaScript to destroy it.
void Reactor::fail(uint32_t index, Slot& slot, int error, Syscall call) {
  if (slot.failed || slot.state == SlotState::kClosing) return;
  slot.failed = true;
  leave_poller(slot, Closing::kNo);
  drop_backlog(slot);
  set_queued(index, slot);
  // A connect that was accepted always ends in a CONNECT, whatever made it fail.
  append(slot.state == SlotState::kConnecting ? Event::kConnect : Event::kError, index, slot, error,
         static_cast<int32_t>(call));
  leave_pipes(slot, error);
}

void Reactor::close_slot(uint32_t index, Slot& slot) {
  leave_pipes(slot, EPIPE);
  if (slot.want_reset) {
    const linger now{1, 0};
    syscalls().setsockopt(slot.fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  if (slot.listener) {
    if (slot.listener->file) unlink_own_file(*slot.listener->file);
    if (slot.listener->resume_at_ms != 0) backing_off_ -= 1;
  }
  host_.release_fds();
  // A socket that JavaScript uses itself may have been given to a child or another process, fd and all.
  const bool shared = slot.shared_fd || slot.state == SlotState::kIdle;
  leave_poller(slot, shared ? Closing::kNo : Closing::kYes);
  slot.fd.reset();
  drop_backlog(slot);
  slot.listener.reset();
  slot.datagrams.reset();
  set_queued(index, slot);
  slot.state = SlotState::kClosing;
  memory_.counters->open_sockets -= 1;
  append(Event::kClosed, index, slot);
}

}  // namespace pollux
