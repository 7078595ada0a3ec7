#include "address_calls.h"

#include <cstring>

#include "arguments.h"
#include "values.h"

namespace pollux {

namespace {

// buffer, offset, address, port, scopeId → bytes written, or -errno.
Napi::Value encode_address(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const auto offset = static_cast<size_t>(arguments.whole(1, "offset", 0, INT32_MAX));
  SocketAddress address;
  const int result = address_argument(arguments, 2, &address);
  const Bytes buffer = arguments.array_buffer(0, "buffer", offset + sizeof(sockaddr_storage));
  if (!arguments.ok()) return {};
  if (result < 0) return number(info, result);
  std::memcpy(buffer.data + offset, &address.storage, address.length);
  return number(info, address.length);
}

// buffer, offset, length → NativeAddress, or undefined where there is none.
Napi::Value decode_address(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const auto offset = static_cast<size_t>(arguments.whole(1, "offset", 0, INT32_MAX));
  const auto length = static_cast<size_t>(arguments.whole(2, "length", 0, sizeof(sockaddr_storage)));
  const Bytes buffer = arguments.array_buffer(0, "buffer", offset + length);
  if (!arguments.ok()) return {};
  if (length == 0) return info.Env().Undefined();
  SocketAddress address{};
  std::memcpy(&address.storage, buffer.data + offset, length);
  address.length = static_cast<socklen_t>(length);
  return address_value(info, address);
}

}  // namespace

void define_address_calls(Napi::Env env, Napi::Object exports) {
  exports["encodeAddress"] = Napi::Function::New<encode_address>(env, "encodeAddress");
  exports["decodeAddress"] = Napi::Function::New<decode_address>(env, "decodeAddress");
}

}  // namespace pollux
