// Socket addresses: from what JavaScript gives into what the kernel takes, and back. Numeric only: names are
// resolved above.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace pollux {

struct SocketAddress {
  sockaddr_storage storage;
  socklen_t length;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// An address in parts. `text` of AF_INET and AF_INET6 is numeric and has no '%scope': that is `scope_id`.
// Of AF_UNIX it is the path, "" for an unnamed socket, or a NUL byte and a name for an abstract one.
// `family` is AF_UNSPEC, and the rest empty, for any other family and for an address cut short.
struct AddressParts {
  int family = AF_UNSPEC;
  std::string text;
  uint16_t port = 0;
  uint32_t scope_id = 0;
};

// "127.0.0.1", "::1", "fe80::1%eth0", "fe80::1%2": the family is what the text parses as. A scope in the text
// goes before `scope_id`. 0, -EINVAL for anything that is not such an address, or -ENODEV for an unknown
// scope.
int from_ip(const char* text, uint16_t port, uint32_t scope_id, SocketAddress* address);

// A path, or a NUL byte and an abstract name (Linux). All bytes of such a name count, NUL bytes too
// (unix(7)). 0, or -EINVAL (empty, or a path with a NUL byte),
// -ENAMETOOLONG (a path and its terminating NUL, or an abstract name, must fit sun_path), -ENOTSUP (no
// abstract names here).
int from_unix(std::string_view path, SocketAddress* address);

// The way back. `length` is what the kernel gave: it may leave out a terminating NUL, or count bytes that did
// not fit; at most a sockaddr_storage is read.
AddressParts describe(const sockaddr* address, socklen_t length);

}  // namespace pollux
