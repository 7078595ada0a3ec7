// Whatever bytes stand where the kernel's control data should: parsing stays inside of them, and what it
// found comes back the same when it is encoded and parsed again.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "../../native/calls/control_messages.h"
#include "fuzz.h"

namespace pollux {
namespace {

// On the way out IP_TOS and their like are ints, whatever width they came in; times and UDP_GRO only come in.
bool is_sent(ControlKind kind) {
  return kind != ControlKind::kTimestamp && kind != ControlKind::kTimestampNs && kind != ControlKind::kUdpGro;
}

void check_same(const ControlMessage& a, const ControlMessage& b) {
  FUZZ_CHECK(a.kind == b.kind && a.level == b.level && a.name == b.name);
  FUZZ_CHECK(std::memcmp(a.numbers, b.numbers, sizeof a.numbers) == 0);
  FUZZ_CHECK(std::memcmp(a.address, b.address, sizeof a.address) == 0);
  FUZZ_CHECK(std::memcmp(a.local, b.local, sizeof a.local) == 0);
  FUZZ_CHECK(a.data.size() == b.data.size());
  FUZZ_CHECK(a.data.empty() || std::memcmp(a.data.data(), b.data.data(), a.data.size()) == 0);
}

void check_round_trip(const ControlMessage& message) {
  std::vector<uint8_t> control;
  const int result = encode_control({&message, 1}, &control);
  if (!is_sent(message.kind)) {
    FUZZ_CHECK(result == -ENOTSUP && control.empty());
    return;
  }
  // A UDP_SEGMENT that came as an int may not fit the 16 bits that it goes out in.
  if (message.kind == ControlKind::kUdpSegment && result == -EINVAL) return;
  FUZZ_CHECK(result == 0 && control.size() % sizeof(size_t) == 0);
  const std::vector<ControlMessage> parsed = parse_control(control);
  FUZZ_CHECK(parsed.size() == 1);
  check_same(parsed[0], message);
}

ControlMessage made(ControlKind kind, int64_t first, int64_t second = 0, int64_t third = 0) {
  ControlMessage message;
  message.kind = kind;
  message.numbers[0] = first;
  message.numbers[1] = second;
  message.numbers[2] = third;
  return message;
}

}  // namespace
}  // namespace pollux

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pollux;
  for (const ControlMessage& message : parse_control({data, size})) {
    const uint8_t* const begin = message.data.data();
    FUZZ_CHECK(message.data.empty() ||
               (begin >= data && message.data.size() <= size && begin <= data + size - message.data.size()));
    for (size_t i = 0; i < message.fd_count(); ++i) static_cast<void>(message.fd(i));
    check_round_trip(message);
  }
  return 0;
}

std::vector<FuzzInput> fuzz_corpus() {
  using namespace pollux;
  static const int fds[] = {3, 4, 5};
  ControlMessage rights = made(ControlKind::kRights, 0);
  rights.data = {reinterpret_cast<const uint8_t*>(fds), sizeof fds};
  ControlMessage unknown;
  unknown.level = SOL_SOCKET;
  unknown.name = 4711;
  unknown.data = {reinterpret_cast<const uint8_t*>(fds), 5};
  // By their numbers: these can't be encoded, but they can be received.
  ControlMessage received[3];
  received[0].level = received[1].level = SOL_SOCKET;
  received[0].name = SO_TIMESTAMP;
#if defined(SO_TIMESTAMPNS)
  received[1].name = SO_TIMESTAMPNS;
#endif
  received[2].level = 17;
  received[2].name = 104;
  static const uint8_t zeros[16] = {};
  for (ControlMessage& each : received) each.data = zeros;

  std::vector<FuzzInput> corpus = {{}};
  FuzzInput all;
  for (const ControlMessage& message :
       {rights, unknown, received[0], received[1], received[2],
        made(ControlKind::kCredentials, 1, 1000, 1000), made(ControlKind::kIpPktinfo, 2),
        made(ControlKind::kIpv6Pktinfo, 2), made(ControlKind::kIpTtl, 64),
        made(ControlKind::kIpv6HopLimit, 64), made(ControlKind::kIpTos, 16),
        made(ControlKind::kIpv6TrafficClass, 3), made(ControlKind::kUdpSegment, 1200)}) {
    FuzzInput one;
    // A kind that this system lacks has no place in the corpus.
    if (encode_control({&message, 1}, &one) < 0) continue;
    all.insert(all.end(), one.begin(), one.end());
    corpus.push_back(one);
  }
  corpus.push_back(all);
  return corpus;
}
