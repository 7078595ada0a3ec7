// poll(2) and select(2) as one look, for JavaScript: they concern no reactor.
#pragma once

#include <napi.h>

namespace pollux {

Napi::Value poll_now(const Napi::CallbackInfo& info);
Napi::Value select_now(const Napi::CallbackInfo& info);

}  // namespace pollux
