#include "host_lookup.h"

#include <arpa/inet.h>

#include <cerrno>

#include "resolver.h"

#if POLLUX_HAVE_GETHOSTBYNAME_R

namespace pollux {
namespace {

// No host has a megabyte of names: a service that asks for more than that is broken.
constexpr size_t kFirstBytes = 1024;
constexpr size_t kMostBytes = 1 << 20;

HostEntry copy_of(const hostent& from) {
  HostEntry entry;
  if (from.h_name != nullptr) entry.name = from.h_name;
  for (char** alias = from.h_aliases; alias != nullptr && *alias != nullptr; ++alias) {
    entry.aliases.emplace_back(*alias);
  }
  if (from.h_addrtype != AF_INET || from.h_length != sizeof(in_addr)) return entry;
  for (char** address = from.h_addr_list; address != nullptr && *address != nullptr; ++address) {
    char text[INET_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET, *address, text, sizeof text);
    entry.addresses.emplace_back(text);
  }
  return entry;
}

}  // namespace

void HostLookup::run() {
  std::vector<char> buffer(kFirstBytes);
  hostent entry = {};
  for (;;) {
    hostent* found = nullptr;
    int host_error = 0;
    int result = 0;
    if (const auto* name = std::get_if<std::string>(&wanted_)) {
      result =
          resolver().gethostbyname(name->c_str(), &entry, buffer.data(), buffer.size(), &found, &host_error);
    } else {
      const auto& address = std::get<in_addr>(wanted_);
      result = resolver().gethostbyaddr(&address, sizeof address, AF_INET, &entry, buffer.data(),
                                        buffer.size(), &found, &host_error);
    }
    if (found != nullptr) {
      entry_ = copy_of(*found);
      return;
    }
    if (result == ERANGE && buffer.size() < kMostBytes) {
      buffer.resize(buffer.size() * 2);
      continue;
    }
    if (result == EINTR) continue;
    // No result and no error does not happen by the manual; it must not look like success.
    failure_.error = host_error != 0 ? host_error : NO_RECOVERY;
    failure_.system_error = is_system_error(LookupErrors::kHost, failure_.error) ? result : 0;
    return;
  }
}

}  // namespace pollux

#else

#include "address_lookup.h"
#include "name_lookup.h"

namespace pollux {
namespace {

LookupFailure as_host_error(const LookupFailure& failure) {
  LookupFailure result = {.kind = LookupErrors::kHost};
  switch (failure.error) {
    case EAI_NONAME:
      result.error = HOST_NOT_FOUND;
      break;
    case EAI_AGAIN:
      result.error = TRY_AGAIN;
      break;
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
      result.error = NO_DATA;
      break;
#endif
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
      result.error = NO_DATA;
      break;
#endif
#ifdef NETDB_INTERNAL
    case EAI_SYSTEM:
      result.error = NETDB_INTERNAL;
      result.system_error = failure.system_error;
      break;
    case EAI_MEMORY:
      result.error = NETDB_INTERNAL;
      result.system_error = ENOMEM;
      break;
#endif
    default:
      result.error = NO_RECOVERY;
  }
  return result;
}

}  // namespace

void HostLookup::run() {
  if (const auto* name = std::get_if<std::string>(&wanted_)) {
    AddressQuery query;
    query.host = *name;
    query.flags = AI_CANONNAME;
    query.family = AF_INET;
    query.socktype = SOCK_STREAM;  // or else each address comes once for each type
    AddressLookup lookup(std::move(query));
    lookup.run();
    if (lookup.failure().error != 0) {
      failure_ = as_host_error(lookup.failure());
      return;
    }
    entry_.name = *name;
    for (const AddressInfo& info : lookup.found()) {
      if (info.canonical_name) entry_.name = *info.canonical_name;
      entry_.addresses.push_back(info.address.text);
    }
    return;
  }
  const auto& wanted = std::get<in_addr>(wanted_);
  char text[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, &wanted, text, sizeof text);
  SocketAddress address;
  from_ip(text, 0, 0, &address);
  NameLookup lookup(address, NI_NAMEREQD);
  lookup.run();
  if (lookup.failure().error != 0) {
    failure_ = as_host_error(lookup.failure());
    return;
  }
  entry_.name = lookup.host();
  entry_.addresses.emplace_back(text);
}

}  // namespace pollux

#endif
