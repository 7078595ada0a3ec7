// The buffers that JavaScript has lent, and our hold on them.
//
// They are allocated in JavaScript, because some environments refuse memory that an addon allocated. The
// references keep them from being collected; they can't keep a user from detaching the two that users see.
#pragma once

#include <napi.h>

#include "../reactor/rings.h"
#include "arguments.h"

namespace pollux {

class SharedMemory {
 public:
  // Takes everything from the options of a new reactor. False, with an exception pending, when one is not as
  // it should be.
  bool take(Napi::Env env, Napi::Object options, const ReactorLimits& limits);

  // Empties `memory.receive` and `memory.pool` where JavaScript has detached them, and asks for new ones.
  void revalidate(napi_env env, LentMemory& memory) const;

  void hold_slab(Napi::Object slab) { slab_ = Napi::Persistent(slab); }
  void hold_pool(Napi::Object pool) { pool_ = Napi::Persistent(pool); }
  void hold_table(Napi::Object table) { table_ = Napi::Persistent(table); }

  // Lets go of everything. The reactor is closed, and looks at none of it any more.
  void release() {
    for (Napi::ObjectReference* held :
         {&control_, &events_, &submissions_, &send_, &slab_, &pool_, &table_, &counters_}) {
      held->Reset();
    }
  }

  const LentMemory& memory() const { return memory_; }

 private:
  LentMemory memory_;
  Napi::ObjectReference control_, events_, submissions_, send_, slab_, pool_, table_, counters_;
};

}  // namespace pollux
