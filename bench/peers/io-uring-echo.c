// An echo server on io_uring, as the manual pages of liburing and "io_uring and networking in 2023" (J.
// Axboe) advise: accept and recv are multishot, so they are submitted once and complete many times; recv
// takes its memory from a ring of buffers that all connections share; work is deferred to the one thread that
// waits. Needs Linux 6.0.
//
// A connection has one send in flight. What came meanwhile waits in a queue of buffers, and when that is full
// recv is cancelled until it is empty, so a peer that does not read can't take the buffers of the others.
//
//   io-uring-echo [--host 127.0.0.1] [--port 0] | [--unix PATH]

#define _GNU_SOURCE
#include <errno.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "server.h"

enum { kEntries = 4096, kCompletions = 32768, kBuffers = 256, kReceiveBytes = 64 * 1024 };
enum { kMaxQueued = 4, kBacklog = 4096, kGroup = 0, kNone = -1 };

// In the low bits of user_data; the rest is the connection.
enum operation { kAccept, kReceive, kSend, kCancel, kOperationBits = 7 };

struct connection {
  int fd;
  bool receiving;
  bool sending;
  // The peer has ended, or is gone.
  bool ended;
  // Buffers that came and are not sent, in order; the first may be sent in part.
  int first, last, queued;
  unsigned sent;
  // The next one that found no buffer free.
  struct connection* next_waiting;
};

static struct io_uring ring;
static struct io_uring_buf_ring* buffer_ring;
static char* memory;
static int listener_fd;
static int next[kBuffers];
static unsigned lengths[kBuffers];
static int free_buffers;
static struct connection* first_waiting;
static struct connection** last_waiting = &first_waiting;

static struct io_uring_sqe* next_entry(void) {
  struct io_uring_sqe* entry;
  while ((entry = io_uring_get_sqe(&ring)) == NULL) io_uring_submit(&ring);
  return entry;
}

static void tag(struct io_uring_sqe* entry, enum operation operation, struct connection* c) {
  io_uring_sqe_set_data64(entry, (uint64_t)(uintptr_t)c | operation);
}

static void accept_more(void) {
  struct io_uring_sqe* entry = next_entry();
  io_uring_prep_multishot_accept(entry, listener_fd, NULL, NULL, SOCK_CLOEXEC);
  tag(entry, kAccept, NULL);
}

static void receive_more(struct connection* c) {
  struct io_uring_sqe* entry = next_entry();
  io_uring_prep_recv_multishot(entry, c->fd, NULL, 0, 0);
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->buf_group = kGroup;
  tag(entry, kReceive, c);
  c->receiving = true;
}

static void cancel_receive(struct connection* c) {
  struct io_uring_sqe* entry = next_entry();
  io_uring_prep_cancel64(entry, (uint64_t)(uintptr_t)c | kReceive, 0);
  tag(entry, kCancel, c);
}

static void send_first(struct connection* c) {
  struct io_uring_sqe* entry = next_entry();
  const char* bytes = memory + (size_t)c->first * kReceiveBytes + c->sent;
  io_uring_prep_send(entry, c->fd, bytes, lengths[c->first] - c->sent, MSG_NOSIGNAL | MSG_WAITALL);
  tag(entry, kSend, c);
  c->sending = true;
}

static void give_back(int buffer) {
  io_uring_buf_ring_add(buffer_ring, memory + (size_t)buffer * kReceiveBytes, kReceiveBytes,
                        (unsigned short)buffer, io_uring_buf_ring_mask(kBuffers), 0);
  io_uring_buf_ring_advance(buffer_ring, 1);
  free_buffers++;
}

static void drop_first(struct connection* c) {
  int buffer = c->first;
  c->first = next[buffer];
  c->queued--;
  c->sent = 0;
  give_back(buffer);
}

static void wait_for_buffer(struct connection* c) {
  c->next_waiting = NULL;
  *last_waiting = c;
  last_waiting = &c->next_waiting;
}

static void wake_waiting(void) {
  for (int left = free_buffers; left > 0 && first_waiting != NULL; left--) {
    struct connection* c = first_waiting;
    first_waiting = c->next_waiting;
    if (first_waiting == NULL) last_waiting = &first_waiting;
    receive_more(c);
  }
}

static void append(struct connection* c, int buffer, unsigned length) {
  free_buffers--;
  lengths[buffer] = length;
  if (c->queued++ == 0) {
    c->first = buffer;
  } else {
    next[c->last] = buffer;
  }
  c->last = buffer;
}

static void close_when_done(struct connection* c) {
  if (!c->ended || c->receiving || c->sending || c->queued > 0) return;
  close(c->fd);
  free(c);
}

static void on_accepted(const struct io_uring_cqe* completion) {
  if (!(completion->flags & IORING_CQE_F_MORE)) accept_more();
  if (completion->res < 0) return;
  struct connection* c = calloc(1, sizeof *c);
  if (c == NULL) die("calloc");
  c->fd = completion->res;
  // Of a Unix socket it fails, and nothing needs it there.
  int on = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  receive_more(c);
}

static void on_received(struct connection* c, const struct io_uring_cqe* completion) {
  bool has_ended_receiving = !(completion->flags & IORING_CQE_F_MORE);
  if (has_ended_receiving) c->receiving = false;
  if (completion->res > 0) {
    append(c, (int)(completion->flags >> IORING_CQE_BUFFER_SHIFT), (unsigned)completion->res);
    if (!c->sending) send_first(c);
    if (c->queued == kMaxQueued && c->receiving) cancel_receive(c);
    // The kernel has ended it for a reason of its own.
    if (has_ended_receiving && c->queued < kMaxQueued) receive_more(c);
    return;
  }
  if (completion->res == -ENOBUFS) {
    // Still to be received from: it is not freed before.
    c->receiving = true;
    wait_for_buffer(c);
    return;
  }
  if (completion->res == -ECANCELED) {
    // It may have been sent in the meantime.
    if (c->queued == 0 && !c->ended) receive_more(c);
  } else {
    c->ended = true;
  }
  close_when_done(c);
}

static void on_sent(struct connection* c, const struct io_uring_cqe* completion) {
  c->sending = false;
  if (completion->res < 0) {
    while (c->queued > 0) drop_first(c);
    c->ended = true;
    // So that a recv that is under way completes.
    shutdown(c->fd, SHUT_RDWR);
    close_when_done(c);
    return;
  }
  c->sent += (unsigned)completion->res;
  if (c->sent == lengths[c->first]) drop_first(c);
  if (c->queued > 0) {
    send_first(c);
  } else if (!c->receiving && !c->ended) {
    receive_more(c);
  } else {
    close_when_done(c);
  }
}

static void set_up(void) {
  struct io_uring_params params = {
      .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
      .cq_entries = kCompletions,
  };
  int status = io_uring_queue_init_params(kEntries, &ring, &params);
  if (status == -EINVAL) {
    // Linux 6.0, which does not defer.
    params = (struct io_uring_params){.flags = IORING_SETUP_CQSIZE, .cq_entries = kCompletions};
    status = io_uring_queue_init_params(kEntries, &ring, &params);
  }
  errno = -status;
  if (status < 0) die("io_uring_queue_init");
  io_uring_register_ring_fd(&ring);

  size_t ring_bytes = kBuffers * sizeof(struct io_uring_buf);
  int protection = PROT_READ | PROT_WRITE;
  buffer_ring = mmap(NULL, ring_bytes, protection, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  memory = mmap(NULL, (size_t)kBuffers * kReceiveBytes, protection, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (buffer_ring == MAP_FAILED || memory == MAP_FAILED) die("mmap");
  struct io_uring_buf_reg registration = {
      .ring_addr = (uint64_t)(uintptr_t)buffer_ring, .ring_entries = kBuffers, .bgid = kGroup};
  errno = -io_uring_register_buf_ring(&ring, &registration, 0);
  if (errno != 0) die("io_uring_register_buf_ring");
  io_uring_buf_ring_init(buffer_ring);
  for (int buffer = 0; buffer < kBuffers; buffer++) give_back(buffer);
}

int main(int argc, char** argv) {
  // First, so that a wrong flag tells whether there is a ring to be had.
  set_up();
  struct place place = place_from(argc, argv);
  end_on_signals();
  listener_fd = listen_at(&place, SOCK_STREAM | SOCK_CLOEXEC, kBacklog);
  accept_more();
  for (;;) {
    int status = io_uring_submit_and_wait(&ring, 1);
    errno = -status;
    if (status < 0 && status != -EINTR) die("io_uring_submit_and_wait");
    struct io_uring_cqe* completion;
    unsigned head;
    unsigned count = 0;
    io_uring_for_each_cqe(&ring, head, completion) {
      count++;
      struct connection* c =
          (struct connection*)(uintptr_t)(completion->user_data & ~(uint64_t)kOperationBits);
      switch ((enum operation)(completion->user_data & kOperationBits)) {
        case kAccept:
          on_accepted(completion);
          break;
        case kReceive:
          on_received(c, completion);
          break;
        case kSend:
          on_sent(c, completion);
          break;
        default:
          break;
      }
    }
    io_uring_cq_advance(&ring, count);
    wake_waiting();
  }
}
