// The reactor: waits for readiness, moves the bytes, and calls JavaScript once for each turn of the loop.
//
// One turn (turn.cc):
//
//     ┌─▶ wait(0) ─▶ accept (accept.cc) ─┐
//     │              receive (receive.cc)├─▶ event ring ─▶ dispatch: one call into JavaScript
//     │              flush (send.cc)     ┘                      │
//     │                                                         ▼
//     └──────────── drain (drain.cc) ◀───────────── submission ring
//
// The reactor knows nothing of Node.js or libuv: it speaks to a ReactorHost, which the addon implements
// (binding/reactor_object.cc). It belongs to one thread. Failure is a value: 0 or more, or -errno.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "../calls/datagram_records.h"
#include "../poller/poller.h"
#include "../sys/address.h"
#include "../sys/unique_fd.h"
#include "busy_poll.h"
#include "datagram_batch.h"
#include "polled.h"
#include "rings.h"
#include "slot_table.h"

namespace pollux {

struct IncomingMessage;

// What the reactor needs of the environment it lives in.
class ReactorHost {
 public:
  virtual ~ReactorHost() = default;
  // Calls JavaScript with `count` records in the event ring. Handlers may call any method of the reactor.
  virtual void dispatch(uint32_t count) = 0;
  // Looks whether JavaScript has detached the receive slab or the pool (see LentMemory).
  virtual void revalidate(LentMemory& memory) = 0;
  // Whether any referenced socket is open.
  virtual void set_alive(bool alive) = 0;
  // Asks for on_timer() at that time (of now_ms) or soon after; replaces an earlier request.
  virtual void set_timer(uint64_t due_ms) = 0;
  // Asks for on_before_block() once more, without blocking in between.
  virtual void do_not_block() = 0;
  // A thread of the host's may wait on our descriptors: it must let go of them before one is closed.
  virtual void release_fds() = 0;
  // The loop's clock.
  virtual uint64_t now_ms() = 0;
  // A clock for budgets, never cached.
  virtual uint64_t now_ns() = 0;
};

struct ReactorLimits {
  uint32_t max_read_bytes;
  uint32_t copy_max_bytes;
  uint32_t accept_budget;
  uint32_t max_rounds;
  uint32_t max_turn_us;
  uint32_t busy_poll_us;
};

class Reactor {
 public:
  Reactor(ReactorHost& host, std::unique_ptr<Poller> poller, const LentMemory& memory,
          const ReactorLimits& limits);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  const Poller& poller() const { return *poller_; }

  // --- driven by the loop (turn.cc) ---

  // Something is ready: turns until there is no more work or the budget is used up.
  void on_ready() { turn(true); }
  // The loop is about to block: sends what was written outside a turn.
  void on_before_block();
  // A back-off ended.
  void on_timer();
  // Something that poll_later() named is ready.
  void on_polled();
  // Closes everything. No event follows.
  void close();
  // After close(), when nobody watches the poller any more: gives its descriptor back.
  void release_poller() { poller_.reset(); }

  // --- sockets (sockets.cc); a handle is a slot and its generation ---

  struct Handle {
    uint32_t slot;
    uint32_t generation;
  };

  int create(int family, int type, int protocol, Handle* handle);
  int adopt(int fd, Handle* handle);
  // The same on a duplicate: the fd stays the caller's. Also EMFILE.
  int adopt_duplicate(int fd, Handle* handle);
  int bind(Handle handle, const SocketAddress& address);
  int bind_unix(Handle handle, std::string_view path);
  int listen(Handle handle, int backlog, bool borrow);
  int connect(Handle handle, const SocketAddress& address, bool borrow);
  int open(Handle handle, bool borrow);
  int local_address(Handle handle, SocketAddress* address);
  int remote_address(Handle handle, SocketAddress* address);
  int fd(Handle handle);
  void set_referenced(Handle handle, bool referenced);
  // An idle socket's READY is owed for these bits from now on, instead of those of before (watch.cc).
  int watch(Handle handle, uint8_t interest);
  // POLLED is owed once, when any of these is ready, instead of those of before; none: it is not owed. Keeps
  // the process alive while it is.
  int poll_later(std::span<const pollfd> fds);
  // What it waits for; null: nothing.
  const Interests* polled() const { return polling_ ? &polled_ : nullptr; }

  // --- sockets that the program drives itself (direct.cc) ---

  int create_pair(int family, int type, int protocol, Handle handles[2]);
  // Any socket; the descriptor stays the caller's where it is refused.
  int adopt_socket(int fd, Handle* handle);
  // The descriptor to make calls on; -EBADF for a stale handle, and for a socket that the reactor drives.
  int direct_fd(Handle handle);
  int accept_now(Handle listener, Handle* handle);
  // Closed when it returns; no event follows.
  int close_now(Handle handle);
  // Gives the descriptor away, open; no event follows.
  int detach(Handle handle);

  // --- messages on those (messages.cc) ---

  // recvmsg(2): bytes, or -errno. Descriptors that came along are slots of this reactor: `kept`.
  ssize_t receive_message_now(Handle handle, std::span<iovec> parts, size_t control_bytes, int flags,
                              IncomingMessage* message, std::vector<Handle>* kept);
  // Datagrams sent or received, or -errno.
  int send_batch(Handle handle, const DatagramRecords& records, int flags);
  int receive_batch(Handle handle, const DatagramRecords& records, int flags);

  // --- output (drain.cc, send.cc) ---

  // Takes what stands in the submission ring, for JavaScript: at any time, also from inside a handler.
  void submit();
  // Sends from a caller's buffer, behind everything submitted before.
  int write(Handle handle, const uint8_t* data, size_t length);
  // Part of a file, behind everything submitted before (files.cc): FILE_SENT follows. The caller keeps its
  // descriptor.
  int send_file(Handle handle, int fd, uint64_t offset, uint64_t length);
  // What `from` receives goes to `to` from now on (pipes.cc): PIPED follows. -EBUSY: one of them has such a
  // pipe.
  int pipe(Handle from, Handle to);

  // BACKLOG is owed once, when the queued output of all sockets is `above` bytes or more, or `below` or less
  // (backlog_watch.cc).
  void watch_backlog(double above, double below);

  // --- datagrams (datagrams.cc, send_datagrams.cc) ---

  // An idle datagram socket is received on from now on; the stride of its datagrams in the slab, or -errno.
  int open_datagrams(Handle handle, const DatagramOptions& options);
  // connect(2) of an idle datagram socket.
  int connect_datagrams(Handle handle, const SocketAddress& address);
  // Sends from a caller's buffer, behind everything submitted before.
  int send_datagram(Handle handle, const Outgoing& datagram);
  // The next failure that DATAGRAM_ERROR spoke of; false when there is none.
  bool take_datagram_failure(Handle handle, DatagramFailure* failure);
  const DatagramState* datagram_state(Handle handle);
  // The address of a datagram in the receive slab; length 0 where there is none.
  SocketAddress received_address(size_t offset);

  // --- memory (reactor.cc) ---

  void lend_slab(Bytes slab);
  void lend_pool(Bytes pool);
  void lend_table(TableRow* rows, uint32_t count);
  uint32_t table_rows() const { return memory_.table_rows; }

 private:
  // turn.cc
  void turn(bool look);
  uint32_t look_for_work(uint32_t last_events, uint64_t turn_end_ns);
  void handle_ready(const ReadyEvent& ready);
  void dispatch();
  void deliver_deferred();
  void resume_backed_off();

  // watch.cc
  void watched_ready(uint32_t index, Slot& slot, uint8_t readiness);

  // accept.cc
  void accept_ready(uint32_t index, Slot& listener);
  bool take_connection(uint32_t index, Slot& slot, int fd, const sockaddr* peer, socklen_t length);
  void open_reserve();
  void shed_waiting(Slot& listener);
  void pause_accept(uint32_t index, Slot& listener, int error);
  uint64_t resume_accepts();

  // receive.cc
  void receive(uint32_t index, Slot& slot);
  bool make_room(uint32_t index, Slot& slot);
  bool has_room(bool borrow) const;
  void place(uint32_t index, Slot& slot, uint32_t length);
  void count_received(uint32_t index, size_t bytes);
  void end_of_stream(uint32_t index, Slot& slot);
  void hang_up(uint32_t index, Slot& slot);

  // drain.cc
  void drain();
  void take_submission(uint32_t position);
  void chain_write(uint32_t position, Slot& slot);
  void link_write(uint32_t position, Slot& slot);
  const uint8_t* submitted_bytes(const Record& record) const;
  void settle(uint32_t index);
  void finish_output(uint32_t index, Slot& slot);

  // send.cc
  void send_submitted(uint32_t index, Slot& slot);
  void send_or_queue(uint32_t index, Slot& slot, std::span<iovec> vectors, size_t total);
  ssize_t send_vectors(Slot& slot, std::span<iovec> vectors);
  void flush(uint32_t index, Slot& slot);
  void count_sent(uint32_t index, size_t bytes);
  void set_queued(uint32_t index, const Slot& slot);
  void drop_backlog(Slot& slot);
  bool send_backlog(uint32_t index, Slot& slot);
  static bool takes_output(const Slot& slot);

  // files.cc
  bool advance_file(uint32_t index, Slot& slot);
  ssize_t copy_file_part(const Slot& slot, const FileTransfer& file);
  void finish_file(uint32_t index, Slot& slot);
  void drop_files(Slot& slot);

  // pipes.cc
  bool wants_to_read(const Slot& slot);
  void pull(uint32_t index, Slot& from);
  bool pulled(uint32_t index, Slot& from, ssize_t got);
  void push(uint32_t index, Slot& to);
  void copy_through(uint32_t index, Slot& from);
  void copy_held(uint32_t index, Slot& to);
  void send_copy(uint32_t index, Slot& to, size_t length);
  std::span<uint8_t> scratch();
  void end_pipe(uint32_t index, Slot& from, int error);
  void drop_pipe(Slot& from);
  void leave_pipes(Slot& slot, int error);
  void forget_idle_moves(Slot& slot);

  // backlog_watch.cc
  void look_at_backlog();

  // datagrams.cc
  void datagrams_ready(uint32_t index, Slot& slot, uint8_t readiness);
  void receive_datagrams(uint32_t index, Slot& slot);
  void heat(uint32_t index, Slot& slot);
  void cool(uint32_t index, Slot& slot);
  void receive_hot();
  void cool_all();
  uint32_t make_datagram_room(uint32_t index, Slot& slot);
  uint32_t receive_batch(uint32_t index, Slot& slot, uint32_t room);
  void place_datagrams(uint32_t index, Slot& slot, uint32_t count);
  void report_pending_error(uint32_t index, Slot& slot);
  void report_datagram(uint32_t index, Slot& slot, int error, Syscall call, uint32_t datagrams,
                       const Outgoing& first);

  // send_datagrams.cc
  void chain_datagram(uint32_t position, Slot& slot);
  bool read_datagram(const Record& record, const DatagramState& state, Outgoing* datagram) const;
  void send_datagrams(uint32_t index, Slot& slot);
  void put_datagram(uint32_t index, Slot& slot, Outgoing datagram);
  void push_out(uint32_t index, Slot& slot);
  uint32_t send_batch(uint32_t index, Slot& slot);
  bool send_apart(uint32_t index, Slot& slot, uint32_t message);
  void queue_datagram(uint32_t index, Slot& slot, const Outgoing& head, std::span<const iovec> parts);
  void flush_datagrams(uint32_t index, Slot& slot);
  uint64_t resume_datagrams();
  void count_datagrams_sent(uint32_t index, Slot& slot, uint32_t datagrams, size_t bytes);
  void drop_queued_datagrams(Slot& slot);

  // sockets.cc
  Slot* find(Handle handle) { return slots_.find(handle.slot, handle.generation); }
  int require_slot();
  bool owns_fd(int fd);
  void take_slot(UniqueFd fd, Handle* handle);
  void finish_connect(uint32_t index, Slot& slot);
  int apply_interest(uint32_t index, Slot& slot);
  void update_interest(uint32_t index, Slot& slot);
  void leave_poller(Slot& slot, Closing closing);
  void fail(uint32_t index, Slot& slot, int error, Syscall call);
  void close_slot(uint32_t index, Slot& slot);

  // direct.cc
  UniqueFd leave_slot(Handle handle);

  // messages.cc
  Handle keep(UniqueFd fd);

  // reactor.cc
  bool put(const Record& record);
  void append(Event event, uint32_t index, const Slot& slot, int32_t a = 0, int32_t b = 0);
  // What waits goes first: nothing may overtake it.
  bool ring_full() const { return event_count_ == memory_.event_capacity || !deferred_.empty(); }
  bool has_events() const { return event_count_ > 0 || !deferred_.empty(); }
  static uint64_t token_of(uint32_t index, const Slot& slot) {
    return uint64_t{slot.generation} << 32 | index;
  }
  void count_reference(int change);
  uint32_t slab_start(Bytes slab) const;

  ReactorHost& host_;
  std::unique_ptr<Poller> poller_;
  LentMemory memory_;
  const ReactorLimits limits_;
  SlotTable slots_;

  bool in_turn_ = false;
  bool dispatching_ = false;
  bool draining_ = false;
  bool closed_ = false;
  uint64_t turn_ms_ = 0;  // the loop's clock, read once a turn
  std::vector<ReadyEvent> batch_;
  BusyPoll busy_poll_;

  uint32_t event_count_ = 0;
  // Events that came up while JavaScript was reading the ring, or when it was full.
  std::vector<Record> deferred_;
  // Slots whose CLOSED stands in the ring: free when the dispatch has returned.
  std::vector<uint32_t> freeing_;

  // Where the next receive goes, and below which the slab belongs to users who keep their chunks.
  uint32_t slab_cursor_ = 0;
  uint32_t slab_base_ = 0;
  uint32_t pool_cursor_ = 0;

  std::vector<uint32_t> next_;   // links of the writes of one drain, by submission index
  std::vector<uint32_t> dirty_;  // slots that this drain touched
  std::vector<iovec> vectors_;
  PipePool pipe_pool_;
  std::vector<uint8_t> scratch_;  // for bytes that the kernel does not move by itself; empty until then

  DatagramCalls datagram_calls_;
  Polled polled_;
  bool polling_ = false;  // POLLED is owed
  // BACKLOG is owed outside of these; it never is with infinite ones.
  double backlog_above_ = std::numeric_limits<double>::infinity();
  double backlog_below_ = -std::numeric_limits<double>::infinity();

  uint32_t referenced_ = 0;
  std::unique_ptr<DatagramBuffers> datagram_buffers_;  // once there is a datagram socket
  std::vector<uint32_t> hot_;                          // see heat()
  uint32_t datagrams_backing_off_ = 0;                 // sockets
  uint32_t backing_off_ = 0;  // listeners whose accept is paused for want of resources
  // Given up for a moment to take a connection and tell its peer, when there is no other fd left.
  UniqueFd reserve_;
};

}  // namespace pollux
