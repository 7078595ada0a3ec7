#include "name_calls.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "../names/address_lookup.h"
#include "../names/host_lookup.h"
#include "../names/interfaces.h"
#include "../names/name_lookup.h"
#include "arguments.h"
#include "name_service.h"

namespace pollux {
namespace {

constexpr double kMaxSafeInteger = 9007199254740991.0;

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

std::optional<std::string> text_or_null(const Napi::CallbackInfo& info, Arguments& arguments, size_t position,
                                        const char* name) {
  if (info[position].IsNull()) return std::nullopt;
  return arguments.text(position, name);
}

Napi::Function function_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position) {
  if (!arguments.ok()) return {};
  if (!info[position].IsFunction()) return arguments.fail_type("done", "a function"), Napi::Function();
  return info[position].As<Napi::Function>();
}

Napi::Value start(const Napi::CallbackInfo& info, std::unique_ptr<Lookup> lookup,
                  NameService::Describe describe, Napi::Function done) {
  auto* const service = static_cast<NameService*>(info.Data());
  return Napi::Number::New(info.Env(), service->start(std::move(lookup), describe, done));
}

Napi::Array texts(Napi::Env env, const std::vector<std::string>& from) {
  auto array = Napi::Array::New(env, from.size());
  for (uint32_t i = 0; i < from.size(); ++i) array.Set(i, Napi::String::New(env, from[i]));
  return array;
}

Napi::Object address_object(Napi::Env env, const AddressParts& parts) {
  auto object = Napi::Object::New(env);
  object["family"] = Napi::String::New(env, parts.family == AF_INET6 ? "IPv6" : "IPv4");
  object["address"] = Napi::String::New(env, parts.text);
  object["port"] = Napi::Number::New(env, parts.port);
  object["scopeId"] = Napi::Number::New(env, parts.scope_id);
  return object;
}

Napi::Value describe_addresses(Napi::Env env, const Lookup& lookup) {
  const auto& found = static_cast<const AddressLookup&>(lookup).found();
  auto list = Napi::Array::New(env, found.size());
  for (uint32_t i = 0; i < found.size(); ++i) {
    auto entry = Napi::Object::New(env);
    entry["flags"] = Napi::Number::New(env, found[i].flags);
    entry["family"] = Napi::Number::New(env, found[i].family);
    entry["socktype"] = Napi::Number::New(env, found[i].socktype);
    entry["protocol"] = Napi::Number::New(env, found[i].protocol);
    entry["address"] = address_object(env, found[i].address);
    if (found[i].canonical_name) entry["canonname"] = Napi::String::New(env, *found[i].canonical_name);
    list.Set(i, entry);
  }
  return list;
}

Napi::Value describe_names(Napi::Env env, const Lookup& lookup) {
  const auto& names = static_cast<const NameLookup&>(lookup);
  auto object = Napi::Object::New(env);
  object["host"] = Napi::String::New(env, names.host());
  object["service"] = Napi::String::New(env, names.service());
  return object;
}

Napi::Value describe_host(Napi::Env env, const Lookup& lookup) {
  const HostEntry& entry = static_cast<const HostLookup&>(lookup).entry();
  auto object = Napi::Object::New(env);
  object["name"] = Napi::String::New(env, entry.name);
  object["aliases"] = texts(env, entry.aliases);
  object["family"] = Napi::Number::New(env, AF_INET);
  object["addresses"] = texts(env, entry.addresses);
  return object;
}

// getaddrinfo(host, service, flags, family, socktype, protocol, done)
Napi::Value get_addresses(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  AddressQuery query;
  query.host = text_or_null(info, arguments, 0, "host");
  query.service = text_or_null(info, arguments, 1, "service");
  query.flags = arguments.integer(2, "flags");
  query.family = arguments.integer(3, "family");
  query.socktype = arguments.integer(4, "socktype");
  query.protocol = arguments.integer(5, "protocol");
  const Napi::Function done = function_argument(info, arguments, 6);
  if (!arguments.ok()) return {};
  // A NUL byte would end the text early, and what follows it would go unread.
  if ((query.host && has_nul(*query.host)) || (query.service && has_nul(*query.service))) {
    return Napi::Number::New(info.Env(), -EINVAL);
  }
  return start(info, std::make_unique<AddressLookup>(std::move(query)), describe_addresses, done);
}

// getnameinfo(address, port, flags, done)
Napi::Value get_names(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string text = arguments.text(0, "address");
  const auto port = static_cast<uint16_t>(arguments.whole(1, "port", 0, 65535));
  const int flags = arguments.integer(2, "flags");
  const Napi::Function done = function_argument(info, arguments, 3);
  if (!arguments.ok()) return {};
  SocketAddress address;
  const int parsed = has_nul(text) ? -EINVAL : from_ip(text.c_str(), port, 0, &address);
  if (parsed < 0) return Napi::Number::New(info.Env(), parsed);
  return start(info, std::make_unique<NameLookup>(address, flags), describe_names, done);
}

// gethostbyname(name, done)
Napi::Value get_host_by_name(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string name = arguments.text(0, "name");
  const Napi::Function done = function_argument(info, arguments, 1);
  if (!arguments.ok()) return {};
  if (has_nul(name)) return Napi::Number::New(info.Env(), -EINVAL);
  return start(info, std::make_unique<HostLookup>(std::move(name)), describe_host, done);
}

// gethostbyaddr(address, done)
Napi::Value get_host_by_address(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string text = arguments.text(0, "address");
  const Napi::Function done = function_argument(info, arguments, 1);
  if (!arguments.ok()) return {};
  in_addr address = {};
  if (has_nul(text) || ::inet_pton(AF_INET, text.c_str(), &address) != 1) {
    return Napi::Number::New(info.Env(), -EINVAL);
  }
  return start(info, std::make_unique<HostLookup>(address), describe_host, done);
}

// cancelLookup(ticket)
void cancel_lookup(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const double ticket = arguments.whole(0, "ticket", 0, kMaxSafeInteger);
  if (arguments.ok()) static_cast<NameService*>(info.Data())->cancel(ticket);
}

// inetPton(family, text): the bytes, 0 for text that is no such address, or -errno.
Napi::Value text_to_bytes(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int family = arguments.integer(0, "family");
  const std::string text = arguments.text(1, "text");
  if (!arguments.ok()) return {};
  uint8_t bytes[sizeof(in6_addr)] = {};
  const int result = has_nul(text) && (family == AF_INET || family == AF_INET6)
                         ? 0
                         : ::inet_pton(family, text.c_str(), bytes);
  if (result != 1) return Napi::Number::New(info.Env(), result < 0 ? -errno : 0);
  const size_t length = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  auto array = Napi::Uint8Array::New(info.Env(), length);
  std::memcpy(array.Data(), bytes, length);
  return array;
}

// inetNtop(family, bytes): the text, or -errno; `bytes` must be a Uint8Array of the family's size.
Napi::Value bytes_to_text(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int family = arguments.integer(0, "family");
  const Bytes given = arguments.bytes(1, "bytes");
  if (!arguments.ok()) return {};
  uint8_t bytes[sizeof(in6_addr)] = {};
  if (family == AF_INET || family == AF_INET6) {
    const size_t wanted = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
    if (given.size != wanted) {
      const auto size = static_cast<double>(wanted);
      return arguments.fail_range("bytes.length", size, size), Napi::Value();
    }
    std::memcpy(bytes, given.data, given.size);
  }
  char text[INET6_ADDRSTRLEN] = "";
  if (::inet_ntop(family, bytes, text, sizeof text) == nullptr) return Napi::Number::New(info.Env(), -errno);
  return Napi::String::New(info.Env(), text);
}

// ifNametoindex(name): the index, or -errno.
Napi::Value name_to_index(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string name = arguments.text(0, "name");
  if (!arguments.ok()) return {};
  const int64_t result = has_nul(name) ? -EINVAL : interface_index(name);
  return Napi::Number::New(info.Env(), static_cast<double>(result));
}

// ifIndextoname(index): the name, or -errno.
Napi::Value index_to_name(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const auto index = static_cast<uint32_t>(arguments.whole(0, "index", 0, UINT32_MAX));
  if (!arguments.ok()) return {};
  std::string name;
  const int result = interface_name(index, &name);
  if (result < 0) return Napi::Number::New(info.Env(), result);
  return Napi::String::New(info.Env(), name);
}

}  // namespace

void define_name_calls(Napi::Env env, Napi::Object exports) {
  NameService* const service = NameService::create(env);
  exports["getaddrinfo"] = Napi::Function::New<get_addresses>(env, "getaddrinfo", service);
  exports["getnameinfo"] = Napi::Function::New<get_names>(env, "getnameinfo", service);
  exports["gethostbyname"] = Napi::Function::New<get_host_by_name>(env, "gethostbyname", service);
  exports["gethostbyaddr"] = Napi::Function::New<get_host_by_address>(env, "gethostbyaddr", service);
  exports["cancelLookup"] = Napi::Function::New<cancel_lookup>(env, "cancelLookup", service);
  exports["inetPton"] = Napi::Function::New<text_to_bytes>(env, "inetPton");
  exports["inetNtop"] = Napi::Function::New<bytes_to_text>(env, "inetNtop");
  exports["ifNametoindex"] = Napi::Function::New<name_to_index>(env, "ifNametoindex");
  exports["ifIndextoname"] = Napi::Function::New<index_to_name>(env, "ifIndextoname");
}

}  // namespace pollux
