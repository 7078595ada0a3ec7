// The watcher's thread, with real pollers. Its `wake` writes a byte to a pipe, so that waking can be awaited.
#include "../../native/poller/watcher.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "../../native/testing/faults.h"
#include "waiting.h"

namespace pollux::test {
namespace {

// Long enough for a wake that should not come, where there is no event to wait for.
constexpr int kQuietMs = 20;

struct Watched {
  explicit Watched(Waiting& waiting) : waiting(waiting) { must(watcher.start(), "start"); }

  void arm() { watcher.arm(*waiting.poller); }

  void expect_wake() {
    EXPECT_EQ(await(wakes.near.get(), POLLIN), POLLIN);
    EXPECT_EQ(wakes.drain(), 1u);
  }
  void expect_no_wake() { EXPECT_EQ(await(wakes.near.get(), POLLIN, kQuietMs), 0); }

  Waiting& waiting;
  const Pair wakes = pipe_pair();
  Watcher watcher{[this] { wakes.send("!"); }};
};

#define TEST_EACH_WATCHED(name)                                  \
  static void CHECK_JOIN(watched_, __LINE__)(Waiting & waiting); \
  static const bool CHECK_JOIN(registered_, __LINE__) =          \
      watched_by_thread(name, CHECK_JOIN(watched_, __LINE__));   \
  static void CHECK_JOIN(watched_, __LINE__)(Waiting & waiting)

// Over the backends that need a watcher.
bool watched_by_thread(const char* name, void (*body)(Waiting&)) {
  for (const std::string_view backend : {"poll", "select"}) {
    check::tests().push_back({std::string(backend) + ": " + name, [backend, body] {
                                Waiting waiting(backend);
                                body(waiting);
                              }});
  }
  return true;
}

TEST_EACH_WATCHED("wakes for what is ready when it is armed") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("x");
  Watched watched(waiting);
  watched.arm();
  watched.expect_wake();
  waiting.expect_ready({{1, kReadable}});
}

TEST_EACH_WATCHED("wakes for what becomes ready later, and is quiet until then") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  Watched watched(waiting);
  watched.arm();
  watched.expect_no_wake();
  pair.send("x");
  watched.expect_wake();
}

TEST_EACH_WATCHED("wakes once for each time it is armed, however long something is ready") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("x");
  Watched watched(waiting);
  for (int i = 0; i < 3; ++i) {
    watched.arm();
    watched.expect_wake();
    watched.expect_no_wake();
  }
}

TEST_EACH_WATCHED("is quiet before it is armed") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kWritable, 1);
  Watched watched(waiting);
  watched.expect_no_wake();
}

TEST_EACH_WATCHED("waits for what it was armed with last: an fd more") {
  const Pair quiet = unix_pair();
  const Pair pair = unix_pair();
  waiting.add(quiet.near, kReadable, 1);
  pair.send("x");
  Watched watched(waiting);
  watched.arm();
  watched.expect_no_wake();
  waiting.add(pair.near, kReadable, 2);
  watched.arm();
  watched.expect_wake();
}

TEST_EACH_WATCHED("waits for what it was armed with last: an fd less, an interest less") {
  const Pair gone = unix_pair();
  const Pair paused = unix_pair();
  waiting.add(gone.near, kReadable, 1);
  waiting.add(paused.near, kReadable, 2);
  Watched watched(waiting);
  watched.arm();
  watched.expect_no_wake();
  waiting.remove(gone.near);
  waiting.change(paused.near, kNone, 2);
  watched.arm();
  // The thread lets go of the old interests on its own time; disarm() waits for that.
  watched.watcher.disarm();
  watched.arm();
  gone.send("x");
  paused.send("x");
  watched.expect_no_wake();
}

TEST_EACH_WATCHED("is armed many times for the same, and wakes once") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  Watched watched(waiting);
  for (int i = 0; i < 1000; ++i) watched.arm();
  pair.send("x");
  watched.expect_wake();
  watched.expect_no_wake();
}

TEST_EACH_WATCHED("a disarmed watcher does not wake, and can be armed again") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  Watched watched(waiting);
  watched.watcher.disarm();
  watched.arm();
  watched.expect_no_wake();
  watched.watcher.disarm();
  watched.watcher.disarm();
  pair.send("x");
  watched.expect_no_wake();
  watched.arm();
  watched.expect_wake();
}

TEST_EACH_WATCHED("after disarm a close takes effect at once, although the fd was being polled") {
  Watched watched(waiting);
  for (int i = 0; i < 50; ++i) {
    Pair pair = unix_pair();
    waiting.add(pair.near, kReadable, 1);
    watched.arm();
    await(watched.wakes.near.get(), POLLIN, 1);  // lets the thread get into its poll
    waiting.remove(pair.near, Closing::kYes);
    watched.watcher.disarm();
    pair.near.reset();
    EXPECT(await(pair.far.get(), POLLIN, 0) & POLLHUP);
  }
}

TEST_EACH_WATCHED("the loop can arm while a wake is under way") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("x");
  const Pair entered = pipe_pair();
  const Pair left = pipe_pair();
  std::atomic<bool> loop_was_stuck{false};
  Watcher watcher([&] {
    entered.send("!");
    if (await(left.near.get(), POLLIN) == 0) loop_was_stuck = true;
  });
  must(watcher.start(), "start");
  watcher.arm(*waiting.poller);
  await(entered.near.get(), POLLIN);
  EXPECT_EQ(entered.drain(), 1u);
  watcher.arm(*waiting.poller);
  watcher.disarm();
  watcher.arm(*waiting.poller);
  left.send("!");
  EXPECT_EQ(await(entered.near.get(), POLLIN), POLLIN);
  EXPECT(!loop_was_stuck);
}

TEST_EACH_WATCHED("an fd closed while it is watched does no harm, and the others are still watched") {
  Pair closed = unix_pair();
  const Pair pair = unix_pair();
  waiting.add(closed.near, kReadable, 1);
  waiting.add(pair.near, kReadable, 2);
  Watched watched(waiting);
  watched.arm();
  watched.expect_no_wake();
  waiting.remove(closed.near, Closing::kYes);
  closed.near.reset();
  pair.send("x");
  watched.expect_wake();
  pair.drain();
  watched.arm();
  watched.expect_no_wake();
}

TEST_EACH_WATCHED("an fd that is closed already wakes once, and does not spin") {
  Pair closed = unix_pair();
  waiting.add(closed.near, kReadable, 1);
  Watched watched(waiting);
  closed.near.reset();  // not before: the watcher's pipe would get its number
  watched.arm();
  watched.expect_wake();
  watched.expect_no_wake();
  watched.arm();
  watched.expect_wake();
}

TEST_EACH_WATCHED("a hang-up wakes only where the poller can report it") {
  Pair pair = unix_pair();
  waiting.add(pair.near, kNone, 1);
  Watched watched(waiting);
  watched.arm();
  pair.hang_up();
  if (waiting.is_select()) {
    watched.expect_no_wake();
    waiting.expect_quiet();
  } else {
    watched.expect_wake();
    waiting.expect_ready({{1, kHangup}});
  }
}

TEST_EACH_WATCHED("what wakes for urgent data is found by the poller, a hang-up too") {
  Pair pair = tcp_pair();
  Pair broken = unix_pair();
  waiting.add(pair.near, kPriority, 1);
  waiting.add(broken.near, kPriority, 2);
  Watched watched(waiting);
  watched.arm();
  pair.send("x");
  watched.expect_no_wake();
  pair.send_urgent();
  watched.expect_wake();
  waiting.expect_ready({{1, kPriority}});
  waiting.remove(pair.near);
  broken.hang_up();
  watched.arm();
  watched.expect_wake();
  EXPECT_EQ(waiting.wait().size(), size_t{1});
}

TEST_EACH_WATCHED("can be destroyed before it starts, idle, armed, and right after it was armed") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  {
    Watcher never_started([] {});
  }
  {
    Watched idle(waiting);
  }
  {
    Watched armed(waiting);
    armed.arm();
    armed.expect_no_wake();
  }
  for (int i = 0; i < 100; ++i) {
    Watched watched(waiting);
    watched.arm();
  }
  pair.send("x");
  for (int i = 0; i < 100; ++i) {
    Watched watched(waiting);
    watched.arm();
  }
}

TEST_EACH_WATCHED("no wake is lost and none comes twice in thousands of rounds") {
  const Pair pair = unix_pair();
  const Pair other = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  waiting.add(other.near, kReadable, 2);
  Watched watched(waiting);
  // The other thread answers each round with one byte, at any moment of the watcher's way into its poll.
  const Pair rounds = unix_pair();
  constexpr int kRounds = 5000;
  std::thread writer([&] {
    for (int i = 0; i < kRounds; ++i) {
      await(rounds.near.get(), POLLIN);
      char byte;
      must(static_cast<int>(::read(rounds.near.get(), &byte, 1)), "read");
      pair.send("x");
    }
  });
  for (int i = 0; i < kRounds && !check::current_failed(); ++i) {
    rounds.send("?");
    waiting.change(other.near, i % 3 == 0 ? kReadable : kNone, 2);
    watched.arm();
    watched.expect_wake();
    EXPECT_EQ(waiting.wait(), (Ready{{1, kReadable}}));
    pair.drain();
  }
  if (check::current_failed()) std::abort();  // the writer would wait for ever
  writer.join();
}

// A wake may belong to an arm() before the last, so only this is promised: while armed with something ready,
// one comes. All calls in a random order must keep it.
TEST_EACH_WATCHED("any order of calls ends with a wake, where something is ready") {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  std::vector<Pair> pairs;
  for (uint64_t i = 0; i < 4; ++i) {
    pairs.push_back(unix_pair());
    waiting.add(pairs.back().near, kReadable, i);
  }
  Watched watched(waiting);
  for (int i = 0; i < 500 && !check::current_failed(); ++i) {
    for (int step = static_cast<int>(random() % 6); step > 0; --step) {
      const size_t k = random() % pairs.size();
      switch (random() % 5) {
        case 0:
          watched.watcher.disarm();
          break;
        case 1:
          waiting.change(pairs[k].near, random() % 4, k);
          break;
        case 2:
          pairs[k].send("x");
          break;
        case 3:
          pairs[k].drain();
          break;
        default:
          watched.arm();
      }
    }
    waiting.change(pairs[0].near, kReadable, 0);
    pairs[0].send("x");
    watched.watcher.disarm();
    watched.wakes.drain();
    watched.arm();
    EXPECT(await(watched.wakes.near.get(), POLLIN));
  }
  if (check::current_failed()) std::cout << "seed " << seed << std::endl;
}

std::atomic<bool> signalled{false};

TEST_EACH_WATCHED("signals of the program never run on its thread") {
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) { signalled = true; };
  must(::sigaction(SIGUSR1, &action, &before), "sigaction");
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  signalled = false;
  {
    Watched watched(waiting);
    watched.arm();
    // Blocked here, the signal could be delivered to no thread but the watcher's.
    sigset_t usr1;
    ::sigemptyset(&usr1);
    ::sigaddset(&usr1, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
    must(::kill(::getpid(), SIGUSR1), "kill");
    watched.expect_no_wake();
    EXPECT(!signalled);
    if (!signalled) {
      int taken = 0;
      ::sigwait(&usr1, &taken);
      EXPECT_EQ(taken, SIGUSR1);
    }
    ::pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
  }
  must(::sigaction(SIGUSR1, &before, nullptr), "sigaction");
}

TEST_EACH_WATCHED(
    "a poll that fails wakes the loop, once and not at once, so that it finds out and does not spin") {
  std::vector<Pair> pairs;
  for (uint64_t i = 0; i < 20; ++i) {
    pairs.push_back(unix_pair());
    waiting.add(pairs.back().near, kReadable, i);
  }
  Watched watched(waiting);
  // poll(2) refuses more entries than the limit of fds; those that are open stay open.
  rlimit before;
  must(::getrlimit(RLIMIT_NOFILE, &before), "getrlimit");
  const rlimit low = {10, before.rlim_max};
  must(::setrlimit(RLIMIT_NOFILE, &low), "setrlimit");
  const auto begin = std::chrono::steady_clock::now();
  watched.arm();
  watched.expect_wake();
  EXPECT(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(5));
  watched.expect_no_wake();
  must(::setrlimit(RLIMIT_NOFILE, &before), "setrlimit");
  watched.arm();
  watched.expect_no_wake();
  pairs[7].send("x");
  watched.expect_wake();
}

TEST_EACH_WATCHED("no fault of the loop's thread reaches its thread") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  Watched watched(waiting);
  clear_faults();
  inject_fault({.call = FaultCall::kPoll, .times = 100, .error = ENOMEM});
  watched.arm();
  watched.expect_no_wake();
  pair.send("x");
  watched.expect_wake();
  EXPECT_EQ(fault_count(FaultCall::kPoll), 0u);
  clear_faults();
}

TEST("its fds are closed on exec and never block") {
  const std::vector<int> before = check::open_fds();
  Watcher watcher([] {});
  must(watcher.start(), "start");
  const std::vector<int> after = check::open_fds();
  EXPECT_EQ(after.size(), before.size() + 2);
  for (const int fd : after) {
    if (std::find(before.begin(), before.end(), fd) != before.end()) continue;
    EXPECT(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
    EXPECT(::fcntl(fd, F_GETFL) & O_NONBLOCK);
  }
}

TEST("a watcher that gets no pipe says so") {
  rlimit before;
  must(::getrlimit(RLIMIT_NOFILE, &before), "getrlimit");
  const rlimit low = {0, before.rlim_max};
  must(::setrlimit(RLIMIT_NOFILE, &low), "setrlimit");
  {
    Watcher watcher([] {});
    EXPECT_EQ(watcher.start(), -EMFILE);
  }
  must(::setrlimit(RLIMIT_NOFILE, &before), "setrlimit");
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
