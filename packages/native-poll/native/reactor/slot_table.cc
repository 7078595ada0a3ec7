#include "slot_table.h"

namespace pollux {

uint32_t SlotTable::take() {
  uint32_t index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    index = size_++;
    if ((index & kBlockMask) == 0) blocks_.push_back(std::make_unique<Slot[]>(kBlockMask + 1));
  }
  at(index)->state = SlotState::kIdle;
  return index;
}

void SlotTable::give_back(uint32_t index) {
  Slot& slot = *at(index);
  const uint32_t next = slot.generation >= kLastGeneration ? 1 : slot.generation + 1;
  slot = Slot{};
  slot.generation = next;
  free_.push_back(index);
}

}  // namespace pollux
