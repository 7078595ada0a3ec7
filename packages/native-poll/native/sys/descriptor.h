// What every descriptor of Pollux has in common.
#pragma once

namespace pollux {

// Sets O_NONBLOCK and FD_CLOEXEC: 0, or -errno. For descriptors that could not be made so at once; what a
// fork in another thread inherits in between is POSIX's own gap.
int make_nonblocking(int fd);

}  // namespace pollux
