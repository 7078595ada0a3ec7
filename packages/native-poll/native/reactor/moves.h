// What moves bytes to a socket without JavaScript seeing them: files, and pipes from other sockets. They
// leave in this order, so that nothing overtakes what was asked for before it:
//
//     backlog ─▶ file ─▶ bytes behind it ─▶ file ─▶ bytes behind it ─▶ what a pipe brings
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "../sys/unique_fd.h"
#include "backlog.h"

namespace pollux {

// Part of a file on its way to a socket.
struct FileTransfer {
  UniqueFd fd;  // our own, whatever the caller does to theirs meanwhile
  uint64_t offset = 0;
  uint64_t left = 0;
  bool copied = false;  // the kernel refuses sendfile(2) of it
  Backlog behind = {};  // what was written after it
};

// A pipe(2).
struct KernelPipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

// From one socket to another. Each end knows of it, and whichever leaves first ends it.
//
//     from ──splice──▶ [ held ] ──splice──▶ to
//
// `from` is read only when nothing is held and `to` has no output of its own to send: so the memory of a pipe
// is what one splice brings, and a splice into an empty pipe that would block says that `from` has nothing.
struct Pipe {
  uint32_t from;  // slots: a pipe ends before either is given back
  uint32_t to;
  size_t held = 0;
  KernelPipe pair = {};  // only while bytes are held: an idle pipe takes no descriptors
  bool copied = false;   // the kernel refuses splice(2) of these
};

struct Moves {
  std::deque<FileTransfer> files;
  size_t bytes_behind_files = 0;
  std::unique_ptr<Pipe> out;  // from this socket
  Pipe* in = nullptr;         // to this socket; the other end owns it

  bool idle() const { return files.empty() && !out && !in; }
};

// Kernel pipes that are empty, kept so that not every splice makes one.
class PipePool {
 public:
  // 0, or -errno.
  int take(KernelPipe* pipe);
  // One that is empty.
  void give_back(KernelPipe pipe);
  void clear() { idle_.clear(); }

 private:
  // Bounded: as many as move bytes at the same time, of which all but those that wait for a peer are back by
  // the end of the call.
  static constexpr size_t kMaxIdle = 16;

  std::vector<KernelPipe> idle_;
};

// Moves bytes from a socket to an empty pipe, or on from there; how many, 0 at the end of the stream, or
// -errno.
ssize_t splice_in(int from, const KernelPipe& pipe, size_t most);
ssize_t splice_out(const KernelPipe& pipe, int to, size_t held);
// Takes bytes out of a pipe that a socket refuses to be spliced to.
ssize_t read_held(const KernelPipe& pipe, uint8_t* buffer, size_t length);
// Moves bytes of a file, from `offset` on, to a socket.
ssize_t send_file_part(int to, int file, uint64_t offset, size_t most);
// Whether that kind of moving is not for these descriptors, or not in this system: bytes have to be copied.
bool refuses_to_move(ssize_t result);

}  // namespace pollux
