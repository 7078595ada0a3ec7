#include "moves.h"

#include <algorithm>

namespace pollux {

#if POLLUX_HAVE_SPLICE

int PipePool::take(KernelPipe* pipe) {
  if (!idle_.empty()) {
    *pipe = std::move(idle_.back());
    idle_.pop_back();
    return 0;
  }
  int fds[2];
  const int result = retry([&] { return syscalls().pipe(fds); });
  if (result < 0) return result;
  *pipe = {UniqueFd(fds[0]), UniqueFd(fds[1])};
  return 0;
}

ssize_t splice_in(int from, const KernelPipe& pipe, size_t most) {
  return retry([&] { return syscalls().splice(from, pipe.write_end.get(), most); });
}

ssize_t splice_out(const KernelPipe& pipe, int to, size_t held) {
  return retry([&] { return syscalls().splice(pipe.read_end.get(), to, held); });
}

ssize_t read_held(const KernelPipe& pipe, uint8_t* buffer, size_t length) {
  return retry([&] { return syscalls().read(pipe.read_end.get(), buffer, length); });
}

ssize_t send_file_part(int to, int file, uint64_t offset, size_t most) {
  auto at = static_cast<off_t>(offset);
  return retry([&] { return syscalls().sendfile(to, file, &at, most); });
}

#else

int PipePool::take(KernelPipe*) { return -ENOSYS; }
ssize_t splice_in(int, const KernelPipe&, size_t) { return -ENOSYS; }
ssize_t splice_out(const KernelPipe&, int, size_t) { return -ENOSYS; }
ssize_t read_held(const KernelPipe&, uint8_t*, size_t) { return -ENOSYS; }
ssize_t send_file_part(int, int, uint64_t, size_t) { return -ENOSYS; }

#endif

void PipePool::give_back(KernelPipe pipe) {
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(pipe));
}

// splice(2), sendfile(2): EINVAL where a file system or a kind of socket has no such operation; the others
// where the system has no such call, or a sandbox forbids it.
bool refuses_to_move(ssize_t result) {
  return result == -EINVAL || result == -ENOSYS || result == -EOPNOTSUPP || result == -EPERM;
}

}  // namespace pollux
