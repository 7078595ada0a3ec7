// The poller contract (native/poller/poller.h), sentence by sentence, over every backend: what is reported,
// and what registering, modifying and deregistering do. poller_*_test.cc have the rest of it.
#include "waiting.h"

namespace pollux::test {
namespace {

TEST("a name that this build does not have makes no poller, and is no error of the kernel") {
  int error = -1;
  EXPECT(make_poller("kqueue", &error) == nullptr);
  EXPECT_EQ(error, 0);
}

TEST_EACH_BACKEND("it has the name it was made by") { EXPECT_EQ(waiting.poller->name(), waiting.backend); }

TEST_EACH_BACKEND("nothing is reported while nothing is ready") {
  waiting.expect_quiet();
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  waiting.expect_quiet();
}

TEST_EACH_BACKEND("what is readable is reported at every wait, until it is read") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("abc");
  waiting.expect_ready({{1, kReadable}});
  char byte;
  REQUIRE_EQ(::read(pair.near.get(), &byte, 1), 1);
  waiting.expect_ready({{1, kReadable}});
  pair.drain();
  waiting.expect_quiet();
}

TEST_EACH_BACKEND("what is writable is reported at every wait, until its buffer is full") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kWritable, 1);
  waiting.expect_ready({{1, kWritable}});
  waiting.expect_ready({{1, kWritable}});
  const std::string bytes(1 << 16, 'x');
  while (::write(pair.near.get(), bytes.data(), bytes.size()) > 0) {
  }
  waiting.expect_quiet();
}

TEST_EACH_BACKEND("both directions of one fd come in one event") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable | kWritable, 1);
  pair.send("x");
  waiting.expect_ready({{1, kReadable | kWritable}});
}

TEST_EACH_BACKEND("a connection to accept is readable, and a connect that finished is writable") {
  const Listener listener = tcp_listener();
  waiting.add(listener.fd, kReadable, 1);
  waiting.expect_quiet();
  const UniqueFd client = connect_to(listener);
  waiting.expect_ready({{1, kReadable}});
  waiting.add(client, kWritable, 2);
  waiting.expect_ready({{1, kReadable}, {2, kWritable}});
}

TEST_EACH_BACKEND("tokens come back untouched, whatever they are") {
  const Pair zero = unix_pair();
  const Pair large = unix_pair();
  const Pair mixed = unix_pair();
  waiting.add(zero.near, kWritable, 0);
  waiting.add(large.near, kWritable, UINT64_MAX);
  waiting.add(mixed.near, kWritable, 0x8000'0001'7fff'fffe);
  waiting.expect_ready({{0, kWritable}, {UINT64_MAX, kWritable}, {0x8000'0001'7fff'fffe, kWritable}});
}

TEST_EACH_BACKEND("modify changes the interest and the token") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("x");
  waiting.change(pair.near, kWritable, 2);
  waiting.expect_ready({{2, kWritable}});
  waiting.change(pair.near, kWritable, 3);
  waiting.expect_ready({{3, kWritable}});
  waiting.change(pair.near, kNone, 4);
  waiting.expect_quiet();
  waiting.change(pair.near, kReadable, 5);
  waiting.expect_ready({{5, kReadable}});
}

TEST_EACH_BACKEND("an fd may be registered with no interest, and get one later") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kNone, 1);
  pair.send("x");
  waiting.expect_quiet();
  waiting.change(pair.near, kReadable, 1);
  waiting.expect_ready({{1, kReadable}});
}

TEST_EACH_BACKEND("a deregistered fd is not reported, and can be registered again") {
  const Pair pair = unix_pair();
  const Pair other = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  waiting.add(other.near, kReadable, 2);
  pair.send("x");
  other.send("x");
  waiting.remove(pair.near);
  waiting.expect_ready({{2, kReadable}});
  waiting.add(pair.near, kReadable, 3);
  waiting.expect_ready({{2, kReadable}, {3, kReadable}});
}

TEST_EACH_BACKEND("an fd that is deregistered and closed at once is not reported") {
  Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("x");
  waiting.remove(pair.near, Closing::kYes);
  pair.near.reset();
  waiting.expect_quiet();
}

TEST_EACH_BACKEND("a number that is used again has its new token, and nothing of the old one") {
  Pair old_pair = unix_pair();
  waiting.add(old_pair.near, kReadable | kWritable, 1);
  old_pair.send("x");
  const int number = old_pair.near.get();
  waiting.remove(old_pair.near, Closing::kYes);
  old_pair.near.reset();

  const Pair pair = unix_pair();
  REQUIRE_EQ(pair.near.get(), number);
  waiting.add(pair.near, kReadable, 2);
  waiting.expect_quiet();
  pair.send("y");
  waiting.expect_ready({{2, kReadable}});
}

TEST_EACH_BACKEND("misuse is an error and changes nothing") {
  const Pair pair = unix_pair();
  const int fd = pair.near.get();
  EXPECT_EQ(waiting.poller->register_fd(-1, kReadable, 1), -EBADF);
  EXPECT_EQ(waiting.poller->modify(fd, kReadable, 1), -ENOENT);
  EXPECT_EQ(waiting.poller->deregister(fd, Closing::kNo), -ENOENT);
  waiting.add(pair.near, kReadable, 1);
  EXPECT_EQ(waiting.poller->register_fd(fd, kWritable, 2), -EEXIST);
  waiting.expect_quiet();
  pair.send("x");
  waiting.expect_ready({{1, kReadable}});
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
