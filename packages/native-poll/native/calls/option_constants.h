// Levels and options of getsockopt(2) and setsockopt(2), by name, with the numbers that this system's headers
// give them. A name that they do not have is not in the table: nothing here is copied from elsewhere.
#pragma once

#include <span>

namespace pollux {

struct NamedConstant {
  const char* name;
  int value;
};

std::span<const NamedConstant> socket_option_constants();
std::span<const NamedConstant> ip_option_constants();
std::span<const NamedConstant> transport_option_constants();

}  // namespace pollux
