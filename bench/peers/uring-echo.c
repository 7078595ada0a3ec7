// Echo over io_uring, as liburing's manual recommends it for a server of one thread: multishot accept and
// receive, a ring of provided buffers, and completions that are run when they are asked for
// (io_uring_setup(2), IORING_SETUP_DEFER_TASKRUN).
//
//   uring-echo [--host 127.0.0.1] [--port 0]

#define _GNU_SOURCE
#include <errno.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>

#include "server.h"

// As many buffers as large receives can be under way; each is one receive of up to 64 KiB.
enum { kBacklog = 4096, kEntries = 4096, kBuffers = 1024, kBufferBytes = 64 * 1024, kGroup = 0 };

enum operation { kAccept, kReceive, kSend };

// What a completion is about: in the 64 bits that come back with it.
struct what {
  uint8_t operation;
  uint8_t unused;
  uint16_t buffer;
  uint32_t fd;
};

static struct io_uring ring;
static struct io_uring_buf_ring* buffers;
static char* memory;

// A send in flight, by buffer: how much of it the kernel has taken, of how much.
static struct {
  uint32_t done;
  uint32_t length;
} sends[kBuffers];

// Connections that found no buffer free: they receive again when one is.
static int* starved;
static int starved_count;
static int starved_capacity;

static struct io_uring_sqe* next_entry(void) {
  struct io_uring_sqe* entry = io_uring_get_sqe(&ring);
  if (entry != NULL) return entry;
  io_uring_submit(&ring);
  return io_uring_get_sqe(&ring);
}

static void tag(struct io_uring_sqe* entry, enum operation operation, int fd, int buffer) {
  struct what what = {.operation = (uint8_t)operation, .buffer = (uint16_t)buffer, .fd = (uint32_t)fd};
  uint64_t data;
  memcpy(&data, &what, sizeof data);
  io_uring_sqe_set_data64(entry, data);
}

static void start_accepting(int listener) {
  struct io_uring_sqe* entry = next_entry();
  io_uring_prep_multishot_accept(entry, listener, NULL, NULL, SOCK_CLOEXEC);
  tag(entry, kAccept, listener, 0);
}

static void start_receiving(int fd) {
  struct io_uring_sqe* entry = next_entry();
  io_uring_prep_recv_multishot(entry, fd, NULL, 0, 0);
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->buf_group = kGroup;
  tag(entry, kReceive, fd, 0);
}

static void start_sending(int fd, int buffer) {
  struct io_uring_sqe* entry = next_entry();
  const char* bytes = memory + (size_t)buffer * kBufferBytes + sends[buffer].done;
  io_uring_prep_send(entry, fd, bytes, sends[buffer].length - sends[buffer].done, MSG_NOSIGNAL | MSG_WAITALL);
  tag(entry, kSend, fd, buffer);
}

static void give_back(int buffer) {
  io_uring_buf_ring_add(buffers, memory + (size_t)buffer * kBufferBytes, kBufferBytes, (unsigned short)buffer,
                        io_uring_buf_ring_mask(kBuffers), 0);
  io_uring_buf_ring_advance(buffers, 1);
  if (starved_count > 0) start_receiving(starved[--starved_count]);
}

static void starve(int fd) {
  if (starved_count == starved_capacity) {
    starved_capacity = starved_capacity == 0 ? 64 : starved_capacity * 2;
    starved = realloc(starved, (size_t)starved_capacity * sizeof *starved);
    if (starved == NULL) die("realloc");
  }
  starved[starved_count++] = fd;
}

static void on_received(int fd, const struct io_uring_cqe* completion) {
  bool more = completion->flags & IORING_CQE_F_MORE;
  if (completion->res > 0) {
    int buffer = (int)(completion->flags >> IORING_CQE_BUFFER_SHIFT);
    sends[buffer].done = 0;
    sends[buffer].length = (uint32_t)completion->res;
    start_sending(fd, buffer);
    if (!more) start_receiving(fd);
  } else if (completion->res == -ENOBUFS) {
    starve(fd);
  } else {
    // What is still being sent goes on: the kernel keeps the file until it is.
    close(fd);
  }
}

static void on_sent(int fd, int buffer, int result) {
  if (result > 0) {
    sends[buffer].done += (uint32_t)result;
    if (sends[buffer].done < sends[buffer].length) {
      start_sending(fd, buffer);
      return;
    }
  }
  // A peer that is gone is noticed by the receive.
  give_back(buffer);
}

static void on_accepted(int listener, const struct io_uring_cqe* completion) {
  if (completion->res >= 0) {
    int on = 1;
    setsockopt(completion->res, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    start_receiving(completion->res);
  }
  if (!(completion->flags & IORING_CQE_F_MORE)) start_accepting(listener);
}

static void on_completion(const struct io_uring_cqe* completion) {
  struct what what;
  memcpy(&what, &completion->user_data, sizeof what);
  switch (what.operation) {
    case kAccept:
      on_accepted((int)what.fd, completion);
      break;
    case kReceive:
      on_received((int)what.fd, completion);
      break;
    case kSend:
      on_sent((int)what.fd, what.buffer, completion->res);
      break;
  }
}

static void set_up_ring(void) {
  struct io_uring_params params = {
      .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
      .cq_entries = 4 * kEntries,
  };
  int result = io_uring_queue_init_params(kEntries, &ring, &params);
  if (result < 0) {
    fprintf(stderr, "io_uring_setup: %s\n", strerror(-result));
    exit(1);
  }
  memory = aligned_alloc(4096, (size_t)kBuffers * kBufferBytes);
  if (memory == NULL) die("aligned_alloc");
  if (posix_memalign((void**)&buffers, 4096, kBuffers * sizeof(struct io_uring_buf)) != 0)
    die("posix_memalign");
  io_uring_buf_ring_init(buffers);
  struct io_uring_buf_reg registration = {
      .ring_addr = (uint64_t)(uintptr_t)buffers, .ring_entries = kBuffers, .bgid = kGroup};
  result = io_uring_register_buf_ring(&ring, &registration, 0);
  if (result < 0) {
    fprintf(stderr, "io_uring_register_buf_ring: %s\n", strerror(-result));
    exit(1);
  }
  for (int i = 0; i < kBuffers; i++) {
    io_uring_buf_ring_add(buffers, memory + (size_t)i * kBufferBytes, kBufferBytes, (unsigned short)i,
                          io_uring_buf_ring_mask(kBuffers), i);
  }
  io_uring_buf_ring_advance(buffers, kBuffers);
}

int main(int argc, char** argv) {
  struct flags flags = parse_flags(argc, argv);
  end_on_signals();
  set_up_ring();
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) die("socket");
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  bind_and_say(listener, "tcp", flags.host, flags.port, kBacklog);
  start_accepting(listener);
  for (;;) {
    int result = io_uring_submit_and_wait(&ring, 1);
    if (result < 0 && result != -EINTR) {
      fprintf(stderr, "io_uring_enter: %s\n", strerror(-result));
      return 1;
    }
    struct io_uring_cqe* completion;
    unsigned head;
    unsigned seen = 0;
    io_uring_for_each_cqe(&ring, head, completion) {
      on_completion(completion);
      seen++;
    }
    io_uring_cq_advance(&ring, seen);
  }
}
