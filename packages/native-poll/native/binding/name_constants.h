// AI_*, NI_*, EAI_* and the values of h_errno, from netdb.h.
#pragma once

#include <napi.h>

namespace pollux {

void add_name_constants(Napi::Env env, Napi::Object constants);

}  // namespace pollux
