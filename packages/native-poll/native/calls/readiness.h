// poll(2) and select(2) as one look: descriptors of any kind, and no waiting.
#pragma once

#include <cstdint>
#include <span>

#include "../sys/syscalls.h"

namespace pollux {

// How many have revents other than 0, or -errno (EINVAL: more than RLIMIT_NOFILE).
int poll_now(std::span<pollfd> fds);

// In which of select(2)'s three sets an fd stands.
enum SelectSet : int32_t { kInRead = 1, kInWrite = 2, kInExcept = 4 };

struct SelectEntry {
  int32_t fd;
  int32_t wanted;  // of SelectSet
  int32_t ready;
};

// Fills in `ready`. How many sets' bits that are in all, or -errno (EBADF: one is not open; ERANGE: one is
// FD_SETSIZE or more, or less than 0, and the kernel was not asked).
int select_now(std::span<SelectEntry> entries);

}  // namespace pollux
