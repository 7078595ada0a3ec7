#include "views.h"

namespace pollux {

namespace {

constexpr double kMaxLength = 9007199254740991.0;

size_t element_size(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    default:
      // Of 8 bytes are the others that there are today; of a new kind only as many bytes are taken as it has
      // elements, which is never too many.
      return type == napi_float64_array || type == napi_bigint64_array || type == napi_biguint64_array ? 8
                                                                                                       : 1;
  }
}

bool take_view(napi_env env, napi_value value, Arguments& arguments, double offset, double length,
               Bytes* bytes) {
  Bytes whole{};
  if (!view_bytes(env, value, &whole)) {
    arguments.fail_type("buffer", "an ArrayBufferView");
    return false;
  }
  if (offset + length > static_cast<double>(whole.size)) {
    arguments.fail_type("buffer", "as long as it was: it has been detached or shrunk");
    return false;
  }
  *bytes = {whole.data + static_cast<size_t>(offset), static_cast<size_t>(length)};
  return true;
}

}  // namespace

bool view_bytes(napi_env env, napi_value value, Bytes* bytes) {
  bool is = false;
  size_t length = 0;
  void* data = nullptr;
  if (napi_is_typedarray(env, value, &is) == napi_ok && is) {
    napi_typedarray_type type = napi_uint8_array;
    if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) {
      return false;
    }
    *bytes = {static_cast<uint8_t*>(data), length * element_size(type)};
    return true;
  }
  if (napi_is_dataview(env, value, &is) != napi_ok || !is) return false;
  if (napi_get_dataview_info(env, value, &length, &data, nullptr, nullptr) != napi_ok) return false;
  *bytes = {static_cast<uint8_t*>(data), length};
  return true;
}

Bytes view_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position, double offset,
                    double length) {
  Bytes bytes{};
  if (arguments.ok()) take_view(info.Env(), info[position], arguments, offset, length, &bytes);
  return bytes;
}

std::vector<iovec> views_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position,
                                  double skip, size_t most) {
  std::vector<iovec> vectors;
  if (!arguments.ok()) return vectors;
  if (!info[position].IsArray() || !info[position + 1].IsArray()) {
    arguments.fail_type("buffers", "an array of ArrayBufferViews, and one of their lengths");
    return vectors;
  }
  const auto views = info[position].As<Napi::Array>();
  const auto lengths = info[position + 1].As<Napi::Array>();
  // All of them before the first is looked into: an element may be a getter, which may detach another.
  struct Part {
    Napi::Value view;
    double offset;
    double length;
  };
  std::vector<Part> parts;
  for (uint32_t i = 0; i < views.Length() && parts.size() < most; ++i) {
    const Napi::Value wanted = lengths.Get(i);
    if (!arguments.ok()) return vectors;
    const double length = wanted.IsNumber() ? wanted.As<Napi::Number>().DoubleValue() : -1;
    if (!(length >= 0 && length <= kMaxLength) || length != std::floor(length)) {
      arguments.fail_range("length", 0, kMaxLength);
      return vectors;
    }
    if (skip > 0 && length <= skip) {
      skip -= length;
      continue;
    }
    parts.push_back({views.Get(i), skip, length - skip});
    skip = 0;
    if (!arguments.ok()) return vectors;  // a getter threw
  }
  for (const Part& part : parts) {
    Bytes bytes{};
    if (!take_view(info.Env(), part.view, arguments, part.offset, part.length, &bytes)) return {};
    vectors.push_back({bytes.data, bytes.size});
  }
  return vectors;
}

}  // namespace pollux
