// getnameinfo(3): from an address to names.
#pragma once

#include <string>

#include "../sys/address.h"
#include "lookup.h"

namespace pollux {

class NameLookup final : public Lookup {
 public:
  NameLookup(const SocketAddress& address, int flags) : address_(address), flags_(flags) {}

  void run() override;
  const std::string& host() const { return host_; }
  const std::string& service() const { return service_; }

 private:
  SocketAddress address_;
  int flags_;
  std::string host_;
  std::string service_;
};

}  // namespace pollux
