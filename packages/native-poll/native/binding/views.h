// Bytes of JavaScript's: any ArrayBufferView, as the calls take it.
#pragma once

#include <limits.h>
#include <sys/uio.h>

#include <vector>

#include "arguments.h"

namespace pollux {

// The `length` bytes from `offset` of the view at `position`, which may stand on a SharedArrayBuffer. A
// TypeError where it is no view, or where it has fewer bytes by now: it was detached or shrunk while its
// owner waited. Valid until JavaScript runs again.
Bytes view_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position, double offset,
                    double length);

// As many views as one call takes; POSIX promises at least 16 (_XOPEN_IOV_MAX).
#if defined(IOV_MAX)
inline constexpr size_t kMostViews = IOV_MAX;
#else
inline constexpr size_t kMostViews = 16;
#endif
// All of them: of a message none may be left out.
inline constexpr size_t kEveryView = SIZE_MAX;

// The views at `position` (an array), each with its length in the array behind it, without the first `skip`
// bytes of all; at most `most`. TypeErrors as above.
std::vector<iovec> views_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position,
                                  double skip, size_t most = kMostViews);

// False where `value` is no view. A detached one has no bytes.
bool view_bytes(napi_env env, napi_value value, Bytes* bytes);

}  // namespace pollux
