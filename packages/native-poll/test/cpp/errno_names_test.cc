#include "../../native/sys/errno_names.h"

#include <cerrno>
#include <cstring>

#include "check.h"

namespace pollux::test {
namespace {

TEST("numbers have names, and names have numbers") {
  for (int number = 1; number < 200; ++number) {
    const std::string_view name = errno_name(number);
    if (name != "UNKNOWN") EXPECT_EQ(errno_number(name), number);
  }
  EXPECT_EQ(errno_name(ECONNREFUSED), "ECONNREFUSED");
  EXPECT_EQ(errno_number("EMFILE"), EMFILE);
}

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
TEST("every errno of this system has the name that the system gives it") {
  for (int number = 1; number < 200; ++number) {
    const char* name = ::strerrorname_np(number);
    const std::string_view expected = name != nullptr ? name : "UNKNOWN";
    // Here Node.js has ENOTSUP, for both.
    if (number != EOPNOTSUPP) EXPECT_EQ(errno_name(number), expected);
  }
}
#endif

TEST("of two names for one number Node's is given, and either one is understood") {
  EXPECT_EQ(errno_name(EWOULDBLOCK), "EAGAIN");
  EXPECT_EQ(errno_number("EWOULDBLOCK"), EWOULDBLOCK);
  EXPECT_EQ(errno_name(ENOTSUP), "ENOTSUP");
  EXPECT_EQ(errno_number("EOPNOTSUPP"), EOPNOTSUPP);
}

TEST("what is unknown is said to be unknown") {
  EXPECT_EQ(errno_name(0), "UNKNOWN");
  EXPECT_EQ(errno_name(-EPERM), "UNKNOWN");
  EXPECT_EQ(errno_name(99999), "UNKNOWN");
  EXPECT_EQ(errno_number(""), 0);
  EXPECT_EQ(errno_number("ENOSUCHNAME"), 0);
  EXPECT_EQ(errno_number("econnrefused"), 0);
}

TEST("texts are strerror's") {
  EXPECT_EQ(errno_text(ECONNREFUSED), ::strerror(ECONNREFUSED));
  EXPECT(!errno_text(99999).empty());
}

}  // namespace
}  // namespace pollux::test

CHECK_MAIN()
