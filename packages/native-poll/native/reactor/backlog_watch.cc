// Tells JavaScript when the queued output of all sockets together leaves a range, so that a server can bound
// it.
//
// Looked at where output has moved for a batch of sockets, not for each of them: at the end of a drain, after
// a round of flushes, and after a direct write.
#include <limits>

#include "reactor.h"

namespace pollux {

void Reactor::watch_backlog(double above, double below) {
  backlog_above_ = above;
  backlog_below_ = below;
  look_at_backlog();
}

// The record is nobody's: slot and generation are 0.
void Reactor::look_at_backlog() {
  const double bytes = memory_.counters->backlog_bytes;
  if ((bytes < backlog_above_ && bytes > backlog_below_) || closed_) return;
  backlog_above_ = std::numeric_limits<double>::infinity();
  backlog_below_ = -std::numeric_limits<double>::infinity();
  put({static_cast<uint32_t>(Event::kBacklog), 0, 0, 0});
}

}  // namespace pollux
