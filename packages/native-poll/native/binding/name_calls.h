// `NameCalls` of src/names.ts: name services and small address calls.
#pragma once

#include <napi.h>

namespace pollux {

void define_name_calls(Napi::Env env, Napi::Object exports);

}  // namespace pollux
