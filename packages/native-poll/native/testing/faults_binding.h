// `FaultControl` of src/faults.ts: faults.h for JavaScript. Acts on the environment's own thread.
#pragma once

#include <napi.h>

namespace pollux {

Napi::Object make_fault_control(Napi::Env env);

}  // namespace pollux
