// Where the members of the structs of socket options stand, as this system's headers lay them out. The
// TypeScript side (core/src/options/) packs and reads them by name.
#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

namespace pollux {

struct LayoutField {
  const char* name;  // of C
  size_t offset;
  size_t bytes;
  bool is_signed;
  // Of a bit-field, within its one byte; `bits` is 0 for any other member.
  int shift = 0;
  int bits = 0;
};

struct Layout {
  const char* name;  // of C
  size_t bytes;
  std::vector<LayoutField> fields;
};

// linger, timeval, the multicast requests, ucred, and the addresses in them: those that this system has.
std::vector<Layout> option_layouts();

// What only the kernel's own headers describe: tcp_info and the numbers of SO_MEMINFO. Empty elsewhere.
std::vector<Layout> kernel_layouts();

// One member that is no bit-field.
#define POLLUX_FIELD(type, member)                                                                  \
  ::pollux::LayoutField {                                                                           \
    #member, offsetof(type, member), sizeof(type::member), std::is_signed_v<decltype(type::member)> \
  }

}  // namespace pollux
