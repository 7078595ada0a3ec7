// getsockopt(2) and setsockopt(2) on an fd. Failure is a value: -errno.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pollux {

// An int. Some systems give a flag or a multicast TTL in a single byte: it is read as the number it is.
int get_int_option(int fd, int level, int name, int* value);
int set_int_option(int fd, int level, int name, int value);

// Anything else. `value` has room for `capacity` bytes, all zero, and gets what the kernel writes; the result
// is how many bytes it filled.
int get_raw_option(int fd, int level, int name, uint8_t* value, size_t capacity);
int set_raw_option(int fd, int level, int name, const uint8_t* value, size_t length);

}  // namespace pollux
