#include "unix_path.h"

#include <sys/stat.h>

#include "../sys/descriptor.h"
#include "../sys/unique_fd.h"

namespace pollux {

bool unlink_stale_socket(std::string_view path, const SocketAddress& address) {
  if (path.empty() || path[0] == '\0') return false;  // abstract: there is no file
  const std::string name(path);
  struct stat status;
  if (retry([&] { return syscalls().lstat(name.c_str(), &status); }) < 0) return false;
  if (!S_ISSOCK(status.st_mode)) return false;
  // Blocking is no danger: connecting to a Unix socket either succeeds or fails at once, but for a full
  // queue, and then somebody does listen. Nonblocking all the same, for that case.
  UniqueFd probe(retry([] { return syscalls().socket(AF_UNIX, SOCK_STREAM, 0); }));
  if (!probe || make_nonblocking(probe.get()) < 0) return false;
  const int result = retry([&] { return syscalls().connect(probe.get(), address.get(), address.length); });
  if (result != -ECONNREFUSED) return false;
  return retry([&] { return syscalls().unlink(name.c_str()); }) == 0;
}

std::unique_ptr<UnixFile> remember_unix_file(std::string_view path) {
  auto file = std::make_unique<UnixFile>();
  file->path = path;
  struct stat status;
  if (retry([&] { return syscalls().lstat(file->path.c_str(), &status); }) < 0) return nullptr;
  file->device = status.st_dev;
  file->inode = status.st_ino;
  return file;
}

void unlink_own_file(const UnixFile& file) {
  struct stat status;
  if (retry([&] { return syscalls().lstat(file.path.c_str(), &status); }) < 0) return;
  if (status.st_dev != file.device || status.st_ino != file.inode) return;
  retry([&] { return syscalls().unlink(file.path.c_str()); });
}

}  // namespace pollux
