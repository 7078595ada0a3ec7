// UniqueFd owns; and the table's own calls give what their comments promise.
#include "../../native/sys/unique_fd.h"

#include "check.h"
#include "sockets.h"

namespace pollux::test {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST("an fd is closed with its owner") {
  int fd = -1;
  {
    const UniqueFd owner(::dup(1));
    fd = owner.get();
    EXPECT(owner);
    EXPECT(is_open(fd));
  }
  EXPECT(!is_open(fd));
}

TEST("an owner of nothing closes nothing") {
  UniqueFd none;
  EXPECT(!none);
  EXPECT_EQ(none.get(), -1);
  none.reset();
  EXPECT(!UniqueFd(-1));
}

TEST("moving hands the fd over, and closes what the new owner had") {
  UniqueFd first(::dup(1));
  UniqueFd second(::dup(1));
  const int fd = first.get();
  const int replaced = second.get();
  second = std::move(first);
  EXPECT(!first);
  EXPECT_EQ(second.get(), fd);
  EXPECT(is_open(fd));
  EXPECT(!is_open(replaced));
  const UniqueFd third(std::move(second));
  EXPECT(!second);
  EXPECT_EQ(third.get(), fd);
}

TEST("moving to itself keeps the fd") {
  UniqueFd owner(::dup(1));
  UniqueFd& same = owner;
  const int fd = owner.get();
  owner = std::move(same);
  EXPECT_EQ(owner.get(), fd);
  EXPECT(is_open(fd));
}

TEST("release gives the fd away, reset takes another") {
  UniqueFd owner(::dup(1));
  const int fd = owner.release();
  EXPECT(!owner);
  EXPECT(is_open(fd));
  owner.reset(fd);
  const int other = ::dup(1);
  owner.reset(other);
  EXPECT(!is_open(fd));
  EXPECT_EQ(owner.get(), other);
}

TEST("an accepted connection does not block and is closed on exec, with the peer's address") {
  const Listener listener = tcp_listener();
  const UniqueFd client = connect_to(listener);
  await(listener.fd.get(), POLLIN);
  sockaddr_in peer = {};
  socklen_t length = sizeof peer;
  const UniqueFd accepted(kKernel.accept(listener.fd.get(), reinterpret_cast<sockaddr*>(&peer), &length));
  REQUIRE(accepted);
  EXPECT(::fcntl(accepted.get(), F_GETFL) & O_NONBLOCK);
  EXPECT(::fcntl(accepted.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(ntohl(peer.sin_addr.s_addr), INADDR_LOOPBACK);
  sockaddr_in local = {};
  must(::getsockname(client.get(), reinterpret_cast<sockaddr*>(&local), &length), "getsockname");
  EXPECT_EQ(peer.sin_port, local.sin_port);
}

TEST("accept with nothing to accept would block") {
  const Listener listener = tcp_listener();
  EXPECT_EQ(kKernel.accept(listener.fd.get(), nullptr, nullptr), -1);
  EXPECT(errno == EAGAIN || errno == EWOULDBLOCK);
}

TEST("retry repeats what a signal interrupts, and turns other failures into values") {
  int calls = 0;
  EXPECT_EQ(retry([&] {
              errno = EINTR;
              return ++calls < 3 ? -1 : 7;
            }),
            7);
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(retry([] {
              errno = ENOBUFS;
              return -1;
            }),
            -ENOBUFS);
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
