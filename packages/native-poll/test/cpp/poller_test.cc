// The poller contract (native/poller/poller.h), sentence by sentence, over every backend.
#include <chrono>
#include <random>
#include <set>
#include <thread>

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
