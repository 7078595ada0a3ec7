// Descriptors for tests to wait on. What cannot be made here ends the program: there is nothing to test then.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "../../native/sys/unique_fd.h"

namespace pollux::test {

// The longest that a test waits for what must happen. Reached only by a failing one.
inline constexpr int kPatienceMs = 10'000;

inline int must(int result, const char* what) {
  if (result >= 0) return result;
  std::perror(what);
  std::abort();
}

inline UniqueFd owned(int fd, const char* what) {
  UniqueFd result(must(fd, what));
  must(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK), "O_NONBLOCK");
  return result;
}

// Two ends of a connection or of a pipe; of the pipe, `near` reads and `far` writes.
struct Pair {
  UniqueFd near;
  UniqueFd far;

  // All of these act on `far`, and so make `near` ready.
  void send(std::string_view bytes) const {
    must(static_cast<int>(::write(far.get(), bytes.data(), bytes.size())), "write");
  }
  void send_urgent() const { must(static_cast<int>(::send(far.get(), "!", 1, MSG_OOB)), "MSG_OOB"); }
  void half_close() const { must(::shutdown(far.get(), SHUT_WR), "shutdown"); }
  void hang_up() { far.reset(); }

  // Reads what `near` has; the number of bytes.
  size_t drain() const {
    char buffer[4096];
    size_t total = 0;
    for (ssize_t n; (n = ::read(near.get(), buffer, sizeof buffer)) > 0;) total += static_cast<size_t>(n);
    return total;
  }
};

inline Pair unix_pair() {
  int fds[2];
  must(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
  return {owned(fds[0], "near"), owned(fds[1], "far")};
}

inline Pair pipe_pair() {
  int fds[2];
  must(::pipe(fds), "pipe");
  return {owned(fds[0], "near"), owned(fds[1], "far")};
}

struct Listener {
  UniqueFd fd;
  sockaddr_in address;
};

inline Listener tcp_listener() {
  Listener listener = {owned(::socket(AF_INET, SOCK_STREAM, 0), "socket"), {}};
  listener.address.sin_family = AF_INET;
  listener.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof listener.address;
  auto* address = reinterpret_cast<sockaddr*>(&listener.address);
  must(::bind(listener.fd.get(), address, length), "bind");
  must(::listen(listener.fd.get(), 8), "listen");
  must(::getsockname(listener.fd.get(), address, &length), "getsockname");
  return listener;
}

inline UniqueFd connect_to(const Listener& listener) {
  UniqueFd fd(must(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
  must(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&listener.address), sizeof listener.address),
       "connect");
  must(::fcntl(fd.get(), F_SETFL, O_NONBLOCK), "O_NONBLOCK");
  return fd;
}

// Waits until poll(2) reports any of `events`, or an error; what it reported, 0 if it never does.
inline short await(int fd, short events, int timeout_ms = kPatienceMs) {
  pollfd entry = {fd, events, 0};
  return ::poll(&entry, 1, timeout_ms) > 0 ? entry.revents : 0;
}

inline Pair tcp_pair() {
  const Listener listener = tcp_listener();
  UniqueFd far = connect_to(listener);
  await(listener.fd.get(), POLLIN);
  return {owned(::accept(listener.fd.get(), nullptr, nullptr), "accept"), std::move(far)};
}

// Allows fds beyond FD_SETSIZE; false where the system's hard limit does not.
inline bool allow_fds(rlim_t count) {
  rlimit limit = {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return true;
  limit.rlim_cur = count;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

// The same open file under the lowest free fd that is at least `least`.
inline UniqueFd dup_to(const UniqueFd& fd, int least) {
  return UniqueFd(must(::fcntl(fd.get(), F_DUPFD, least), "F_DUPFD"));
}

}  // namespace pollux::test
