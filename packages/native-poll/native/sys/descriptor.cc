#include "descriptor.h"

#include <fcntl.h>

#include <cerrno>

namespace pollux {

int make_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    return -errno;
  }
  return 0;
}

}  // namespace pollux
