// A poller and the verbs to test it with, and TEST_EACH_BACKEND to run a test over every backend of this
// build.
#pragma once

#include <map>

#include "../../native/poller/poller.h"
#include "check.h"
#include "sockets.h"

namespace pollux::test {

// What one or several waits reported: readiness by token.
struct Ready : std::map<uint64_t, int> {
  using map::map;
};

inline std::ostream& operator<<(std::ostream& out, const Ready& ready) {
  out << "{";
  for (const auto& [token, bits] : ready) {
    out << " " << token << ":" << (bits & kReadable ? "R" : "") << (bits & kWritable ? "W" : "")
        << (bits & kError ? "E" : "") << (bits & kHangup ? "H" : "") << (bits & kPriority ? "P" : "");
  }
  return out << " }";
}

inline std::unique_ptr<Poller> poller_of(std::string_view backend) {
  int error = 0;
  std::unique_ptr<Poller> poller = make_poller(backend, &error);
  must(poller ? 0 : -1, "make_poller");
  return poller;
}

struct Waiting {
  explicit Waiting(std::string_view backend) : poller(poller_of(backend)), backend(backend) {}

  bool is_select() const { return backend == "select"; }
  bool is_epoll() const { return backend == "epoll"; }

  void add(const UniqueFd& fd, uint8_t interest, uint64_t token) {
    EXPECT_EQ(poller->register_fd(fd.get(), interest, token), 0);
  }
  void change(const UniqueFd& fd, uint8_t interest, uint64_t token) {
    EXPECT_EQ(poller->modify(fd.get(), interest, token), 0);
  }
  void remove(const UniqueFd& fd, Closing closing = Closing::kNo) {
    EXPECT_EQ(poller->deregister(fd.get(), closing), 0);
  }

  // One wait; no token may come twice.
  Ready wait(int timeout_ms = 0, size_t most = 64) {
    std::vector<ReadyEvent> events(most);
    const int count = poller->wait(events, timeout_ms);
    EXPECT(count >= 0);
    Ready ready;
    for (int i = 0; i < count; ++i) {
      EXPECT(ready.emplace(events[i].token, events[i].readiness).second);
    }
    return ready;
  }

  void expect_ready(const Ready& expected) { EXPECT_EQ(wait(kPatienceMs), expected); }
  void expect_quiet() { EXPECT_EQ(wait(0), Ready{}); }

  std::unique_ptr<Poller> poller;
  std::string_view backend;
};

inline bool register_for_each_backend(const char* name, void (*body)(Waiting&)) {
  for (const std::string_view backend : poller_names()) {
    check::tests().push_back({std::string(backend) + ": " + name, [backend, body] {
                                Waiting waiting(backend);
                                body(waiting);
                              }});
  }
  return true;
}

}  // namespace pollux::test

#define TEST_EACH_BACKEND(name)                                                   \
  static void CHECK_JOIN(test_, __LINE__)(pollux::test::Waiting&);                \
  static const bool CHECK_JOIN(registered_, __LINE__) =                           \
      pollux::test::register_for_each_backend(name, CHECK_JOIN(test_, __LINE__)); \
  static void CHECK_JOIN(test_, __LINE__)([[maybe_unused]] pollux::test::Waiting & waiting)
