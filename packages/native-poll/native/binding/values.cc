#include "values.h"

namespace pollux {

Napi::Value handle_or_error(const Napi::CallbackInfo& info, int result, Reactor::Handle handle) {
  if (result < 0) return number(info, result);
  return number(info, handle.generation * kHandleBase + handle.slot);
}

Napi::Value address_value(const Napi::CallbackInfo& info, const SocketAddress& address) {
  const AddressParts parts = describe(address.get(), address.length);
  if (parts.family == AF_UNSPEC) return number(info, -EAFNOSUPPORT);
  auto object = Napi::Object::New(info.Env());
  if (parts.family == AF_UNIX) {
    object["family"] = Napi::String::New(info.Env(), "Unix");
    object["path"] = Napi::String::New(info.Env(), parts.text);
    return object;
  }
  object["family"] = Napi::String::New(info.Env(), parts.family == AF_INET6 ? "IPv6" : "IPv4");
  object["address"] = Napi::String::New(info.Env(), parts.text);
  object["port"] = number(info, parts.port);
  object["scopeId"] = number(info, parts.scope_id);
  return object;
}

Napi::Value address_or_error(const Napi::CallbackInfo& info, int result, const SocketAddress& address) {
  return result < 0 ? number(info, result) : address_value(info, address);
}

int ip_argument(Arguments& arguments, size_t position, SocketAddress* address) {
  const std::string text = arguments.text(position, "address");
  const auto port = static_cast<uint16_t>(arguments.whole(position + 1, "port", 0, 65535));
  const auto scope = static_cast<uint32_t>(arguments.whole(position + 2, "scopeId", 0, UINT32_MAX));
  if (!arguments.ok()) return 0;
  // A NUL byte would end the text early, and what follows it would go unread.
  if (text.find('\0') != std::string::npos) return -EINVAL;
  return from_ip(text.c_str(), port, scope, address);
}

int address_argument(Arguments& arguments, size_t position, SocketAddress* address) {
  const double port = arguments.whole(position + 1, "port", kUnixPort, 65535);
  if (!arguments.ok() || port != kUnixPort) return ip_argument(arguments, position, address);
  const std::string path = arguments.text(position, "path");
  return arguments.ok() ? from_unix(path, address) : 0;
}

}  // namespace pollux
