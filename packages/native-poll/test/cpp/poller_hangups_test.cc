// The poller contract (native/poller/poller.h), sentence by sentence, over every backend: the peer's end,
// hang-ups, errors and urgent data.
#include "waiting.h"

namespace pollux::test {
namespace {

TEST_EACH_BACKEND("a half-close is end of stream: readable, and no hang-up") {
  for (const Pair& pair : {unix_pair(), tcp_pair()}) {
    waiting.add(pair.near, kReadable, 1);
    pair.half_close();
    waiting.expect_ready({{1, kReadable}});
    waiting.change(pair.near, kNone, 1);
    waiting.expect_quiet();
    waiting.remove(pair.near);
  }
}

TEST_EACH_BACKEND("a hang-up is reported whatever the interest is") {
  Pair pair = unix_pair();
  waiting.add(pair.near, kNone, 1);
  waiting.expect_quiet();
  pair.hang_up();
  // select(2) cannot say so: to it a hang-up is something to read.
  if (waiting.is_select()) {
    waiting.expect_quiet();
    waiting.change(pair.near, kReadable, 1);
    waiting.expect_ready({{1, kReadable}});
    return;
  }
  waiting.expect_ready({{1, kHangup}});
  waiting.expect_ready({{1, kHangup}});
  waiting.change(pair.near, kReadable, 1);
  waiting.expect_ready({{1, kReadable | kHangup}});
  waiting.remove(pair.near);
  waiting.expect_quiet();
}

TEST_EACH_BACKEND("an error is reported whatever the interest is") {
  Pair pipe = pipe_pair();
  waiting.add(pipe.far, kNone, 1);
  waiting.expect_quiet();
  pipe.near.reset();
  // select(2) is told of no fd without an interest.
  waiting.expect_ready(waiting.is_select() ? Ready{} : Ready{{1, kError}});
  waiting.change(pipe.far, kWritable, 1);
  waiting.expect_ready({{1, kWritable | kError}});
  waiting.remove(pipe.far);
  waiting.expect_quiet();
}

TEST_EACH_BACKEND("a hang-up is reported where room to send alone is waited for") {
  Pair pair = unix_pair();
  waiting.add(pair.near, kWritable, 1);
  char bytes[4096] = {};
  while (::send(pair.near.get(), bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
  }
  waiting.expect_quiet();
  REQUIRE_EQ(::shutdown(pair.near.get(), SHUT_RDWR), 0);
  waiting.expect_ready({{1, waiting.is_select() ? kError : kHangup}});
  waiting.remove(pair.near);
  waiting.expect_quiet();
}

TEST_EACH_BACKEND("a reset connection is reported in time to be read from") {
  Pair pair = tcp_pair();
  waiting.add(pair.near, kReadable, 1);
  const linger reset = {1, 0};
  must(::setsockopt(pair.far.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), "SO_LINGER");
  pair.hang_up();
  EXPECT(waiting.wait(kPatienceMs)[1] & kReadable);
  char byte;
  EXPECT_EQ(::read(pair.near.get(), &byte, 1), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_EACH_BACKEND("urgent data is reported where it was asked for, and is nothing to read") {
  const Pair pair = tcp_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send_urgent();
  waiting.expect_quiet();
  waiting.change(pair.near, kPriority, 2);
  waiting.expect_ready({{2, kPriority}});
  waiting.change(pair.near, kReadable | kPriority, 3);
  waiting.expect_ready({{3, kPriority}});
  pair.send("x");
  await(pair.near.get(), POLLIN);
  waiting.expect_ready({{3, kReadable | kPriority}});
  waiting.change(pair.near, kWritable, 4);
  waiting.expect_ready({{4, kWritable}});
  char byte;
  REQUIRE_EQ(::recv(pair.near.get(), &byte, 1, MSG_OOB), 1);
  waiting.change(pair.near, kPriority, 5);
  waiting.expect_quiet();
}

TEST_EACH_BACKEND("a hang-up is reported where urgent data alone is waited for") {
  Pair pair = unix_pair();
  waiting.add(pair.near, kPriority, 1);
  waiting.expect_quiet();
  pair.send("x");
  waiting.expect_quiet();
  pair.hang_up();
  waiting.expect_ready({{1, waiting.is_select() ? kError : kHangup}});
  waiting.change(pair.near, kPriority | kReadable, 2);
  waiting.expect_ready({{2, kReadable | (waiting.is_select() ? 0 : kHangup)}});
  waiting.change(pair.near, kNone, 3);
  waiting.expect_ready(waiting.is_select() ? Ready{} : Ready{{3, kHangup}});
  waiting.remove(pair.near);
  waiting.expect_quiet();
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
