// Whether it pays to look for work a little longer before the thread sleeps.
//
// Putting a core to sleep and waking it costs more than a small message does. So after a round that had work,
// a turn may look again for some microseconds (ReactorLimits::busy_poll_us). Where that finds nothing (slow
// peers, or a peer that needs this very core to answer), it is tried less and less often: at worst one turn
// in kMaxSkip spins.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pollux {

class BusyPoll {
 public:
  // `events`: of the round before; 0 at a turn's beginning, so that an idle server never spins.
  bool worth_trying(uint32_t events) {
    if (events == 0 || events > kFew) return false;
    if (skip_ == 0) return true;
    --skip_;
    return false;
  }

  void record(bool found) {
    penalty_ = found ? penalty_ / 2 : std::min(penalty_ * 2 + 1, kMaxSkip);
    if (!found) skip_ = penalty_;
  }

 private:
  static constexpr uint32_t kFew = 4;
  static constexpr uint32_t kMaxSkip = 255;

  uint32_t skip_ = 0;     // tries to leave out
  uint32_t penalty_ = 0;  // how many the next failure leaves out
};

}  // namespace pollux
