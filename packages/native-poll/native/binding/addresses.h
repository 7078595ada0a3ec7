// Addresses as arguments and results of methods.
#pragma once

#include "../sys/address.h"
#include "arguments.h"

namespace pollux {

// address, port, scopeId, from `position` on. 0, or -errno; where an argument was wrong, the caller looks at
// ok().
int ip_argument(Arguments& arguments, size_t position, SocketAddress* address);

// A NativeAddress; null where it is of no family that we know.
Napi::Value address_object(Napi::Env env, const SocketAddress& address);

}  // namespace pollux
