#include "address_lookup.h"

#include <cerrno>
#include <memory>

#include "resolver.h"

namespace pollux {
namespace {

struct FreeList {
  void operator()(addrinfo* list) const { resolver().freeaddrinfo(list); }
};
using List = std::unique_ptr<addrinfo, FreeList>;

const char* text_or_null(const std::optional<std::string>& text) { return text ? text->c_str() : nullptr; }

}  // namespace

void AddressLookup::run() {
  addrinfo hints = {};
  hints.ai_flags = query_.flags;
  hints.ai_family = query_.family;
  hints.ai_socktype = query_.socktype;
  hints.ai_protocol = query_.protocol;
  List list;
  do {
    addrinfo* raw = nullptr;
    failure_.error =
        resolver().getaddrinfo(text_or_null(query_.host), text_or_null(query_.service), &hints, &raw);
    failure_.system_error = failure_.error == EAI_SYSTEM ? errno : 0;
    // What a failed call leaves there is nobody's to free.
    list.reset(failure_.error == 0 ? raw : nullptr);
  } while (failure_.system_error == EINTR);

  for (const addrinfo* info = list.get(); info != nullptr; info = info->ai_next) {
    AddressParts address = describe(info->ai_addr, info->ai_addrlen);
    if (address.family == AF_UNSPEC) continue;
    AddressInfo& entry = found_.emplace_back();
    entry.flags = info->ai_flags;
    entry.family = info->ai_family;
    entry.socktype = info->ai_socktype;
    entry.protocol = info->ai_protocol;
    entry.address = std::move(address);
    if (info->ai_canonname != nullptr) entry.canonical_name = info->ai_canonname;
  }
}

}  // namespace pollux
