// The fault injection that other tests rely on (native/testing/faults.h).
#include "../../native/testing/faults.h"

#include <thread>

#include "check.h"
#include "sockets.h"

namespace pollux::test {
namespace {

struct Faults {
  Faults() { clear_faults(); }
  ~Faults() { clear_faults(); }
  Pair pair = unix_pair();

  ssize_t send(std::string_view bytes) const {
    return syscalls().send(pair.far.get(), bytes.data(), bytes.size(), 0);
  }
};

TEST("without a rule calls are the kernel's, and are counted") {
  const Faults faults;
  EXPECT_EQ(faults.send("abc"), 3);
  EXPECT_EQ(faults.send("de"), 2);
  EXPECT_EQ(faults.pair.drain(), 5u);
  EXPECT_EQ(fault_count(FaultCall::kSend), 2u);
  EXPECT_EQ(fault_count(FaultCall::kRecv), 0u);
  clear_faults();
  EXPECT_EQ(fault_count(FaultCall::kSend), 0u);
}

TEST("an error takes the place of the call, after some and for some calls") {
  const Faults faults;
  inject_fault({.call = FaultCall::kSend, .after = 1, .times = 2, .error = ENOBUFS});
  EXPECT_EQ(faults.send("a"), 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(faults.send("b"), -1);
    EXPECT_EQ(errno, ENOBUFS);
  }
  EXPECT_EQ(faults.send("c"), 1);
  EXPECT_EQ(faults.pair.drain(), 2u);
  EXPECT_EQ(fault_count(FaultCall::kSend), 4u);
}

TEST("rules of one call are counted each for itself, and the oldest that is due decides") {
  const Faults faults;
  inject_fault({.call = FaultCall::kSend, .error = EAGAIN});
  inject_fault({.call = FaultCall::kSend, .error = ENOBUFS});
  inject_fault({.call = FaultCall::kSend, .after = 3, .error = ECONNRESET});
  const int expected[] = {EAGAIN, ENOBUFS, 0, ECONNRESET, 0};
  for (const int error : expected) {
    errno = 0;
    EXPECT_EQ(faults.send("x"), error == 0 ? 1 : -1);
    EXPECT_EQ(errno, error);
  }
}

TEST("a short send or receive is a real one of fewer bytes") {
  const Faults faults;
  inject_fault({.call = FaultCall::kSend, .max_bytes = 2});
  EXPECT_EQ(faults.send("abcdef"), 2);
  EXPECT_EQ(faults.send("cdef"), 4);
  inject_fault({.call = FaultCall::kRecv, .times = 2, .max_bytes = 1});
  char buffer[16] = "";
  EXPECT_EQ(syscalls().recv(faults.pair.near.get(), buffer, sizeof buffer, 0), 1);
  EXPECT_EQ(syscalls().recv(faults.pair.near.get(), buffer + 1, 8, 0), 1);
  EXPECT_EQ(syscalls().recv(faults.pair.near.get(), buffer + 2, 8, 0), 4);
  EXPECT_EQ(std::string_view(buffer), "abcdef");
}

TEST("a short sendmsg is cut inside its segments, which stay as they were") {
  const Faults faults;
  char first[] = "abc";
  char second[] = "def";
  char third[] = "ghi";
  iovec parts[] = {{first, 3}, {second, 3}, {third, 3}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 3;
  for (const auto& [limit, sent] : {std::pair{1, 1}, {3, 3}, {4, 4}, {9, 9}, {100, 9}}) {
    inject_fault({.call = FaultCall::kSendmsg, .max_bytes = static_cast<size_t>(limit)});
    EXPECT_EQ(syscalls().sendmsg(faults.pair.far.get(), &message, 0), sent);
    char buffer[16] = "";
    EXPECT_EQ(::read(faults.pair.near.get(), buffer, sizeof buffer), sent);
    EXPECT_EQ(std::string(buffer), std::string("abcdefghi").substr(0, static_cast<size_t>(sent)));
  }
  EXPECT_EQ(parts[1].iov_len, 3u);
  inject_fault({.call = FaultCall::kSendmsg, .error = EPIPE});
  EXPECT_EQ(syscalls().sendmsg(faults.pair.far.get(), &message, 0), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST("a close that fails has closed all the same") {
  Faults faults;
  inject_fault({.call = FaultCall::kClose, .error = EINTR});
  const int fd = faults.pair.far.release();
  EXPECT_EQ(syscalls().close(fd), -1);
  EXPECT_EQ(errno, EINTR);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST("a limit on sendmmsg and recvmmsg is one of messages") {
  const Faults faults;
  char bytes[] = "ab";
  iovec vectors[] = {{bytes, 1}, {bytes + 1, 1}};
  MultiMessage messages[2] = {};
  for (int i = 0; i < 2; ++i) {
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int far = faults.pair.far.get();
  inject_fault({.call = FaultCall::kSendmmsg, .max_bytes = 1});
  EXPECT_EQ(syscalls().sendmmsg(far, messages, 2, 0), 1);
  EXPECT_EQ(syscalls().sendmmsg(far, messages, 2, 0), 2);
  inject_fault({.call = FaultCall::kRecvmmsg, .max_bytes = 1});
  EXPECT_EQ(syscalls().recvmmsg(faults.pair.near.get(), messages, 2, MSG_DONTWAIT), 1);
  EXPECT_EQ(fault_count(FaultCall::kSendmmsg), 2u);
}

// No real call could give both: a valid fd fails, with an errno that the call does not have.
TEST("every call of the table can be made to fail, under its own name") {
  const Faults faults;
  const int fd = faults.pair.near.get();
  const auto fails = [](FaultCall call, std::string_view name, auto make) {
    inject_fault({.call = call, .error = ENOTTY});
    errno = 0;
    if (make() != -1 || errno != ENOTTY || fault_count(call) != 1)
      check::fail(__FILE__, __LINE__, std::string(name));
    EXPECT_EQ(fault_call_names()[static_cast<size_t>(call)], name);
  };
  const SyscallTable& table = syscalls();
  sockaddr_storage address;
  socklen_t length = sizeof address;
  auto* to = reinterpret_cast<sockaddr*>(&address);
  int value = 0;
  socklen_t value_length = sizeof value;
  struct stat status;
  fails(FaultCall::kSocket, "socket", [&] { return table.socket(AF_INET, SOCK_STREAM, 0); });
  fails(FaultCall::kBind, "bind", [&] { return table.bind(fd, to, length); });
  fails(FaultCall::kListen, "listen", [&] { return table.listen(fd, 1); });
  fails(FaultCall::kAccept, "accept", [&] { return table.accept(fd, to, &length); });
  fails(FaultCall::kConnect, "connect", [&] { return table.connect(fd, to, length); });
  fails(FaultCall::kShutdown, "shutdown", [&] { return table.shutdown(fd, SHUT_WR); });
  fails(FaultCall::kGetsockopt, "getsockopt",
        [&] { return table.getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &value_length); });
  fails(FaultCall::kSetsockopt, "setsockopt",
        [&] { return table.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof value); });
  fails(FaultCall::kGetsockname, "getsockname", [&] { return table.getsockname(fd, to, &length); });
  fails(FaultCall::kGetpeername, "getpeername", [&] { return table.getpeername(fd, to, &length); });
  fails(FaultCall::kOpen, "open", [&] { return table.open("/", O_RDONLY); });
  fails(FaultCall::kUnlink, "unlink", [&] { return table.unlink("/nonexistent"); });
  fails(FaultCall::kLstat, "lstat", [&] { return table.lstat("/", &status); });
  fails(FaultCall::kPoll, "poll", [&] { return table.poll(nullptr, 0, 0); });
  fails(FaultCall::kSelect, "select", [&] { return table.select(0, nullptr, nullptr, nullptr, nullptr); });
  fails(FaultCall::kRecv, "recv", [&] { return table.recv(fd, &value, sizeof value, 0); });
  fails(FaultCall::kSend, "send", [&] { return table.send(fd, &value, sizeof value, 0); });
  MultiMessage message = {};
  fails(FaultCall::kRecvmmsg, "recvmmsg", [&] { return table.recvmmsg(fd, &message, 1, 0); });
  fails(FaultCall::kSendmmsg, "sendmmsg", [&] { return table.sendmmsg(fd, &message, 1, 0); });
#if POLLUX_HAVE_EPOLL
  fails(FaultCall::kEpollCreate, "epoll_create", [&] { return table.epoll_create(0); });
  fails(FaultCall::kEpollCtl, "epoll_ctl", [&] { return table.epoll_ctl(fd, 1, fd, nullptr); });
  fails(FaultCall::kEpollWait, "epoll_wait", [&] { return table.epoll_wait(fd, nullptr, 1, 0); });
#endif
}

TEST("more rules than there is room for are refused, and clear() makes room") {
  const Faults faults;
  for (size_t i = 0; i < kMaxFaultRules; ++i)
    EXPECT(inject_fault({.call = FaultCall::kSend, .error = EAGAIN}));
  EXPECT(!inject_fault({.call = FaultCall::kSend, .error = EAGAIN}));
  EXPECT_EQ(faults.send("x"), -1);
  EXPECT(inject_fault({.call = FaultCall::kSend, .error = EAGAIN}));
  clear_faults();
  EXPECT_EQ(faults.send("x"), 1);
}

TEST("another thread has rules and counts of its own") {
  const Faults faults;
  inject_fault({.call = FaultCall::kSend, .error = EAGAIN});
  std::thread([&] {
    EXPECT_EQ(faults.send("x"), 1);
    EXPECT_EQ(fault_count(FaultCall::kSend), 1u);
  }).join();
  EXPECT_EQ(fault_count(FaultCall::kSend), 0u);
  EXPECT_EQ(faults.send("x"), -1);
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
