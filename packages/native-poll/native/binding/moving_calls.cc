// Methods of NativeReactor that have the reactor move bytes by itself: from a file, or from another socket.
#include "arguments.h"
#include "reactor_object.h"
#include "values.h"

namespace pollux {

void ReactorObject::add_moving_calls(Methods& methods) {
  using Self = ReactorObject;
  methods.insert(methods.end(), {
                                    InstanceMethod<&Self::send_file>("sendFile"),
                                    InstanceMethod<&Self::pipe>("pipe"),
                                });
}

Napi::Value ReactorObject::send_file(const Napi::CallbackInfo& info) {
  // The largest whole number that a double has exactly; less than the largest off_t.
  constexpr double kMaxOffset = 9007199254740991.0;
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const int fd = arguments.integer(1, "fd");
  const auto offset = static_cast<uint64_t>(arguments.whole(2, "offset", 0, kMaxOffset));
  const auto length = static_cast<uint64_t>(arguments.whole(3, "length", 0, kMaxOffset));
  if (!arguments.ok()) return {};
  return number(info, reactor_->send_file(handle, fd, offset, length));
}

Napi::Value ReactorObject::pipe(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle from = arguments.handle(0);
  const Reactor::Handle to = arguments.handle(1);
  if (!arguments.ok()) return {};
  return number(info, reactor_->pipe(from, to));
}

}  // namespace pollux
