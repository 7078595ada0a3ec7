// getsockopt(2) and setsockopt(2) as methods of NativeReactor, and the tables that their callers need.
#include "option_calls.h"

#include <cstring>
#include <vector>

#include "../calls/option_constants.h"
#include "../calls/option_layouts.h"
#include "../calls/options.h"
#include "../sys/address.h"
#include "reactor_object.h"
#include "values.h"

namespace pollux {

namespace {

// More than any option of any kernel has; the memory is zeroed before each call.
constexpr double kMaxOptionBytes = 1 << 20;

Napi::Value copy_of(Napi::Env env, const void* bytes, size_t length) {
  auto copy = Napi::Uint8Array::New(env, length);
  // Empty in an environment that is ending.
  if (!copy.IsEmpty() && length > 0) std::memcpy(copy.Data(), bytes, length);
  return copy;
}

Napi::Object field_object(Napi::Env env, const LayoutField& field) {
  auto object = Napi::Object::New(env);
  object["offset"] = Napi::Number::New(env, static_cast<double>(field.offset));
  object["bytes"] = Napi::Number::New(env, static_cast<double>(field.bytes));
  object["signed"] = Napi::Boolean::New(env, field.is_signed);
  object["shift"] = Napi::Number::New(env, field.shift);
  object["bits"] = Napi::Number::New(env, field.bits);
  return object;
}

void add_layouts(Napi::Object object, const std::vector<Layout>& layouts) {
  const Napi::Env env = object.Env();
  for (const Layout& layout : layouts) {
    auto fields = Napi::Object::New(env);
    for (const LayoutField& field : layout.fields) fields[field.name] = field_object(env, field);
    auto entry = Napi::Object::New(env);
    entry["bytes"] = Napi::Number::New(env, static_cast<double>(layout.bytes));
    entry["fields"] = fields;
    object[layout.name] = entry;
  }
}

}  // namespace

void add_option_constants(Napi::Object constants) {
  for (const auto table : {socket_option_constants(), ip_option_constants(), transport_option_constants()}) {
    for (const NamedConstant& constant : table) {
      constants[constant.name] = Napi::Number::New(constants.Env(), constant.value);
    }
  }
}

Napi::Object make_option_layouts(Napi::Env env) {
  auto layouts = Napi::Object::New(env);
  add_layouts(layouts, option_layouts());
  add_layouts(layouts, kernel_layouts());
  return layouts;
}

void ReactorObject::add_option_calls(Methods& methods) {
  using Self = ReactorObject;
  methods.insert(methods.end(), {
                                    InstanceMethod<&Self::set_option>("setOption"),
                                    InstanceMethod<&Self::get_option>("getOption"),
                                    InstanceMethod<&Self::set_option_bytes>("setOptionBytes"),
                                    InstanceMethod<&Self::get_option_bytes>("getOptionBytes"),
                                });
}

Napi::Value ReactorObject::set_option(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const int level = arguments.integer(1, "level");
  const int name = arguments.integer(2, "name");
  const int value = arguments.integer(3, "value");
  if (!arguments.ok()) return {};
  const int fd = reactor_->fd(handle);
  return number(info, fd < 0 ? fd : set_int_option(fd, level, name, value));
}

Napi::Value ReactorObject::get_option(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const int level = arguments.integer(1, "level");
  const int name = arguments.integer(2, "name");
  if (!arguments.ok()) return {};
  int value = 0;
  const int fd = reactor_->fd(handle);
  const int result = fd < 0 ? fd : get_int_option(fd, level, name, &value);
  auto pair = Napi::Array::New(info.Env(), 2);
  pair.Set(0u, number(info, result));
  pair.Set(1u, number(info, value));
  return pair;
}

Napi::Value ReactorObject::set_option_bytes(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const int level = arguments.integer(1, "level");
  const int name = arguments.integer(2, "name");
  const Bytes value = arguments.bytes(3, "value");
  if (!arguments.ok()) return {};
  if (value.size > kMaxOptionBytes) {
    return arguments.fail_range("the length of value", 0, kMaxOptionBytes), Napi::Value();
  }
  const int fd = reactor_->fd(handle);
  return number(info, fd < 0 ? fd : set_raw_option(fd, level, name, value.data, value.size));
}

Napi::Value ReactorObject::get_option_bytes(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const int level = arguments.integer(1, "level");
  const int name = arguments.integer(2, "name");
  const auto capacity = static_cast<size_t>(arguments.whole(3, "maxBytes", 0, kMaxOptionBytes));
  if (!arguments.ok()) return {};
  const int fd = reactor_->fd(handle);
  if (fd < 0) return number(info, fd);
  std::vector<uint8_t> value(capacity);
  const int result = get_raw_option(fd, level, name, value.data(), capacity);
  if (result < 0) return number(info, result);
  return copy_of(info.Env(), value.data(), static_cast<size_t>(result));
}

}  // namespace pollux
