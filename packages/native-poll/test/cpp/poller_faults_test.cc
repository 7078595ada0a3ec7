// The poller contract where the kernel interrupts or refuses, over every backend.
#include <signal.h>
#include <sys/time.h>

#include "../../native/testing/faults.h"
#include "waiting.h"

namespace pollux::test {
namespace {

FaultCall wait_call(const Waiting& waiting) {
#if POLLUX_HAVE_EPOLL
  if (waiting.is_epoll()) return FaultCall::kEpollWait;
#endif
  return waiting.is_select() ? FaultCall::kSelect : FaultCall::kPoll;
}

// Clears what a test injected, also where it ends early.
struct Faults {
  Faults() { clear_faults(); }
  ~Faults() { clear_faults(); }
};

TEST_EACH_BACKEND("a look that a signal interrupts is repeated") {
  const Faults faults;
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("x");
  inject_fault({.call = wait_call(waiting), .times = 3, .error = EINTR});
  EXPECT_EQ(waiting.wait(0), (Ready{{1, kReadable}}));
  EXPECT_EQ(fault_count(wait_call(waiting)), 4u);
}

TEST_EACH_BACKEND("a blocking wait that a signal interrupts ends early, and loses nothing") {
  const Faults faults;
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("x");
  inject_fault({.call = wait_call(waiting), .error = EINTR});
  EXPECT_EQ(waiting.wait(-1), Ready{});
  EXPECT_EQ(waiting.wait(-1), (Ready{{1, kReadable}}));
}

TEST_EACH_BACKEND("a real signal ends a wait for ever") {
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) {};
  must(::sigaction(SIGALRM, &action, &before), "sigaction");
  // It repeats: the first one may come before the wait has begun.
  const itimerval soon = {{0, 2000}, {0, 2000}};
  const itimerval never = {};
  must(::setitimer(ITIMER_REAL, &soon, nullptr), "setitimer");
  EXPECT_EQ(waiting.wait(-1), Ready{});
  must(::setitimer(ITIMER_REAL, &never, nullptr), "setitimer");
  must(::sigaction(SIGALRM, &before, nullptr), "sigaction");
}

TEST_EACH_BACKEND("a wait that fails says so, and the next one works") {
  const Faults faults;
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("x");
  ReadyEvent event;
  for (const int timeout_ms : {0, -1}) {
    inject_fault({.call = wait_call(waiting), .error = ENOMEM});
    EXPECT_EQ(waiting.poller->wait({&event, 1}, timeout_ms), -ENOMEM);
    EXPECT_EQ(waiting.poller->wait({&event, 1}, timeout_ms), 1);
  }
}

TEST_EACH_BACKEND("a bad fd that nobody can find does not make the wait repeat itself for ever") {
  if (!waiting.is_select()) return;
  const Faults faults;
  const Pair pair = unix_pair();
  waiting.add(pair.near, kReadable, 1);
  pair.send("x");
  ReadyEvent event;
  inject_fault({.call = FaultCall::kSelect, .times = 2, .error = EBADF});
  EXPECT_EQ(waiting.poller->wait({&event, 1}, 0), -EBADF);
  inject_fault({.call = FaultCall::kSelect, .times = 1, .error = EBADF});
  EXPECT_EQ(waiting.wait(-1), (Ready{{1, kReadable}}));
}

#if POLLUX_HAVE_EPOLL

TEST("epoll: no fd left for it is an error with its errno") {
  const Faults faults;
  inject_fault({.call = FaultCall::kEpollCreate, .error = EMFILE});
  int error = 0;
  EXPECT(make_poller("epoll", &error) == nullptr);
  EXPECT_EQ(error, -EMFILE);
}

TEST("epoll: a registration that the kernel refuses is not made") {
  const Faults faults;
  Waiting waiting("epoll");
  const Pair pair = unix_pair();
  inject_fault({.call = FaultCall::kEpollCtl, .error = ENOSPC});
  EXPECT_EQ(waiting.poller->register_fd(pair.near.get(), kWritable, 1), -ENOSPC);
  waiting.expect_quiet();
  inject_fault({.call = FaultCall::kEpollCtl, .times = 2, .error = EINTR});
  waiting.add(pair.near, kWritable, 1);
  waiting.expect_ready({{1, kWritable}});
}

TEST("epoll: an fd that is closed at once costs no call to deregister") {
  const Faults faults;
  Waiting waiting("epoll");
  const Pair pair = unix_pair();
  waiting.add(pair.near, kWritable, 1);
  waiting.remove(pair.near, Closing::kYes);
  EXPECT_EQ(fault_count(FaultCall::kEpollCtl), 1u);
}

#endif

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
