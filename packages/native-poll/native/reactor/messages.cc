// Messages on sockets that the program drives itself. What arrives with them is owned at once: a descriptor
// that was received is a slot of this reactor before anybody hears of it, and is closed with it at the
// latest.
#include "../calls/message.h"
#include "reactor.h"

namespace pollux {

ssize_t Reactor::receive_message_now(Handle handle, std::span<iovec> parts, size_t control_bytes, int flags,
                                     IncomingMessage* message, std::vector<Handle>* kept) {
  const int fd = direct_fd(handle);
  if (fd < 0) return fd;
  // Before anything is received: JavaScript may lend a larger table and ask again.
  if (slots_.free_count() < most_fds(control_bytes)) {
    memory_.control->need_table = 1;
    return -ENFILE;
  }
  const ssize_t result = receive_message(fd, parts, control_bytes, flags, message);
  for (UniqueFd& each : message->fds) {
    // More than the room was for can't be; if they come, they are closed, and it is said.
    if (!slots_.has_free()) {
      message->flags |= MSG_CTRUNC;
      continue;
    }
    kept->push_back(keep(std::move(each)));
  }
  return result;
}

// The sender may have descriptors of the same open file, which is why no flag of it is changed, and no poller
// is left to notice that it is closed.
Reactor::Handle Reactor::keep(UniqueFd fd) {
  Handle handle{};
  take_slot(std::move(fd), &handle);
  slots_.at(handle.slot)->shared_fd = true;
  set_referenced(handle, false);
  return handle;
}

int Reactor::send_batch(Handle handle, const DatagramRecords& records, int flags) {
  const int fd = direct_fd(handle);
  return fd < 0 ? fd : datagram_calls_.send(fd, records, flags);
}

int Reactor::receive_batch(Handle handle, const DatagramRecords& records, int flags) {
  const int fd = direct_fd(handle);
  if (fd < 0) return fd;
  Slot& slot = *find(handle);
  if (slot.deferred_error < 0) return std::exchange(slot.deferred_error, 0);
  return datagram_calls_.receive(fd, records, flags, &slot.deferred_error);
}

}  // namespace pollux
