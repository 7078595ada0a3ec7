// Control messages between JavaScript and C++. There a list of them is one flat array, CONTROL_FIELDS values
// for each: its ControlKind, and four that depend on it:
//
//     kRights        descriptors (an array of fds; received: of handles)
//     kCredentials   pid, uid, gid
//     kIp…Pktinfo    interface, address as text[, local address as text]
//     kTimestamp…    seconds, nanoseconds
//     kUnknown       level, name, data (a Uint8Array)
//     the others     a number
#pragma once

#include <napi.h>

#include <span>
#include <vector>

#include "../calls/control_messages.h"
#include "../reactor/reactor.h"
#include "arguments.h"

namespace pollux {

inline constexpr uint32_t kControlFields = 5;

// The list at `position`, encoded; undefined is none. 0, or what encode_control() says of it; a TypeError or
// RangeError is pending where the list is not as it should be.
int control_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position,
                     std::vector<uint8_t>* control);

// The way back. `kept` are the descriptors of all kRights in their order.
Napi::Value control_value(Napi::Env env, const std::vector<ControlMessage>& messages,
                          std::span<const Reactor::Handle> kept);

// The functions of NativeBinding that tell the sizes of control data.
void add_control_functions(Napi::Env env, Napi::Object exports);

}  // namespace pollux
