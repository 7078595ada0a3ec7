// What the addon exports for socket options beside the methods of NativeReactor: constants, and
// `optionLayouts` of src/binding.ts.
#pragma once

#include <napi.h>

namespace pollux {

// Adds levels and options to the exported constants.
void add_option_constants(Napi::Object constants);

// The structs of options by their C names.
Napi::Object make_option_layouts(Napi::Env env);

}  // namespace pollux
