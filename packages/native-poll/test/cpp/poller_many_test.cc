// The poller contract (native/poller/poller.h), sentence by sentence, over every backend: more than one wait
// reports, more than a set holds, and any sequence of calls.
#include <random>

#include "waiting.h"

namespace pollux::test {
namespace {

// One wait takes `most` of `count` that stay ready; how often each was reported in `waits` waits.
std::map<uint64_t, int> reports(Waiting& waiting, size_t most, int waits) {
  std::map<uint64_t, int> times;
  for (int i = 0; i < waits; ++i) {
    const Ready ready = waiting.wait(0, most);
    EXPECT_EQ(ready.size(), most);
    for (const auto& [token, bits] : ready) ++times[token];
  }
  return times;
}

TEST_EACH_BACKEND("where more are ready than fit, all get their turn") {
  constexpr int kCount = 10;
  std::vector<Pair> pairs;
  for (int i = 0; i < kCount; ++i) {
    pairs.push_back(unix_pair());
    waiting.add(pairs.back().near, kReadable, i);
    pairs.back().send("x");
  }
  for (const size_t most : {1, 3, 7, 9}) {
    const int waits = 200;
    const auto times = reports(waiting, most, waits);
    EXPECT_EQ(times.size(), size_t{kCount});
    const int fair_share = waits * static_cast<int>(most) / kCount;
    for (const auto& [token, count] : times) {
      EXPECT(count >= fair_share - 1 && count <= fair_share + 1);
    }
  }
}

TEST_EACH_BACKEND("one more than fits in a wait comes with the next one") {
  constexpr size_t kMost = 64;
  std::vector<Pair> pairs;
  for (size_t i = 0; i <= kMost; ++i) {
    pairs.push_back(unix_pair());
    waiting.add(pairs.back().near, kReadable, i);
    pairs.back().send("x");
  }
  Ready ready = waiting.wait(kPatienceMs, kMost);
  EXPECT_EQ(ready.size(), kMost);
  for (const auto& [token, bits] : ready) pairs[token].drain();
  const Ready rest = waiting.wait(kPatienceMs, kMost);
  EXPECT_EQ(rest.size(), size_t{1});
  for (const auto& [token, bits] : rest) EXPECT_EQ(ready.count(token), size_t{0});
}

TEST_EACH_BACKEND("an fd closed while registered neither ends the waiting nor hides the others") {
  Pair lost = unix_pair();
  Pair lost_too = unix_pair();
  const Pair pair = unix_pair();
  waiting.add(lost.near, kReadable, 1);
  waiting.add(lost_too.near, kPriority, 2);
  waiting.add(pair.near, kReadable, 3);
  const int fd = lost.near.get();
  const int fd_too = lost_too.near.get();
  lost.near.reset();
  lost_too.near.reset();
  if (waiting.is_epoll()) {
    waiting.expect_quiet();
    pair.send("x");
    waiting.expect_ready({{3, kReadable}});
    return;
  }
  waiting.expect_ready({{1, kError}, {2, kError}});
  pair.send("x");
  waiting.expect_ready({{1, kError}, {2, kError}, {3, kReadable}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(waiting.wait(0, 1).size(), size_t{1});
  EXPECT_EQ(waiting.poller->deregister(fd, Closing::kNo), 0);
  EXPECT_EQ(waiting.poller->deregister(fd_too, Closing::kNo), 0);
  waiting.expect_ready({{3, kReadable}});
}

TEST_EACH_BACKEND("select refuses an fd that no fd_set can hold, the others take it") {
  if (!allow_fds(FD_SETSIZE + 16)) {
    std::cout << "skipped, the hard limit of fds is too low: " << waiting.backend << std::endl;
    return;
  }
  const Pair pair = unix_pair();
  pair.send("x");
  const UniqueFd last = dup_to(pair.near, FD_SETSIZE - 1);
  const UniqueFd beyond = dup_to(pair.near, FD_SETSIZE);
  REQUIRE_EQ(last.get(), FD_SETSIZE - 1);
  REQUIRE_EQ(beyond.get(), FD_SETSIZE);
  waiting.add(last, kReadable, 1);
  if (waiting.is_select()) {
    EXPECT_EQ(waiting.poller->register_fd(beyond.get(), kReadable, 2), -ERANGE);
    EXPECT_EQ(waiting.poller->modify(beyond.get(), kReadable, 2), -ENOENT);
    EXPECT_EQ(waiting.poller->deregister(beyond.get(), Closing::kNo), -ENOENT);
    waiting.expect_ready({{1, kReadable}});
  } else {
    waiting.add(beyond, kReadable, 2);
    waiting.expect_ready({{1, kReadable}, {2, kReadable}});
    waiting.remove(beyond);
  }
  waiting.remove(last);
}

// Does what a program may do, at random, and compares each wait with what a plain table says it must report.
TEST_EACH_BACKEND("any sequence of calls reports just what is ready and asked for") {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  const auto below = [&](unsigned limit) { return random() % limit; };

  struct Model {
    Pair pair;
    bool registered = false;
    uint8_t interest = kNone;
    uint64_t token = 0;
    bool readable = false;
  };
  std::vector<Model> models(40);
  for (Model& model : models) model.pair = unix_pair();

  uint64_t next_token = 1;
  for (int step = 0; step < 5000 && !check::current_failed(); ++step) {
    Model& model = models[below(models.size())];
    const auto interest = static_cast<uint8_t>(below(4) | (below(2) ? kPriority : kNone));
    switch (below(5)) {
      case 0:
        if (model.readable) model.pair.drain();
        model.readable = !model.readable;
        if (model.readable) model.pair.send("x");
        break;
      case 1:
        if (!model.registered) break;
        waiting.change(model.pair.near, interest, ++next_token);
        model.interest = interest;
        model.token = next_token;
        break;
      case 2:
        if (!model.registered) break;
        waiting.remove(model.pair.near, below(2) ? Closing::kYes : Closing::kNo);
        model = {.pair = unix_pair()};
        break;
      default:
        if (model.registered) break;
        waiting.add(model.pair.near, interest, ++next_token);
        model.registered = true;
        model.interest = interest;
        model.token = next_token;
    }
    Ready expected;
    for (const Model& each : models) {
      const int ready = each.interest & (kWritable | (each.readable ? kReadable : kNone));
      if (each.registered && ready != kNone) expected[each.token] = ready;
    }
    EXPECT_EQ(waiting.wait(0), expected);
  }
  if (check::current_failed()) std::cout << "seed " << seed << std::endl;
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
