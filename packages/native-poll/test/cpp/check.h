// A test program: any number of TEST("a sentence") { … }, and CHECK_MAIN() at the end of one file.
//
// EXPECT_* record a failure and go on, REQUIRE* end the test. Each test must leave the same fds open as it
// found. The last line of a program is `N passed, N failed`; it exits with 1 if any failed.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace check {

struct Test {
  std::string name;
  std::function<void()> body;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline bool& current_failed() {
  static bool failed = false;
  return failed;
}

struct Registration {
  Registration(std::string name, std::function<void()> body) {
    tests().push_back({std::move(name), std::move(body)});
  }
};

inline void fail(const char* file, int line, const std::string& message) {
  current_failed() = true;
  std::cout << "  " << file << ":" << line << ": " << message << std::endl;
}

inline bool is_true(const char* file, int line, const char* text, bool value) {
  if (!value) fail(file, line, std::string("expected: ") + text);
  return value;
}

template <typename A, typename B>
bool is_equal(const char* file, int line, const char* text, const A& actual, const B& expected) {
  if (actual == expected) return true;
  std::ostringstream message;
  message << text << " is " << actual << ", expected " << expected;
  fail(file, line, message.str());
  return false;
}

inline std::vector<int> open_fds() {
  rlimit limit = {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::vector<int> fds;
  for (int fd = 0; fd < static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 16)); ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) fds.push_back(fd);
  }
  return fds;
}

inline const Test*& running() {
  static const Test* test = nullptr;
  return test;
}

// A test that hangs ends the program and says which one it was.
inline constexpr unsigned kMostSeconds = 60;

inline void on_alarm(int) {
  constexpr std::string_view text = "FAILED, hangs: ";
  const std::string& name = running()->name;
  [[maybe_unused]] ssize_t ignored = ::write(1, text.data(), text.size());
  ignored = ::write(1, name.data(), name.size());
  ::_exit(1);
}

inline bool passes(const Test& test) {
  current_failed() = false;
  running() = &test;
  ::signal(SIGALRM, on_alarm);
  ::alarm(kMostSeconds);
  const std::vector<int> before = open_fds();
  test.body();
  is_true(test.name.c_str(), 0, "the fds open before are open after, and no other", open_fds() == before);
  return !current_failed();
}

inline int run_all(int argc, char** argv) {
  const std::string_view filter = argc > 1 ? argv[1] : "";
  int passed = 0;
  int failed = 0;
  for (const Test& test : tests()) {
    if (test.name.find(filter) == std::string::npos) continue;
    if (passes(test)) {
      ++passed;
    } else {
      ++failed;
      std::cout << "FAILED: " << test.name << std::endl;
    }
  }
  std::cout << passed << " passed, " << failed << " failed" << std::endl;
  return failed == 0 ? 0 : 1;
}

}  // namespace check

#define CHECK_JOIN_(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN_(a, b)

#define TEST(name)                                                                                         \
  static void CHECK_JOIN(test_, __LINE__)();                                                               \
  static const check::Registration CHECK_JOIN(registration_, __LINE__)(name, CHECK_JOIN(test_, __LINE__)); \
  static void CHECK_JOIN(test_, __LINE__)()

#define EXPECT(value) check::is_true(__FILE__, __LINE__, #value, static_cast<bool>(value))
#define EXPECT_EQ(actual, expected) check::is_equal(__FILE__, __LINE__, #actual, actual, expected)
#define REQUIRE(value) \
  if (!EXPECT(value)) return
#define REQUIRE_EQ(actual, expected) \
  if (!EXPECT_EQ(actual, expected)) return

#define CHECK_MAIN() \
  int main(int argc, char** argv) { return check::run_all(argc, argv); }
