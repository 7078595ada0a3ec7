// Addresses as a kernel would never give them, and text as nobody should write it. The first byte of the
// input picks the way; then come a length (four bytes) and the address, or the text.
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "../../native/sys/address.h"
#include "fuzz.h"

namespace pollux {
namespace {

void check_address(const uint8_t* data, size_t size) {
  uint32_t length = 0;
  if (size < sizeof length) return;
  std::memcpy(&length, data, sizeof length);
  // Exactly what describe() may read, on the heap, where a sanitizer sees the end of it.
  const auto storage = std::make_unique<sockaddr_storage>();
  std::memset(storage.get(), 0, sizeof *storage);
  std::memcpy(storage.get(), data + sizeof length, std::min(size - sizeof length, sizeof *storage));
  const AddressParts parts = describe(reinterpret_cast<const sockaddr*>(storage.get()), length);
  if (parts.family == AF_INET || parts.family == AF_INET6) {
    SocketAddress again;
    FUZZ_CHECK(from_ip(parts.text.c_str(), parts.port, parts.scope_id, &again) == 0);
    const AddressParts same = describe(again.get(), again.length);
    FUZZ_CHECK(same.family == parts.family && same.text == parts.text);
    FUZZ_CHECK(same.port == parts.port && same.scope_id == parts.scope_id);
  } else if (parts.family == AF_UNIX) {
    FUZZ_CHECK(parts.text.size() <= sizeof(sockaddr_storage));
    SocketAddress again;
    if (from_unix(parts.text, &again) == 0) {
      FUZZ_CHECK(describe(again.get(), again.length).text == parts.text);
    }
  } else {
    FUZZ_CHECK(parts.text.empty() && parts.port == 0 && parts.scope_id == 0);
  }
}

void check_ip_text(std::string_view text) {
  SocketAddress address;
  const std::string terminated(text);
  if (from_ip(terminated.c_str(), 1, 2, &address) != 0) return;
  const AddressParts parts = describe(address.get(), address.length);
  FUZZ_CHECK(parts.family == AF_INET || parts.family == AF_INET6);
  FUZZ_CHECK(parts.port == 1);
}

void check_path(std::string_view path) {
  SocketAddress address;
  if (from_unix(path, &address) != 0) return;
  FUZZ_CHECK(address.length <= sizeof(sockaddr_un));
  FUZZ_CHECK(describe(address.get(), address.length).text == path);
}

FuzzInput with_text(uint8_t way, std::string_view text) {
  FuzzInput input = {way};
  input.insert(input.end(), text.begin(), text.end());
  return input;
}

FuzzInput with_address(const SocketAddress& address) {
  FuzzInput input = {0};
  const auto append = [&](const void* data, size_t size) {
    const auto* const bytes = static_cast<const uint8_t*>(data);
    input.insert(input.end(), bytes, bytes + size);
  };
  const auto length = static_cast<uint32_t>(address.length);
  append(&length, sizeof length);
  append(&address.storage, address.length);
  return input;
}

}  // namespace
}  // namespace pollux

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pollux;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 0) check_address(data + 1, size - 1);
  if (data[0] % 3 == 1) check_ip_text(text);
  if (data[0] % 3 == 2) check_path(text);
  return 0;
}

std::vector<FuzzInput> fuzz_corpus() {
  using namespace pollux;
  std::vector<FuzzInput> corpus;
  for (const char* text : {"127.0.0.1", "::1", "fe80::1%1", "fe80::1%lo", "::ffff:1.2.3.4", ""}) {
    corpus.push_back(with_text(1, text));
    SocketAddress address;
    if (from_ip(text, 80, 0, &address) == 0) corpus.push_back(with_address(address));
  }
  for (const std::string& path : {std::string("/tmp/x"), std::string("\0name", 5), std::string(107, 'x')}) {
    corpus.push_back(with_text(2, path));
    SocketAddress address;
    if (from_unix(path, &address) == 0) corpus.push_back(with_address(address));
  }
  return corpus;
}
