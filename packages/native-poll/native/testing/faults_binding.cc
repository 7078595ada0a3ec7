#include "faults_binding.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "../names/lookup.h"
#include "../sys/errno_names.h"
#include "faults.h"
#include "name_faults.h"

namespace pollux {
namespace {

// With C++ exceptions off, throwing marks the environment; the caller returns at once. What a getter of the
// rule has thrown stays: a second exception on top of it would end the process.
void throw_type_error(Napi::Env env, const std::string& message) {
  if (env.IsExceptionPending()) return;
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
}

std::optional<FaultCall> call_of(std::string_view name) {
  const auto names = fault_call_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<FaultCall>(found - names.begin());
}

bool transfers_bytes(FaultCall call) {
  switch (call) {
    case FaultCall::kRecv:
    case FaultCall::kSend:
    case FaultCall::kSendmsg:
    case FaultCall::kRecvmsg:
    case FaultCall::kRecvmmsg:
    case FaultCall::kSendmmsg:
    case FaultCall::kPread:
#if POLLUX_HAVE_SPLICE
    case FaultCall::kSplice:
    case FaultCall::kSendfile:
#endif
      return true;
    default:
      return false;
  }
}

// Reads an optional whole number of at least `least`; false with a TypeError pending.
bool read_count(Napi::Object rule, const char* key, double least, uint64_t* result) {
  const Napi::Value value = rule.Get(key);
  if (value.IsUndefined()) return true;
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  constexpr double kMaxSafeInteger = 9007199254740991;
  // Written so that NaN fails.
  if (!(number >= least && number <= kMaxSafeInteger && std::floor(number) == number)) {
    throw_type_error(rule.Env(), std::string(key) + " must be a whole number of at least " +
                                     std::to_string(static_cast<int>(least)));
    return false;
  }
  *result = static_cast<uint64_t>(number);
  return true;
}

// The rule's outcome, `error` or `maxBytes`; false with a TypeError pending.
bool read_outcome(Napi::Object from, FaultRule* rule) {
  const Napi::Env env = from.Env();
  const Napi::Value error = from.Get("error");
  const bool has_max_bytes = !from.Get("maxBytes").IsUndefined();
  if (error.IsUndefined() != has_max_bytes) {
    throw_type_error(env, "a fault has either an error or maxBytes");
    return false;
  }
  if (!has_max_bytes) {
    const std::string name = error.IsString() ? error.As<Napi::String>().Utf8Value() : "";
    rule->error = errno_number(name);
    if (rule->error == 0) throw_type_error(env, "unknown error name '" + name + "'");
    return rule->error != 0;
  }
  if (!transfers_bytes(rule->call)) {
    throw_type_error(env, "maxBytes applies to calls that transfer bytes only");
    return false;
  }
  uint64_t max_bytes = 0;
  if (!read_count(from, "maxBytes", 1, &max_bytes)) return false;
  rule->max_bytes = static_cast<size_t>(max_bytes);
  return true;
}

std::optional<NameCall> name_call_of(std::string_view name) {
  const auto names = name_call_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<NameCall>(found - names.begin());
}

// A call of the name services fails with an error of its kind ("EAI_AGAIN", "TRY_AGAIN") or with an errno,
// and can be held up.
void inject_into_names(Napi::Object from, NameCall call) {
  const Napi::Env env = from.Env();
  NameFaultRule rule = {.call = call};
  if (!read_count(from, "after", 0, &rule.after) || !read_count(from, "times", 1, &rule.times)) return;
  rule.hold = from.Get("hold").ToBoolean();
  const Napi::Value error = from.Get("error");
  if (env.IsExceptionPending()) return;
  if (error.IsUndefined()) {
    if (!rule.hold) return throw_type_error(env, "a fault of a name service has an error, or holds");
  } else {
    const std::string name = error.IsString() ? error.As<Napi::String>().Utf8Value() : "";
    if (!lookup_error_number(LookupErrors::kEai, name, &rule.error) &&
        !lookup_error_number(LookupErrors::kHost, name, &rule.error)) {
      rule.system_error = errno_number(name);
      if (rule.system_error == 0) return throw_type_error(env, "unknown error name '" + name + "'");
    }
  }
  inject_name_fault(rule);
}

void inject(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) return throw_type_error(env, "a fault rule must be an object");
  const Napi::Object from = info[0].As<Napi::Object>();

  const Napi::Value name = from.Get("call");
  const std::string call_name = name.IsString() ? name.As<Napi::String>().Utf8Value() : "";
  if (const auto name_call = name_call_of(call_name)) return inject_into_names(from, *name_call);
  const std::optional<FaultCall> call = call_of(call_name);
  if (!call) return throw_type_error(env, "unknown system call '" + call_name + "'");

  FaultRule rule = {.call = *call};
  if (!read_count(from, "after", 0, &rule.after) || !read_count(from, "times", 1, &rule.times)) return;
  if (!read_outcome(from, &rule) || env.IsExceptionPending()) return;
  if (!inject_fault(rule)) {
    Napi::RangeError::New(env, "too many pending fault rules").ThrowAsJavaScriptException();
  }
}

void clear(const Napi::CallbackInfo&) {
  clear_faults();
  clear_name_faults();
}

void release(const Napi::CallbackInfo&) { release_names(); }

Napi::Value counts(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  const auto names = fault_call_names();
  for (size_t i = 0; i < names.size(); ++i) {
    result.Set(std::string(names[i]), static_cast<double>(fault_count(static_cast<FaultCall>(i))));
  }
  const auto name_calls = name_call_names();
  for (size_t i = 0; i < name_calls.size(); ++i) {
    result.Set(std::string(name_calls[i]), static_cast<double>(name_fault_count(static_cast<NameCall>(i))));
  }
  return result;
}

}  // namespace

Napi::Object make_fault_control(Napi::Env env) {
  Napi::Object control = Napi::Object::New(env);
  control.Set("inject", Napi::Function::New(env, inject, "inject"));
  control.Set("clear", Napi::Function::New(env, clear, "clear"));
  control.Set("release", Napi::Function::New(env, release, "release"));
  control.Set("counts", Napi::Function::New(env, counts, "counts"));
  return control;
}

}  // namespace pollux
