// getaddrinfo(3): from names to addresses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../sys/address.h"
#include "lookup.h"

namespace pollux {

struct AddressQuery {
  std::optional<std::string> host;
  std::optional<std::string> service;
  int flags = 0;
  int family = 0;
  int socktype = 0;
  int protocol = 0;
};

// One entry of the system's list, as a value: the list itself is freed before run() returns.
struct AddressInfo {
  int flags = 0;
  int family = 0;
  int socktype = 0;
  int protocol = 0;
  AddressParts address;
  std::optional<std::string> canonical_name;
};

class AddressLookup final : public Lookup {
 public:
  explicit AddressLookup(AddressQuery query) : query_(std::move(query)) {}

  void run() override;
  // In the system's order. Families that have no form here are left out.
  const std::vector<AddressInfo>& found() const { return found_; }

 private:
  AddressQuery query_;
  std::vector<AddressInfo> found_;
};

}  // namespace pollux
