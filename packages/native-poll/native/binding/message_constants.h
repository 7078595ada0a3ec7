// The system's numbers that go with messages, from its headers, for JavaScript.
#pragma once

#include <napi.h>

namespace pollux {

void add_message_constants(Napi::Object constants);

}  // namespace pollux
