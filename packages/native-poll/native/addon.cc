// `NativeBinding` of src/binding.ts: what the addon gives to each environment that loads it. No globals:
// every environment (the main thread, each worker) has objects of its own.
#include <napi.h>

#include "binding/address_calls.h"
#include "binding/arguments.h"
#include "binding/constants.h"
#include "binding/control_values.h"
#include "binding/name_calls.h"
#include "binding/option_calls.h"
#include "binding/reactor_object.h"
#include "binding/readiness_calls.h"
#include "poller/poller.h"
#include "sys/errno_names.h"
#if defined(POLLUX_TESTING)
#include "testing/faults_binding.h"
#endif

namespace pollux {
namespace {

Napi::Value error_name(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int number = arguments.integer(0, "errno");
  if (!arguments.ok()) return {};
  return Napi::String::New(info.Env(), std::string(errno_name(number)));
}

Napi::Value error_text(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int number = arguments.integer(0, "errno");
  if (!arguments.ok()) return {};
  return Napi::String::New(info.Env(), errno_text(number));
}

Napi::Value error_number(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string name = arguments.text(0, "name");
  if (!arguments.ok()) return {};
  return Napi::Number::New(info.Env(), errno_number(name));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto backends = Napi::Array::New(env);
  for (const std::string_view name : poller_names()) {
    backends.Set(backends.Length(), Napi::String::New(env, std::string(name)));
  }
  exports["Reactor"] = ReactorObject::define(env);
  exports["backends"] = backends;
  exports["constants"] = make_constants(env);
  exports["optionLayouts"] = make_option_layouts(env);
  exports["errorName"] = Napi::Function::New<error_name>(env, "errorName");
  exports["errorText"] = Napi::Function::New<error_text>(env, "errorText");
  define_address_calls(env, exports);
  add_control_functions(env, exports);
  exports["errorNumber"] = Napi::Function::New<error_number>(env, "errorNumber");
  define_name_calls(env, exports);
  exports["pollNow"] = Napi::Function::New<poll_now>(env, "pollNow");
  exports["selectNow"] = Napi::Function::New<select_now>(env, "selectNow");
#if defined(POLLUX_TESTING)
  exports["faults"] = make_fault_control(env);
#endif
  return exports;
}

NODE_API_MODULE(pollux_poll, init)

}  // namespace
}  // namespace pollux
