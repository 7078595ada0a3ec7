#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "features.h"

namespace pollux {
namespace {

constexpr size_t kPathOffset = offsetof(sockaddr_un, sun_path);
constexpr size_t kPathCapacity = sizeof(sockaddr_un::sun_path);

// An interface's name or number; 0 is no interface.
uint32_t parse_scope(const char* text) {
  uint32_t number = 0;
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, number);
  return error == std::errc() && rest == end ? number : ::if_nametoindex(text);
}

// Splits at '%': inet_pton(3) knows no scopes.
int parse_ipv6(std::string_view text, sockaddr_in6* address) {
  const size_t percent = text.find('%');
  const std::string number(text.substr(0, percent));
  if (::inet_pton(AF_INET6, number.c_str(), &address->sin6_addr) != 1) return -EINVAL;
  if (percent == std::string_view::npos) return 0;
  // The text ends in NUL: it came as a C string.
  address->sin6_scope_id = parse_scope(text.data() + percent + 1);
  return address->sin6_scope_id != 0 ? 0 : -ENODEV;
}

// The kernel's addresses need not be aligned for their type where they come from a buffer: copy, don't cast.
template <typename Address>
Address copy_of(const sockaddr* from, size_t length) {
  Address address = {};
  std::memcpy(&address, from, std::min(length, sizeof address));
  return address;
}

std::string describe_unix(const char* path, size_t length) {
  if (length == 0) return {};
  // An abstract name is all of its bytes; a path ends at its NUL, which the kernel may or may not count.
  if (path[0] == '\0' && POLLUX_HAVE_ABSTRACT_UNIX) return std::string(path, length);
  return std::string(path, ::strnlen(path, length));
}

}  // namespace

int from_ip(const char* text, uint16_t port, uint32_t scope_id, SocketAddress* address) {
  *address = {};
  sockaddr_in ipv4 = {};
  if (::inet_pton(AF_INET, text, &ipv4.sin_addr) == 1) {
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    std::memcpy(&address->storage, &ipv4, sizeof ipv4);
    address->length = sizeof ipv4;
    return 0;
  }
  sockaddr_in6 ipv6 = {};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(port);
  ipv6.sin6_scope_id = scope_id;
  const int result = parse_ipv6(text, &ipv6);
  if (result < 0) return result;
  std::memcpy(&address->storage, &ipv6, sizeof ipv6);
  address->length = sizeof ipv6;
  return 0;
}

int from_unix(std::string_view path, SocketAddress* address) {
  *address = {};
  if (path.empty()) return -EINVAL;
  const bool abstract = path[0] == '\0';
  if (abstract && !POLLUX_HAVE_ABSTRACT_UNIX) return -ENOTSUP;
  if (!abstract && path.find('\0') != std::string_view::npos) return -EINVAL;
  const size_t length = abstract ? path.size() : path.size() + 1;
  if (length > kPathCapacity) return -ENAMETOOLONG;

  sockaddr_un unix_address = {};
  unix_address.sun_family = AF_UNIX;
  std::memcpy(unix_address.sun_path, path.data(), path.size());
  std::memcpy(&address->storage, &unix_address, sizeof unix_address);
  address->length = static_cast<socklen_t>(kPathOffset + length);
  return 0;
}

AddressParts describe(const sockaddr* address, socklen_t length) {
  AddressParts parts;
  const size_t size = std::min<size_t>(length, sizeof(sockaddr_storage));
  if (address == nullptr || size < offsetof(sockaddr, sa_data)) return parts;
  const int family = copy_of<sockaddr>(address, size).sa_family;
  char text[INET6_ADDRSTRLEN] = "";

  if (family == AF_INET && size >= sizeof(sockaddr_in)) {
    const auto ipv4 = copy_of<sockaddr_in>(address, size);
    ::inet_ntop(AF_INET, &ipv4.sin_addr, text, sizeof text);
    return {family, text, ntohs(ipv4.sin_port), 0};
  }
  if (family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    const auto ipv6 = copy_of<sockaddr_in6>(address, size);
    ::inet_ntop(AF_INET6, &ipv6.sin6_addr, text, sizeof text);
    return {family, text, ntohs(ipv6.sin6_port), ipv6.sin6_scope_id};
  }
  if (family == AF_UNIX && size >= kPathOffset) {
    return {family, describe_unix(reinterpret_cast<const char*>(address) + kPathOffset, size - kPathOffset),
            0, 0};
  }
  return parts;
}

}  // namespace pollux
