// The system's own numbers, from its headers, for JavaScript: options, families, limits.
#pragma once

#include <napi.h>

namespace pollux {

Napi::Object make_constants(Napi::Env env);

}  // namespace pollux
