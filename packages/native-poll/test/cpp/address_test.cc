// Addresses in both directions. The kernel is asked too: what it gives back for what was bound.
#include "../../native/sys/address.h"

#include <net/if.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "../../native/sys/unique_fd.h"
#include "check.h"
#include "sockets.h"

namespace pollux::test {
namespace {

using std::string_literals::operator""s;

AddressParts round_trip(const char* text, uint16_t port, uint32_t scope_id = 0) {
  SocketAddress address;
  if (!EXPECT_EQ(from_ip(text, port, scope_id, &address), 0)) return {};
  return describe(address.get(), address.length);
}

void expect_ip(const char* text, int family, const char* canonical) {
  const AddressParts parts = round_trip(text, 54321);
  EXPECT_EQ(parts.family, family);
  EXPECT_EQ(parts.text, canonical);
  EXPECT_EQ(parts.port, 54321);
  EXPECT_EQ(parts.scope_id, 0u);
}

// What getsockname(2) says after bind(2).
AddressParts bound(const SocketAddress& address) {
  const UniqueFd fd(must(::socket(address.family(), SOCK_STREAM, 0), "socket"));
  must(::bind(fd.get(), address.get(), address.length), "bind");
  sockaddr_storage name = {};
  socklen_t length = sizeof name;
  auto* generic = reinterpret_cast<sockaddr*>(&name);
  must(::getsockname(fd.get(), generic, &length), "getsockname");
  return describe(generic, length);
}

std::string temporary_folder() {
  char name[] = "/tmp/pollux-address-XXXXXX";
  return ::mkdtemp(name) != nullptr ? name : "";
}

TEST("numeric addresses come back in their canonical form") {
  expect_ip("127.0.0.1", AF_INET, "127.0.0.1");
  expect_ip("0.0.0.0", AF_INET, "0.0.0.0");
  expect_ip("255.255.255.255", AF_INET, "255.255.255.255");
  expect_ip("::", AF_INET6, "::");
  expect_ip("::1", AF_INET6, "::1");
  expect_ip("2001:DB8:0:0:0:0:0:1", AF_INET6, "2001:db8::1");
  expect_ip("::ffff:192.0.2.1", AF_INET6, "::ffff:192.0.2.1");
  expect_ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", AF_INET6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST("ports are all of 16 bits, in network order") {
  EXPECT_EQ(round_trip("127.0.0.1", 0).port, 0);
  EXPECT_EQ(round_trip("::1", 65535).port, 65535);
  SocketAddress address;
  REQUIRE_EQ(from_ip("1.2.3.4", 0x1234, 0, &address), 0);
  sockaddr_in ipv4;
  std::memcpy(&ipv4, &address.storage, sizeof ipv4);
  EXPECT_EQ(ntohs(ipv4.sin_port), 0x1234);
  EXPECT_EQ(ntohl(ipv4.sin_addr.s_addr), 0x01020304u);
  EXPECT_EQ(address.length, sizeof ipv4);
}

TEST("what is no numeric address is refused") {
  SocketAddress address;
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.0.0.1", " 127.0.0.1", "127.0.0.1 ",
                           "::g", "1::2::3", "[::1]", "127.1", "127.0.0.1%lo", "%1", "0x7f.0.0.1"}) {
    if (from_ip(text, 80, 0, &address) != -EINVAL)
      check::fail(__FILE__, __LINE__, "accepts '" + std::string(text) + "'");
  }
}

TEST("a scope is a number beside the address or in it, or an interface's name") {
  EXPECT_EQ(round_trip("fe80::1", 1, 7).scope_id, 7u);
  const AddressParts parts = round_trip("fe80::1%9", 1, 7);
  EXPECT_EQ(parts.scope_id, 9u);
  EXPECT_EQ(parts.text, "fe80::1");
  char name[IF_NAMESIZE];
  if (::if_indextoname(1, name) != nullptr) {
    EXPECT_EQ(round_trip(("fe80::1%"s + name).c_str(), 1).scope_id, 1u);
  }
  SocketAddress address;
  for (const char* text :
       {"fe80::1%", "fe80::1%0", "fe80::1%nonexistent", "fe80::1%1x", "fe80::1%99999999999"}) {
    EXPECT_EQ(from_ip(text, 1, 0, &address), -ENODEV);
  }
}

TEST("the kernel takes what is made here, and gives the same back") {
  SocketAddress address;
  REQUIRE_EQ(from_ip("127.0.0.1", 0, 0, &address), 0);
  const AddressParts parts = bound(address);
  EXPECT_EQ(parts.family, AF_INET);
  EXPECT_EQ(parts.text, "127.0.0.1");
  EXPECT(parts.port != 0);
}

TEST("a path comes back as it was, from us and from the kernel") {
  const std::string folder = temporary_folder();
  for (const std::string& path : {folder + "/s", folder + "/" + std::string(107 - folder.size() - 1, 'x')}) {
    SocketAddress address;
    REQUIRE_EQ(from_unix(path, &address), 0);
    EXPECT_EQ(address.family(), AF_UNIX);
    EXPECT_EQ(describe(address.get(), address.length).text, path);
    EXPECT_EQ(bound(address).text, path);
    must(::unlink(path.c_str()), "unlink");
  }
  must(::rmdir(folder.c_str()), "rmdir");
}

TEST("a path that does not fit, is empty or has a NUL byte in it is refused") {
  SocketAddress address;
  const size_t capacity = sizeof(sockaddr_un::sun_path);
  EXPECT_EQ(from_unix(std::string(capacity - 1, 'x'), &address), 0);
  EXPECT_EQ(from_unix(std::string(capacity, 'x'), &address), -ENAMETOOLONG);
  EXPECT_EQ(from_unix(std::string(5000, 'x'), &address), -ENAMETOOLONG);
  EXPECT_EQ(from_unix("", &address), -EINVAL);
  EXPECT_EQ(from_unix("a\0b"s, &address), -EINVAL);
  EXPECT_EQ(from_unix("a\0"s, &address), -EINVAL);
}

#if POLLUX_HAVE_ABSTRACT_UNIX

TEST("an abstract name is all of its bytes, from us and from the kernel") {
  const std::string unique = "\0pollux-test-"s + std::to_string(::getpid());
  for (const std::string& name : {unique, unique + std::string(108 - unique.size(), 'x')}) {
    SocketAddress address;
    REQUIRE_EQ(from_unix(name, &address), 0);
    EXPECT_EQ(address.length, offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(describe(address.get(), address.length).text, name);
    EXPECT_EQ(bound(address).text, name);
  }
}

TEST("an abstract name that does not fit is refused") {
  SocketAddress address;
  EXPECT_EQ(from_unix("\0"s + std::string(108, 'x'), &address), -ENAMETOOLONG);
}

TEST("an abstract name may have NUL bytes in it") {
  SocketAddress ours;
  REQUIRE_EQ(from_unix("\0a\0b\0"s, &ours), 0);
  EXPECT_EQ(describe(ours.get(), ours.length).text, "\0a\0b\0"s);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, "\0a\0b", 4);
  EXPECT_EQ(describe(reinterpret_cast<sockaddr*>(&address), offsetof(sockaddr_un, sun_path) + 4).text,
            "\0a\0b"s);
}

#else

TEST("an abstract name is refused where there are none") {
  SocketAddress address;
  EXPECT_EQ(from_unix("\0name"s, &address), -ENOTSUP);
}

#endif

TEST("an unnamed socket has an empty path") {
  const Pair pair = unix_pair();
  sockaddr_storage name = {};
  socklen_t length = sizeof name;
  auto* generic = reinterpret_cast<sockaddr*>(&name);
  must(::getpeername(pair.near.get(), generic, &length), "getpeername");
  const AddressParts parts = describe(generic, length);
  EXPECT_EQ(parts.family, AF_UNIX);
  EXPECT_EQ(parts.text, "");
}

TEST("a path without its NUL byte ends where the length ends, and with padding at its NUL byte") {
  sockaddr_storage storage;
  std::memset(&storage, 'x', sizeof storage);
  storage.ss_family = AF_UNIX;
  const auto* generic = reinterpret_cast<const sockaddr*>(&storage);
  const socklen_t offset = offsetof(sockaddr_un, sun_path);
  EXPECT_EQ(describe(generic, offset + 3).text, "xxx");
  EXPECT_EQ(describe(generic, offset + 108).text, std::string(108, 'x'));
  reinterpret_cast<char*>(&storage)[offset + 5] = '\0';
  EXPECT_EQ(describe(generic, offset + 50).text, "xxxxx");
}

TEST("a length beyond the storage reads nothing beyond it") {
  sockaddr_storage storage;
  std::memset(&storage, 'x', sizeof storage);
  storage.ss_family = AF_UNIX;
  const AddressParts parts = describe(reinterpret_cast<sockaddr*>(&storage), 100'000);
  EXPECT_EQ(parts.text.size(), sizeof storage - offsetof(sockaddr_un, sun_path));
}

TEST("an address cut short, or of another family, is described as nothing") {
  SocketAddress address;
  REQUIRE_EQ(from_ip("::1", 80, 0, &address), 0);
  for (const socklen_t length : {0, 1, 2, 8, 27}) {
    const AddressParts parts = describe(address.get(), length);
    EXPECT_EQ(parts.family, AF_UNSPEC);
    EXPECT(parts.text.empty());
  }
  address.storage.ss_family = 200;
  EXPECT_EQ(describe(address.get(), address.length).family, AF_UNSPEC);
  EXPECT_EQ(describe(nullptr, 0).family, AF_UNSPEC);
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
