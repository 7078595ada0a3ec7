// The poller contract (native/poller/poller.h), sentence by sentence, over every backend: when a wait ends,
// and what tells others of readiness.
#include <chrono>
#include <set>
#include <thread>

#include "waiting.h"

namespace pollux::test {
namespace {

TEST_EACH_BACKEND("a wait ends when its time is over") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(waiting.wait(20), Ready{});
  EXPECT(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(20));
}

TEST_EACH_BACKEND("a wait for ever ends when something is ready") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  std::thread writer([&] { pair.send("x"); });
  EXPECT_EQ(waiting.wait(-1), (Ready{{1, kReadable}}));
  writer.join();
}

TEST_EACH_BACKEND("there is an fd that tells of readiness, or there are interests to watch") {
  const Pair pair = unix_pair();
  const int fd = waiting.poller->pollable_fd();
  EXPECT_EQ(fd >= 0, waiting.is_epoll());
  waiting.add(pair.near, kReadable, 1);
  if (waiting.is_epoll()) {
    EXPECT_EQ(await(fd, POLLIN, 0), 0);
    pair.send("x");
    EXPECT_EQ(await(fd, POLLIN), POLLIN);
    pair.drain();
    EXPECT_EQ(await(fd, POLLIN, 0), 0);
    return;
  }
  std::vector<pollfd> interests(5);
  waiting.poller->copy_interests(interests);
  REQUIRE_EQ(interests.size(), size_t{1});
  EXPECT_EQ(interests[0].fd, pair.near.get());
  EXPECT_EQ(interests[0].events, POLLIN);
  waiting.change(pair.near, kReadable | kWritable, 1);
  waiting.poller->copy_interests(interests);
  EXPECT_EQ(interests[0].events, POLLIN | POLLOUT);
  waiting.change(pair.near, kPriority, 1);
  waiting.poller->copy_interests(interests);
  EXPECT_EQ(interests[0].events, POLLPRI);
  // What wait() cannot report must not be watched: the watcher would wake for it without end.
  waiting.change(pair.near, kNone, 1);
  waiting.poller->copy_interests(interests);
  EXPECT_EQ(interests.size(), size_t{waiting.is_select() ? 0u : 1u});
}

TEST_EACH_BACKEND("the interest version changes with the interests, and not with the tokens") {
  if (waiting.is_epoll()) return;
  const Pair pair = unix_pair();
  std::set<uint64_t> versions = {waiting.poller->interest_version()};
  const auto is_new = [&] { return versions.insert(waiting.poller->interest_version()).second; };
  waiting.add(pair.near, kReadable, 1);
  EXPECT(is_new());
  waiting.change(pair.near, kReadable | kWritable, 1);
  EXPECT(is_new());
  waiting.change(pair.near, kReadable | kWritable, 2);
  EXPECT(!is_new());
  waiting.wait();
  EXPECT(!is_new());
  waiting.remove(pair.near);
  EXPECT(is_new());
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
