// What the methods of the binding have in common: results and addresses, from and for JavaScript.
#pragma once

#include <napi.h>

#include "../reactor/reactor.h"
#include "../sys/address.h"
#include "arguments.h"

namespace pollux {

inline Napi::Value number(const Napi::CallbackInfo& info, double value) {
  return Napi::Number::New(info.Env(), value);
}

// What stands for a port in the arguments of a Unix address: UNIX_PORT of src/addresses.ts.
inline constexpr int kUnixPort = -1;

Napi::Value handle_or_error(const Napi::CallbackInfo& info, int result, Reactor::Handle handle);

// NativeAddress of src/addresses.ts, or -EAFNOSUPPORT for a family that it has no words for.
Napi::Value address_value(const Napi::CallbackInfo& info, const SocketAddress& address);

// The same, or `result` where that is an error.
Napi::Value address_or_error(const Napi::CallbackInfo& info, int result, const SocketAddress& address);

// address, port, scopeId, from `position` on. 0, or what from_ip() says of it.
int ip_argument(Arguments& arguments, size_t position, SocketAddress* address);

// The same, or a Unix path, kUnixPort and 0. 0, or what from_ip() or from_unix() says of it.
int address_argument(Arguments& arguments, size_t position, SocketAddress* address);

}  // namespace pollux
