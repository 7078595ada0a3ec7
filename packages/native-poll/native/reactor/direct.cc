// Sockets that the program drives itself, call by call. Their slots stay kIdle: the reactor keeps the
// descriptor, closes it when the program or the environment says so, and moves no bytes.
#include <algorithm>
#include <cstring>

#include "../calls/endpoints.h"
#include "../sys/descriptor.h"
#include "reactor.h"

namespace pollux {

int Reactor::create_pair(int family, int type, int protocol, Handle handles[2]) {
  if (closed_) return -EBADF;
  if (slots_.free_count() < 2) {
    memory_.control->need_table = 1;
    return -ENFILE;
  }
  UniqueFd ends[2];
  const int result = make_pair(family, type, protocol, ends);
  if (result < 0) return result;
  for (int i = 0; i < 2; ++i) take_slot(std::move(ends[i]), &handles[i]);
  return 0;
}

int Reactor::adopt_socket(int fd, Handle* handle) {
  SocketKind kind;
  int result = describe_socket(fd, &kind);
  if (result < 0) return result;
  if (owns_fd(fd)) return -EEXIST;
  result = require_slot();
  if (result < 0) return result;
  result = make_nonblocking(fd);
  if (result < 0) return result;
  take_slot(UniqueFd(fd), handle);
  slots_.at(handle->slot)->shared_fd = true;
  return 0;
}

int Reactor::direct_fd(Handle handle) {
  Slot* slot = find(handle);
  return slot && slot->state == SlotState::kIdle ? slot->fd.get() : -EBADF;
}

int Reactor::accept_now(Handle listener, Handle* handle) {
  const int fd = direct_fd(listener);
  if (fd < 0) return fd;
  // First: a connection that was taken must have somewhere to go.
  const int room = require_slot();
  if (room < 0) return room;
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  const int accepted = retry([&] {
    length = sizeof peer;
    return syscalls().accept(fd, reinterpret_cast<sockaddr*>(&peer), &length);
  });
  if (accepted < 0) return accepted == -EWOULDBLOCK ? -EAGAIN : accepted;
  take_slot(UniqueFd(accepted), handle);
  Slot& slot = *slots_.at(handle->slot);
  if (length > 0 && peer.ss_family != AF_UNIX && length <= sizeof slot.peer) {
    std::memcpy(&slot.peer, &peer, length);
    slot.peer_length = length;
  }
  memory_.counters->accepted += 1;
  return 0;
}

// Out of the poller, and the slot free at once: nobody waits for a CLOSED, and a record that still speaks of
// this generation is recognised as stale. Never Closing::kYes: a child process or a message may have taken a
// second descriptor of the same open file along.
UniqueFd Reactor::leave_slot(Handle handle) {
  Slot& slot = *slots_.at(handle.slot);
  host_.release_fds();
  leave_poller(slot, Closing::kNo);
  UniqueFd fd = std::move(slot.fd);
  if (slot.referenced) count_reference(-1);
  memory_.counters->open_sockets -= 1;
  slots_.give_back(handle.slot);
  return fd;
}

int Reactor::close_now(Handle handle) {
  if (direct_fd(handle) < 0) return -EBADF;
  leave_slot(handle).reset();
  return 0;
}

int Reactor::detach(Handle handle) {
  if (direct_fd(handle) < 0) return -EBADF;
  return leave_slot(handle).release();
}

}  // namespace pollux
