#include "readiness.h"

#include <algorithm>

namespace pollux {

int poll_now(std::span<pollfd> fds) {
  return retry([&] { return syscalls().poll(fds.data(), static_cast<nfds_t>(fds.size()), 0); });
}

int select_now(std::span<SelectEntry> entries) {
  struct Sets {
    fd_set read, write, except;
  } wanted;
  FD_ZERO(&wanted.read);
  FD_ZERO(&wanted.write);
  FD_ZERO(&wanted.except);
  int end = 0;
  for (const SelectEntry& entry : entries) {
    // Beyond its size a set is somebody else's memory.
    if (entry.fd < 0 || entry.fd >= FD_SETSIZE) return -ERANGE;
    if (entry.wanted & kInRead) FD_SET(entry.fd, &wanted.read);
    if (entry.wanted & kInWrite) FD_SET(entry.fd, &wanted.write);
    if (entry.wanted & kInExcept) FD_SET(entry.fd, &wanted.except);
    end = std::max(end, entry.fd + 1);
  }
  Sets found;
  const int count = retry([&] {
    found = wanted;
    timeval at_once{};
    return syscalls().select(end, &found.read, &found.write, &found.except, &at_once);
  });
  if (count < 0) return count;
  for (SelectEntry& entry : entries) {
    const int ready = (FD_ISSET(entry.fd, &found.read) ? kInRead : 0) |
                      (FD_ISSET(entry.fd, &found.write) ? kInWrite : 0) |
                      (FD_ISSET(entry.fd, &found.except) ? kInExcept : 0);
    entry.ready = ready & entry.wanted;
  }
  return count;
}

}  // namespace pollux
