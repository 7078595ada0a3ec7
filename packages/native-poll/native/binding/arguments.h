// Guards at the border: what JavaScript passes is checked here, once, and trusted inside.
#pragma once

#include <napi.h>

#include <cmath>
#include <string>

#include "../reactor/reactor.h"

namespace pollux {

// Reads the arguments of one call. The first wrong one throws a TypeError or RangeError that names it; the
// values then are zeros, and the caller returns at once.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  // In an environment that ends nothing can be thrown any more: that an argument was wrong is noted here too.
  bool ok() const { return !failed_ && !info_.Env().IsExceptionPending(); }

  // A whole number from `low` to `high`.
  double whole(size_t position, const char* name, double low, double high) {
    if (!ok()) return 0;
    const Napi::Value value = info_[position];
    if (!value.IsNumber()) return fail_type(name, "a number"), 0;
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!(number >= low && number <= high) || number != std::floor(number))
      return fail_range(name, low, high), 0;
    return number;
  }

  int integer(size_t position, const char* name) {
    return static_cast<int>(whole(position, name, INT32_MIN, INT32_MAX));
  }

  bool boolean(size_t position, const char* name) {
    if (!ok()) return false;
    const Napi::Value value = info_[position];
    if (!value.IsBoolean()) return fail_type(name, "a boolean"), false;
    return value.As<Napi::Boolean>();
  }

  std::string text(size_t position, const char* name) {
    if (!ok()) return {};
    const Napi::Value value = info_[position];
    if (!value.IsString()) return fail_type(name, "a string"), std::string();
    return value.As<Napi::String>();
  }

  // A number that was never a handle is one that nobody has any more: the reactor answers EBADF.
  Reactor::Handle handle(size_t position) {
    const double number = whole(position, "handle", 0, 9007199254740991.0);
    const auto bits = static_cast<uint64_t>(number);
    const auto base = static_cast<uint64_t>(kHandleBase);
    return {static_cast<uint32_t>(bits % base), static_cast<uint32_t>(bits / base)};
  }

  Bytes array_buffer(size_t position, const char* name, size_t minimum) {
    if (!ok()) return {};
    const Napi::Value value = info_[position];
    if (!value.IsArrayBuffer()) return fail_type(name, "an ArrayBuffer"), Bytes{};
    auto buffer = value.As<Napi::ArrayBuffer>();
    if (buffer.IsDetached() || buffer.ByteLength() < minimum || buffer.ByteLength() > INT32_MAX) {
      return fail_range(name, static_cast<double>(minimum), INT32_MAX), Bytes{};
    }
    return {static_cast<uint8_t*>(buffer.Data()), buffer.ByteLength()};
  }

  // A Uint8Array, which may also stand on a SharedArrayBuffer. A detached one has no bytes.
  Bytes bytes(size_t position, const char* name) {
    if (!ok()) return {};
    napi_typedarray_type type = napi_int8_array;
    size_t size = 0;
    void* data = nullptr;
    const napi_status status =
        napi_get_typedarray_info(info_.Env(), info_[position], &type, &size, &data, nullptr, nullptr);
    if (status != napi_ok || type != napi_uint8_array) return fail_type(name, "a Uint8Array"), Bytes{};
    return {static_cast<uint8_t*>(data), size};
  }

  void fail_type(const char* name, const char* wanted) {
    if (!fail()) return;
    Napi::TypeError::New(info_.Env(), std::string(name) + " must be " + wanted).ThrowAsJavaScriptException();
  }

  void fail_range(const char* name, double low, double high) {
    if (!fail()) return;
    Napi::RangeError::New(info_.Env(), std::string(name) + " must be a whole number from " +
                                           std::to_string(static_cast<int64_t>(low)) + " to " +
                                           std::to_string(static_cast<int64_t>(high)))
        .ThrowAsJavaScriptException();
  }

 private:
  // False where something was thrown already, perhaps by a getter: a second exception would end the process.
  bool fail() {
    failed_ = true;
    return !info_.Env().IsExceptionPending();
  }

  const Napi::CallbackInfo& info_;
  bool failed_ = false;
};

}  // namespace pollux
