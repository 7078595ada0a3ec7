// What every send of the reactor has in common; its flags are those of all calls.
#pragma once

#include "../calls/call_flags.h"

namespace pollux {

// send(2): not now. ENOBUFS is a full interface queue, which empties as EAGAIN's buffer does.
inline bool is_full(ssize_t result) {
  return result == -EAGAIN || result == -EWOULDBLOCK || result == -ENOBUFS;
}

}  // namespace pollux
