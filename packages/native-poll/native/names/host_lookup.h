// gethostbyname(3) and gethostbyaddr(3) in their reentrant forms, for IPv4. Where the system has no such form
// (POSIX dropped both calls in 2008), they are done by getaddrinfo and getnameinfo, which know no aliases.
#pragma once

#include <netinet/in.h>

#include <string>
#include <variant>
#include <vector>

#include "lookup.h"

namespace pollux {

// A hostent, as a value. Addresses are numeric text.
struct HostEntry {
  std::string name;
  std::vector<std::string> aliases;
  std::vector<std::string> addresses;
};

class HostLookup final : public Lookup {
 public:
  explicit HostLookup(std::string name) : wanted_(std::move(name)) { failure_.kind = LookupErrors::kHost; }
  explicit HostLookup(in_addr address) : wanted_(address) { failure_.kind = LookupErrors::kHost; }

  void run() override;
  const HostEntry& entry() const { return entry_; }

 private:
  std::variant<std::string, in_addr> wanted_;
  HostEntry entry_;
};

}  // namespace pollux
