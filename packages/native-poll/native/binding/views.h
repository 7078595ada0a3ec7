// Bytes of JavaScript's: any ArrayBufferView, as the calls take it.
#pragma once

#include <sys/uio.h>

#include <vector>

#include "arguments.h"

namespace pollux {

// The `length` bytes from `offset` of the view at `position`, which may stand on a SharedArrayBuffer. A
// TypeError where it is no view, or where it has fewer bytes by now: it was detached or shrunk while its
// owner waited. Valid until JavaScript runs again.
Bytes view_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position, double offset,
                    double length);

// The views at `position` (an array), each with its length in the array behind it, without the first `skip`
// bytes of all; at most as many as one call takes. TypeErrors as above.
std::vector<iovec> views_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position,
                                  double skip);

}  // namespace pollux
