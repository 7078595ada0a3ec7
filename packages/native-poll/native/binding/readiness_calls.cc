// The methods of NativeReactor that wait for readiness, or look at it.
#include "arguments.h"
#include "reactor_object.h"
#include "values.h"

namespace pollux {

namespace {

constexpr uint8_t kWatchable = kReadable | kWritable | kPriority;

}  // namespace

void ReactorObject::add_readiness_calls(Methods& methods) {
  using Self = ReactorObject;
  methods.insert(methods.end(), {
                                    InstanceMethod<&Self::watch>("watch"),
                                });
}

Napi::Value ReactorObject::watch(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const auto interest = static_cast<uint8_t>(arguments.whole(1, "interest", 0, kWatchable));
  if (!arguments.ok()) return {};
  if (interest & ~kWatchable) {
    return arguments.fail_type("interest", "made of READABLE, WRITABLE and PRIORITY"), Napi::Value();
  }
  return number(info, reactor_->watch(handle, interest));
}

}  // namespace pollux
