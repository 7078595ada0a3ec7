// Bytes of JavaScript's: any ArrayBufferView, as the calls take it.
#pragma once

#include <sys/uio.h>

#include <vector>

#include "../calls/call_flags.h"
#include "arguments.h"

namespace pollux {

// The `length` bytes from `offset` of the view at `position`, which may stand on a SharedArrayBuffer. A
// TypeError where it is no view, or where it has fewer bytes by now: it was detached or shrunk while its
// owner waited. Valid until JavaScript runs again.
Bytes view_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position, double offset,
                    double length);

// All of them: of a message none may be left out.
inline constexpr size_t kEveryView = SIZE_MAX;

// The views at `position` (an array), each with its length in the array behind it, without the first `skip`
// bytes of all; at most `most`. TypeErrors as above.
std::vector<iovec> views_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position,
                                  double skip, size_t most = kMostParts);

// False where `value` is no view. A detached one has no bytes.
bool view_bytes(napi_env env, napi_value value, Bytes* bytes);

}  // namespace pollux
