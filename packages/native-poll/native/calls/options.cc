#include "options.h"

#include <algorithm>
#include <cstring>

#include "../sys/syscalls.h"

namespace pollux {

int get_int_option(int fd, int level, int name, int* value) {
  socklen_t length = sizeof *value;
  *value = 0;
  const int result = retry([&] { return syscalls().getsockopt(fd, level, name, value, &length); });
  if (result == 0 && length == 1) {
    unsigned char byte;
    std::memcpy(&byte, value, 1);
    *value = byte;
  }
  return result;
}

int set_int_option(int fd, int level, int name, int value) {
  return retry([&] { return syscalls().setsockopt(fd, level, name, &value, sizeof value); });
}

int get_raw_option(int fd, int level, int name, uint8_t* value, size_t capacity) {
  auto length = static_cast<socklen_t>(capacity);
  const int result = retry([&] { return syscalls().getsockopt(fd, level, name, value, &length); });
  if (result < 0) return result;
  // A kernel may report the length that there is, not what fitted.
  return static_cast<int>(std::min<size_t>(length, capacity));
}

int set_raw_option(int fd, int level, int name, const uint8_t* value, size_t length) {
  return retry([&] { return syscalls().setsockopt(fd, level, name, value, static_cast<socklen_t>(length)); });
}

}  // namespace pollux
