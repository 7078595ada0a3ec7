// The functions of NativeBinding for addresses in binary form: `encodeAddress` and `decodeAddress`.
#pragma once

#include <napi.h>

namespace pollux {

void define_address_calls(Napi::Env env, Napi::Object exports);

}  // namespace pollux
