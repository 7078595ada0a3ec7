// Batches over a pair of datagram sockets: what goes in comes out, and nothing is read or written beside it.
#include "../../native/calls/datagram_records.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "../../native/calls/message.h"
#include "check.h"
#include "sockets.h"

namespace pollux::test {
namespace {

Pair datagram_pair() {
  int fds[2];
  must(::socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), "socketpair");
  return {owned(fds[0], "near"), owned(fds[1], "far")};
}

// Memory of exactly the batch's size, on the heap, where a sanitizer sees its ends.
class Batch {
 public:
  Batch(size_t count, size_t max_bytes)
      : max_bytes_(max_bytes), count_(count), memory_(count * record_stride(max_bytes)) {}

  DatagramRecords records(size_t start = 0) {
    return {memory_.data() + start * record_stride(max_bytes_), max_bytes_, count_ - start};
  }

  DatagramHeader header(size_t index) {
    DatagramHeader header;
    std::memcpy(&header, records().record(index), sizeof header);
    return header;
  }

  void set(size_t index, const DatagramHeader& header) {
    std::memcpy(records().record(index), &header, sizeof header);
  }

  void put(size_t index, std::string_view text) {
    set(index, {static_cast<uint32_t>(text.size()), 0, 0, 0, 0});
    std::memcpy(records().record(index) + kPayloadOffset, text.data(), text.size());
  }

  std::string text(size_t index) {
    const auto* const data = reinterpret_cast<const char*>(records().record(index) + kPayloadOffset);
    return {data, header(index).bytes};
  }

 private:
  size_t max_bytes_;
  size_t count_;
  std::vector<uint8_t> memory_;
};

TEST("a batch arrives as it was sent, empty datagrams too") {
  const Pair pair = datagram_pair();
  DatagramCalls calls;
  Batch sent(3, 5);
  sent.put(0, "one");
  sent.put(1, "");
  sent.put(2, "three");
  EXPECT_EQ(calls.send(pair.far.get(), sent.records(), 0), 3);
  Batch received(8, 5);
  int deferred = 0;
  REQUIRE_EQ(calls.receive(pair.near.get(), received.records(), 0, &deferred), 3);
  EXPECT_EQ(deferred, 0);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(received.text(i), sent.text(i));
    EXPECT_EQ(received.header(i).flags, 0u);
  }
  EXPECT_EQ(calls.receive(pair.near.get(), received.records(), 0, &deferred), -EAGAIN);
}

TEST("datagrams that are too long are cut at the payload's end") {
  const Pair pair = datagram_pair();
  DatagramCalls calls;
  Batch sent(2, 100);
  sent.put(0, std::string(100, 'x'));
  sent.put(1, "short");
  EXPECT_EQ(calls.send(pair.far.get(), sent.records(), 0), 2);
  Batch received(2, 10);
  int deferred = 0;
  REQUIRE_EQ(calls.receive(pair.near.get(), received.records(), MSG_TRUNC, &deferred), 2);
  EXPECT_EQ(received.text(0), std::string(10, 'x'));
  EXPECT_EQ(received.header(0).datagram_bytes, 100u);
  EXPECT_EQ(received.header(0).flags & MSG_TRUNC, static_cast<uint32_t>(MSG_TRUNC));
  EXPECT_EQ(received.text(1), "short");
}

TEST("a record whose lengths can't be is refused, and those before it are sent") {
  const Pair pair = datagram_pair();
  DatagramCalls calls;
  for (const DatagramHeader& bad : {DatagramHeader{6, 0, 0, 0, 0},
                                    {UINT32_MAX, 0, 0, 0, 0},
                                    {1, 0, 0, 129, 0},
                                    {1, 0, 0, UINT32_MAX, 0},
                                    {1, 0, 65536, 0, 0}}) {
    Batch batch(3, 5);
    batch.put(0, "good");
    batch.set(1, bad);
    batch.put(2, "never");
    EXPECT_EQ(calls.send(pair.far.get(), batch.records(), 0), 1);
    EXPECT_EQ(calls.send(pair.far.get(), batch.records(1), 0), -EINVAL);
  }
  EXPECT_EQ(pair.drain(), 5 * std::string("good").size());
}

TEST("descriptors that come with a datagram are closed") {
  const Pair pair = datagram_pair();
  const int fds[] = {pair.near.get(), pair.far.get()};
  ControlMessage rights;
  rights.kind = ControlKind::kRights;
  rights.data = {reinterpret_cast<const uint8_t*>(fds), sizeof fds};
  std::vector<uint8_t> control;
  REQUIRE_EQ(encode_control({&rights, 1}, &control), 0);
  REQUIRE_EQ(send_message(pair.far.get(), {{}, nullptr, control}, 0), 0);
  DatagramCalls calls;
  Batch received(1, 5);
  int deferred = 0;
  // That no descriptor is left is what every test looks for.
  EXPECT_EQ(calls.receive(pair.near.get(), received.records(), 0, &deferred), 1);
  EXPECT_EQ(received.header(0).flags & MSG_CTRUNC, static_cast<uint32_t>(MSG_CTRUNC));
}

TEST("more datagrams than one call takes are a part, and the rest goes with the next") {
  const Pair pair = datagram_pair();
  DatagramCalls calls;
  Batch sent(kMaxBatch + 1, 4);
  for (size_t i = 0; i <= kMaxBatch; ++i) sent.put(i, std::to_string(i % 1000));
  size_t total = 0;
  size_t received_total = 0;
  while (total <= kMaxBatch) {
    const int count = calls.send(pair.far.get(), sent.records(total), 0);
    REQUIRE(count > 0 || count == -EAGAIN);
    total += count > 0 ? static_cast<size_t>(count) : 0;
    Batch received(kMaxBatch + 1, 4);
    int deferred = 0;
    const int came = calls.receive(pair.near.get(), received.records(), 0, &deferred);
    REQUIRE(came > 0 && came <= static_cast<int>(kMaxBatch));
    for (int i = 0; i < came; ++i) EXPECT_EQ(received.text(i), std::to_string(received_total++ % 1000));
  }
  EXPECT_EQ(received_total, kMaxBatch + 1);
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
