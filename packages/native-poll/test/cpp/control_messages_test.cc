// Control messages in both directions: the kernel is asked what it makes of ours.
#include "../../native/calls/control_messages.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "../../native/calls/message.h"
#include "check.h"
#include "sockets.h"

namespace pollux::test {
namespace {

ControlMessage numbered(ControlKind kind, int64_t first, int64_t second = 0, int64_t third = 0) {
  ControlMessage message;
  message.kind = kind;
  message.numbers[0] = first;
  message.numbers[1] = second;
  message.numbers[2] = third;
  return message;
}

ControlMessage rights(std::span<const int> fds) {
  ControlMessage message;
  message.kind = ControlKind::kRights;
  message.data = {reinterpret_cast<const uint8_t*>(fds.data()), fds.size_bytes()};
  return message;
}

std::vector<uint8_t> raw(int level, int name, std::span<const uint8_t> data) {
  ControlMessage message;
  message.level = level;
  message.name = name;
  message.data = data;
  std::vector<uint8_t> control;
  must(encode_control({&message, 1}, &control), "encode_control");
  return control;
}

// Overwrites cmsg_len of the first message.
void set_length(std::vector<uint8_t>* control, size_t length) {
  cmsghdr header;
  std::memcpy(&header, control->data(), sizeof header);
  header.cmsg_len = length;
  std::memcpy(control->data(), &header, sizeof header);
}

size_t parsed(const std::vector<uint8_t>& control) { return parse_control(control).size(); }

TEST("what is encoded is what CMSG_FIRSTHDR and CMSG_NXTHDR find") {
  const uint8_t bytes[] = {1, 2, 3, 4, 5};
  std::vector<uint8_t> control;
  for (size_t size = 0; size <= sizeof bytes; ++size) {
    const std::vector<uint8_t> one = raw(SOL_SOCKET, 100 + static_cast<int>(size), {bytes, size});
    EXPECT_EQ(one.size(), CMSG_SPACE(size));
    control.insert(control.end(), one.begin(), one.end());
  }
  msghdr message = {};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  size_t size = 0;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each), ++size) {
    EXPECT_EQ(each->cmsg_len, CMSG_LEN(size));
    EXPECT_EQ(each->cmsg_type, 100 + static_cast<int>(size));
    EXPECT_EQ(std::memcmp(CMSG_DATA(each), bytes, size), 0);
  }
  EXPECT_EQ(size, sizeof bytes + 1);
  EXPECT_EQ(parsed(control), sizeof bytes + 1);
}

TEST("numbers that do not fit their field are refused") {
  std::vector<uint8_t> control;
  for (const int64_t number : {int64_t{INT_MAX} + 1, int64_t{INT_MIN} - 1, INT64_MAX}) {
    const ControlMessage message = numbered(ControlKind::kIpTtl, number);
    EXPECT_EQ(encode_control({&message, 1}, &control), -EINVAL);
  }
#if defined(SCM_CREDENTIALS)
  for (const ControlMessage& message :
       {numbered(ControlKind::kCredentials, int64_t{1} << 31), numbered(ControlKind::kCredentials, 1, -1),
        numbered(ControlKind::kCredentials, 1, 1, int64_t{1} << 32)}) {
    EXPECT_EQ(encode_control({&message, 1}, &control), -EINVAL);
  }
#endif
  EXPECT(control.empty());
}

TEST("what is only received can't be sent") {
  std::vector<uint8_t> control;
  for (const ControlKind kind : {ControlKind::kTimestamp, ControlKind::kTimestampNs, ControlKind::kUdpGro}) {
    const ControlMessage message = numbered(kind, 1);
    EXPECT_EQ(encode_control({&message, 1}, &control), -ENOTSUP);
  }
}

TEST("more control data than any kernel takes is refused before it is copied") {
  std::vector<uint8_t> data(kMaxControlBytes);
  ControlMessage message;
  message.data = data;
  std::vector<uint8_t> control;
  EXPECT_EQ(encode_control({&message, 1}, &control), -ENOBUFS);
  EXPECT(control.empty());
}

TEST("a length that can't be right ends the reading") {
  const uint8_t bytes[8] = {};
  const std::vector<uint8_t> good = raw(SOL_SOCKET, 100, bytes);
  EXPECT_EQ(parsed(good), 1u);
  for (const size_t length : {size_t{0}, size_t{1}, CMSG_LEN(0) - 1, CMSG_LEN(8) + 1, SIZE_MAX, SIZE_MAX - 15,
                              size_t{1} << 31, size_t{1} << 63}) {
    std::vector<uint8_t> bad = good;
    set_length(&bad, length);
    EXPECT_EQ(parsed(bad), 0u);
    bad.insert(bad.begin(), good.begin(), good.end());
    EXPECT_EQ(parsed(bad), 1u);
  }
  for (size_t size = 0; size < CMSG_LEN(8); ++size) {
    EXPECT_EQ(parsed({good.begin(), good.begin() + size}), 0u);
  }
}

TEST("a message that was cut short stays bytes") {
  const ControlMessage whole = numbered(ControlKind::kIpv6Pktinfo, 1);
  std::vector<uint8_t> control;
  if (encode_control({&whole, 1}, &control) < 0) return;
  set_length(&control, CMSG_LEN(19));
  const std::vector<ControlMessage> messages = parse_control(control);
  REQUIRE_EQ(messages.size(), 1u);
  EXPECT(messages[0].kind == ControlKind::kUnknown);
  EXPECT_EQ(messages[0].level, IPPROTO_IPV6);
  EXPECT_EQ(messages[0].data.size(), 19u);
}

TEST("of descriptors that were cut short those that are whole are there") {
  const int fds[] = {10, 11, 12};
  const ControlMessage message = rights(fds);
  std::vector<uint8_t> control;
  REQUIRE_EQ(encode_control({&message, 1}, &control), 0);
  set_length(&control, CMSG_LEN(sizeof fds - 1));
  const std::vector<ControlMessage> messages = parse_control(control);
  REQUIRE_EQ(messages.size(), 1u);
  EXPECT(messages[0].kind == ControlKind::kRights);
  REQUIRE_EQ(messages[0].fd_count(), 2u);
  EXPECT_EQ(messages[0].fd(1), 11);
}

TEST("integers are read in every width that kernels give") {
  const uint8_t one[] = {7};
  const int four = 70'000;
  EXPECT_EQ(parse_control(raw(IPPROTO_IP, IP_TOS, one))[0].numbers[0], 7);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(&four);
  EXPECT_EQ(parse_control(raw(IPPROTO_IP, IP_TTL, {bytes, 4}))[0].numbers[0], 70'000);
  EXPECT(parse_control(raw(IPPROTO_IP, IP_TTL, {}))[0].kind == ControlKind::kUnknown);
}

#if defined(SCM_TIMESTAMP)
TEST("microseconds come as nanoseconds, and nonsense as none") {
  for (const auto& [micros, nanos] : {std::pair{999'999L, 999'999'000L}, {1'000'000L, 0L}, {-1L, 0L}}) {
    timeval time = {};
    time.tv_sec = 12;
    time.tv_usec = micros;
    const auto* const bytes = reinterpret_cast<const uint8_t*>(&time);
    const ControlMessage message = parse_control(raw(SOL_SOCKET, SCM_TIMESTAMP, {bytes, sizeof time}))[0];
    EXPECT(message.kind == ControlKind::kTimestamp);
    EXPECT_EQ(message.numbers[0], 12);
    EXPECT_EQ(message.numbers[1], nanos);
  }
}
#endif

// --- over a pair of sockets ---

struct Letter {
  ssize_t bytes = 0;
  IncomingMessage message;
};

ssize_t post(int fd, std::string_view text, std::span<const int> fds) {
  iovec part = {const_cast<char*>(text.data()), text.size()};
  std::vector<uint8_t> control;
  if (!fds.empty()) {
    const ControlMessage message = rights(fds);
    must(encode_control({&message, 1}, &control), "encode_control");
  }
  return send_message(fd, {{&part, 1}, nullptr, control}, 0);
}

Letter fetch(int fd, size_t control_bytes) {
  Letter letter;
  char buffer[64];
  iovec part = {buffer, sizeof buffer};
  letter.bytes = receive_message(fd, {&part, 1}, control_bytes, 0, &letter.message);
  return letter;
}

bool closes_on_exec(const UniqueFd& fd) { return (::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0; }

TEST("descriptors arrive with an owner, close-on-exec") {
  const Pair pair = unix_pair();
  const Pair sent = pipe_pair();
  const int fds[] = {sent.near.get(), sent.far.get()};
  REQUIRE_EQ(post(pair.far.get(), "x", fds), 1);
  const Letter letter = fetch(pair.near.get(), control_space(sizeof fds));
  EXPECT_EQ(letter.bytes, 1);
  EXPECT_EQ(letter.message.flags & MSG_CTRUNC, 0);
  REQUIRE_EQ(letter.message.fds.size(), 2u);
  for (const UniqueFd& fd : letter.message.fds) EXPECT(closes_on_exec(fd));
  must(static_cast<int>(::write(letter.message.fds[1].get(), "hello", 5)), "write");
  EXPECT_EQ(sent.drain(), 5u);
}

TEST("of more descriptors than there is room for, those that arrived have an owner, and it is said") {
  const Pair pair = unix_pair();
  const int fd = pair.near.get();
  const int fds[] = {fd, fd, fd, fd, fd};
  for (size_t bytes = 0; bytes <= control_space(sizeof fds); ++bytes) {
    REQUIRE_EQ(post(pair.far.get(), "x", fds), 1);
    const Letter letter = fetch(fd, bytes);
    EXPECT_EQ(letter.bytes, 1);
    const size_t room = bytes < control_length(0) ? 0 : (bytes - control_length(0)) / sizeof(int);
    EXPECT_EQ(letter.message.fds.size(), std::min<size_t>(room, 5));
    EXPECT_EQ((letter.message.flags & MSG_CTRUNC) != 0, room < 5);
    EXPECT(letter.message.fds.size() <= most_fds(bytes));
  }
}

TEST("as many descriptors arrive as the kernel sends, and one more is refused") {
  const Pair pair = unix_pair();
  const std::vector<int> fds(most_fds(SIZE_MAX), pair.near.get());
  REQUIRE_EQ(post(pair.far.get(), "x", fds), 1);
  EXPECT_EQ(fetch(pair.near.get(), control_space(fds.size() * sizeof(int))).message.fds.size(), fds.size());
  const std::vector<int> too_many(fds.size() + 1, pair.near.get());
  EXPECT_EQ(post(pair.far.get(), "x", too_many), -EINVAL);
  EXPECT_EQ(fetch(pair.near.get(), 64).bytes, -EAGAIN);
}

TEST("a stream's message with more parts than one call takes goes as far as it does") {
  const Pair pair = unix_pair();
  std::string text(IOV_MAX + 5, 'x');
  std::vector<iovec> parts;
  for (char& each : text) parts.push_back({&each, 1});
  EXPECT_EQ(send_message(pair.far.get(), {parts, nullptr, {}}, 0), IOV_MAX);
  EXPECT_EQ(send_message(pair.far.get(), {std::span(parts).first(5), nullptr, {}}, 0), 5);
  IncomingMessage message;
  EXPECT_EQ(receive_message(pair.near.get(), parts, 0, 0, &message), IOV_MAX);
}

TEST("a datagram with more parts than one call takes is refused") {
  int fds[2];
  must(::socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), "socketpair");
  const Pair pair = {owned(fds[0], "near"), owned(fds[1], "far")};
  std::string text(IOV_MAX + 1, 'x');
  std::vector<iovec> parts;
  for (char& each : text) parts.push_back({&each, 1});
  EXPECT_EQ(send_message(pair.far.get(), {parts, nullptr, {}}, 0), -EMSGSIZE);
  EXPECT_EQ(send_message(pair.far.get(), {std::span(parts).first(IOV_MAX), nullptr, {}}, 0), IOV_MAX);
  IncomingMessage message;
  EXPECT_EQ(receive_message(pair.near.get(), parts, 0, 0, &message), -EMSGSIZE);
}

TEST("sending to a peer that is gone is an error and no signal") {
  Pair pair = unix_pair();
  pair.near.reset();
  EXPECT_EQ(post(pair.far.get(), "x", {}), -EPIPE);
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
