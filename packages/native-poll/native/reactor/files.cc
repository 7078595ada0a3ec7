// Files on their way to a socket: by sendfile(2) where the kernel can, and else in pieces through memory of
// ours. Either waits where a file has to be read from a disk: that is what keeping files in the page cache is
// for.
#include <algorithm>

#include "reactor.h"
#include "send_flags.h"

namespace pollux {

namespace {

// What one call asks for, so that one fast reader of a large file does not hold up the others.
constexpr uint64_t kFileShare = 1024 * 1024;

}  // namespace

int Reactor::send_file(Handle handle, int fd, uint64_t offset, uint64_t length) {
  submit();
  Slot* const slot = find(handle);
  if (!slot || !takes_output(*slot)) return -EBADF;
  // Of our own: the caller may close theirs at any time, and the number may be another file's by then.
  const int own = retry([&] { return syscalls().duplicate(fd); });
  if (own < 0) return own;
  if (!slot->moves) slot->moves = std::make_unique<Moves>();
  slot->moves->files.push_back({.fd = UniqueFd(own), .offset = offset, .left = length});
  if (slot->state == SlotState::kStream) flush(handle.slot, *slot);
  return 0;
}

// One step of the oldest file. False when there is nothing more to do now: the kernel is full, or the socket
// failed.
bool Reactor::advance_file(uint32_t index, Slot& slot) {
  FileTransfer& file = slot.moves->files.front();
  if (file.left > 0) {
    const auto asked = static_cast<size_t>(std::min(file.left, kFileShare));
    ssize_t sent = file.copied ? -EINVAL : send_file_part(slot.fd.get(), file.fd.get(), file.offset, asked);
    if (refuses_to_move(sent)) {
      file.copied = true;
      sent = copy_file_part(slot, file);
    }
    memory_.counters->sends += 1;
    // The peer may have been told how much comes: nothing else may take the place of what is missing.
    if (sent == 0) return fail(index, slot, ENODATA, Syscall::kSendfile), false;
    if (sent < 0) {
      if (!is_full(sent)) fail(index, slot, static_cast<int>(-sent), Syscall::kSendfile);
      return false;
    }
    file.offset += static_cast<uint64_t>(sent);
    file.left -= static_cast<uint64_t>(sent);
    count_sent(index, static_cast<size_t>(sent));
    memory_.counters->file_bytes += static_cast<double>(sent);
    if (file.left > 0) return static_cast<size_t>(sent) == asked;
  }
  finish_file(index, slot);
  return true;
}

// As sendfile(2): bytes sent, 0 where the file has no more, or -errno. What the kernel does not take is read
// again.
ssize_t Reactor::copy_file_part(const Slot& slot, const FileTransfer& file) {
  const std::span<uint8_t> buffer = scratch();
  const auto most = static_cast<size_t>(std::min<uint64_t>(file.left, buffer.size()));
  const auto offset = static_cast<off_t>(file.offset);
  const ssize_t got = retry([&] { return syscalls().pread(file.fd.get(), buffer.data(), most, offset); });
  if (got <= 0) return got;
  const auto length = static_cast<size_t>(got);
  return retry([&] { return syscalls().send(slot.fd.get(), buffer.data(), length, kSendFlags); });
}

// What was written behind it is next.
void Reactor::finish_file(uint32_t index, Slot& slot) {
  Backlog behind = std::move(slot.moves->files.front().behind);
  slot.moves->files.pop_front();
  slot.moves->bytes_behind_files -= behind.size();
  if (behind.size() > 0) slot.backlog = std::make_unique<Backlog>(std::move(behind));
  forget_idle_moves(slot);
  append(Event::kFileSent, index, slot);
}

void Reactor::drop_files(Slot& slot) {
  if (!slot.moves) return;
  slot.moves->files.clear();
  slot.moves->bytes_behind_files = 0;
  forget_idle_moves(slot);
}

}  // namespace pollux
