#include "addresses.h"

namespace pollux {

int ip_argument(Arguments& arguments, size_t position, SocketAddress* address) {
  const std::string text = arguments.text(position, "address");
  const auto port = static_cast<uint16_t>(arguments.whole(position + 1, "port", 0, 65535));
  const auto scope = static_cast<uint32_t>(arguments.whole(position + 2, "scopeId", 0, UINT32_MAX));
  if (!arguments.ok()) return 0;
  // A NUL byte would end the text early, and what follows it would go unread.
  if (text.find('\0') != std::string::npos) return -EINVAL;
  return from_ip(text.c_str(), port, scope, address);
}

Napi::Value address_object(Napi::Env env, const SocketAddress& address) {
  const AddressParts parts = describe(address.get(), address.length);
  if (parts.family == AF_UNSPEC) return env.Null();
  auto object = Napi::Object::New(env);
  if (parts.family == AF_UNIX) {
    object["family"] = Napi::String::New(env, "Unix");
    object["path"] = Napi::String::New(env, parts.text);
    return object;
  }
  object["family"] = Napi::String::New(env, parts.family == AF_INET6 ? "IPv6" : "IPv4");
  object["address"] = Napi::String::New(env, parts.text);
  object["port"] = Napi::Number::New(env, parts.port);
  object["scopeId"] = Napi::Number::New(env, parts.scope_id);
  return object;
}

}  // namespace pollux
