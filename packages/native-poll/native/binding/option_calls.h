// What the addon exports for socket options beside the methods of NativeReactor: `optionLayouts` and
// `packAddress` of src/binding.ts.
#pragma once

#include <napi.h>

namespace pollux {

// Adds levels and options to the exported constants.
void add_option_constants(Napi::Object constants);

// The structs of options by their C names.
Napi::Object make_option_layouts(Napi::Env env);

// A numeric address as the sockaddr that the kernel takes, or -EINVAL or -ENODEV.
Napi::Value pack_address(const Napi::CallbackInfo& info);

}  // namespace pollux
