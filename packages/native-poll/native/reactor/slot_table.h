// The sockets of one reactor. A socket is a slot with a generation, never a bare fd: an event or a submission
// that speaks of a socket which is gone is recognised by its generation and dropped, although slot and fd are
// reused.
#pragma once

#include <netinet/in.h>

#include <memory>
#include <string>
#include <vector>

#include "../poller/poller.h"
#include "../sys/unique_fd.h"
#include "backlog.h"
#include "datagram_state.h"
#include "moves.h"
#include "rings.h"

namespace pollux {

// A socket in kIdle is JavaScript's to use, call by call; watch() reports when it is ready. In the other
// states the reactor drives it.
//
//            socket()                 listen()
//   kFree ───────────▶ kIdle ─────────────────────▶ kListener ──┐
//     ▲                 │ connect()                             │
//     │                 ├──────────▶ kConnecting ─┐             │
//     │        accept() │ open()                  ▼             ▼
//     │   kFree ────────┴───────────────────▶ kStream ───▶ kClosing (fd closed, CLOSED not delivered yet)
//     └───────────────────────────────────────────────────────────┘
//
//                 open_datagrams()
//           kIdle ────────────────▶ kDatagram ───▶ kClosing
enum class SlotState : uint8_t { kFree, kIdle, kListener, kConnecting, kStream, kDatagram, kClosing };

// Which file a listening Unix socket made, so that only that one is unlinked when it closes.
struct UnixFile {
  std::string path;
  dev_t device;
  ino_t inode;
};

// What only a listener needs.
struct Listener {
  std::unique_ptr<UnixFile> file;
  uint32_t retry_ms = 0;      // the back-off after the next failure for want of fds or memory; 0: none yet
  uint64_t resume_at_ms = 0;  // 0: not backing off
  bool borrow = false;        // for the connections it takes
};

struct Slot {
  UniqueFd fd;
  uint32_t generation = 1;
  SlotState state = SlotState::kFree;
  uint8_t interest = kNone;      // what the poller was told; meaningful while `registered`
  uint8_t watched = kNone;       // kIdle: what READY is owed for; the poller may have been told more
  bool registered : 1 = false;   // with the poller
  bool referenced : 1 = true;    // keeps the process alive
  bool borrow : 1 = false;       // chunks are borrowed, not owned
  bool paused : 1 = false;       // by the user: not read from, or not accepted on
  bool read_ended : 1 = false;   // the peer's half is closed
  bool write_ended : 1 = false;  // ours is
  bool failed : 1 = false;       // ERROR was reported; waits to be destroyed
  bool shared_fd : 1 = false;    // others may hold descriptors of the same open file (adopted)
  bool hung_up : 1 = false;  // out of the poller while paused, because it would report the hang-up for ever
  bool hot : 1 = false;      // out of the poller for this turn: see Reactor::heat()
  // What this drain asks for; see Reactor::settle().
  bool dirty : 1 = false;
  bool want_end : 1 = false;
  bool want_close : 1 = false;
  bool want_destroy : 1 = false;
  bool want_reset : 1 = false;
  // This drain's writes: a list through Reactor::next_ of submission index + 1; 0 is none.
  uint32_t first_write = 0;
  uint32_t last_write = 0;
  // WATCH_DRAIN: report when queued output is this or less; negative: do not.
  int32_t drain_mark = -1;
  // -errno of a receive that had datagrams to give first: for the next one.
  int deferred_error = 0;
  std::unique_ptr<Backlog> backlog;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<DatagramState> datagrams;
  std::unique_ptr<Moves> moves;  // while there is a file or a pipe
  // The peer as accept(2) named it, so that it can be told after a reset; length 0 if unknown.
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } peer{};
  socklen_t peer_length = 0;

  // Bytes of ours that wait for the kernel: the memory that output takes.
  size_t queued_bytes() const {
    if (datagrams) return datagrams->queue.size();
    return (backlog ? backlog->size() : 0) + (moves ? moves->bytes_behind_files : 0);
  }

  // Whether anything of ours waits for the kernel. A file takes no memory, but what follows it has to wait.
  bool has_output() const { return (moves && !moves->files.empty()) || queued_bytes() > 0; }

  // Whether what it receives goes to another socket.
  bool is_piped() const { return moves && moves->out; }

  // The same as has_output(), or bytes of another socket.
  bool wants_to_send() const { return has_output() || (moves && moves->in && moves->in->held > 0); }
};

class SlotTable {
 public:
  // A slot at that index, or null. Pointers stay valid for the table's lifetime.
  Slot* at(uint32_t index) {
    return index < size_ ? &blocks_[index >> kBlockShift][index & kBlockMask] : nullptr;
  }

  // The slot if it is in use by that generation; else null.
  Slot* find(uint32_t index, uint32_t generation) {
    Slot* slot = at(index);
    return slot && slot->generation == generation && slot->state != SlotState::kFree ? slot : nullptr;
  }

  bool has_free() const { return !free_.empty() || size_ < limit_; }
  size_t free_count() const { return free_.size() + (limit_ - size_); }

  // Takes a free slot; the caller has looked at has_free(). State is kIdle, everything else as new.
  uint32_t take();

  // Gives a slot back under a new generation.
  void give_back(uint32_t index);

  // How many slots there may be: rows in the table that JavaScript lent.
  void set_limit(uint32_t rows) { limit_ = rows; }
  uint32_t size() const { return size_; }

 private:
  static constexpr uint32_t kBlockShift = 8;
  static constexpr uint32_t kBlockMask = (1u << kBlockShift) - 1;

  std::vector<std::unique_ptr<Slot[]>> blocks_;
  std::vector<uint32_t> free_;
  uint32_t size_ = 0;
  uint32_t limit_ = 0;
};

}  // namespace pollux
