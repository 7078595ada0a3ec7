// Mode `fanout`: N connections, the first of which sends a message of S bytes that the server passes on to
// all of them. The next is sent when everybody has the last, so what is counted is how fast a message reaches
// all.

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "pattern.h"

enum { kEventsPerWait = 1024, kStallMs = 10000, kQuietMs = 20 };

struct subscriber {
  int fd;
  // Bytes of the message that is under way.
  size_t received;
};

struct fanout {
  const struct options* options;
  const char* pattern;
  // The message that is under way: each is another piece of the pattern, so that none passes for the one
  // before.
  const char* message;
  uint64_t sent;
  int waiting;
  struct subscriber* subscribers;
  char* buffer;
  struct result result;
  struct histogram latency;
};

static void open_subscribers(struct fanout* f, int epoll_fd) {
  int count = f->options->connections;
  int* fds = malloc((size_t)count * sizeof *fds);
  f->subscribers = calloc((size_t)count, sizeof *f->subscribers);
  if (fds == NULL || f->subscribers == NULL) fail("out of memory");
  connect_all(f->options, count, fds);
  for (int i = 0; i < count; i++) {
    struct subscriber* s = &f->subscribers[i];
    s->fd = fds[i];
    int on = 1;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = s};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
  }
  free(fds);
}

static void send_next(struct fanout* f) {
  size_t size = f->options->message_size;
  f->message = f->pattern + pattern_start(f->sent++);
  f->waiting = f->options->connections;
  // Hardly anything else is under way: there is room for it.
  ssize_t sent = send(f->subscribers[0].fd, f->message, size, MSG_NOSIGNAL);
  if (sent != (ssize_t)size) fail("the message could not be sent: %s", strerror(errno));
}

static void publish(struct fanout* f) {
  for (int i = 0; i < f->options->connections; i++) f->subscribers[i].received = 0;
  send_next(f);
}

static void on_readable(struct fanout* f, struct subscriber* s) {
  size_t size = f->options->message_size;
  int index = (int)(s - f->subscribers);
  // One byte more than may come: nobody gets a message twice.
  ssize_t received = recv(s->fd, f->buffer, size - s->received + 1, 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received < 0) fail("recv on connection %d: %s", index, strerror(errno));
  if (received == 0) fail("the server closed connection %d", index);
  if (s->received + (size_t)received > size) fail("connection %d got more than one message", index);
  if (memcmp(f->buffer, f->message + s->received, (size_t)received) != 0) {
    fail("wrong bytes on connection %d", index);
  }
  s->received += (size_t)received;
  f->result.bytes += (uint64_t)received;
  f->result.verified_bytes += (uint64_t)received;
  if (s->received < size) return;
  f->result.messages++;
  f->waiting--;
}

/** Reads all there is, and keeps the end of it, which is as long as a message. */
static void read_tail(struct fanout* f, struct subscriber* s, char* tail) {
  size_t size = f->options->message_size;
  for (;;) {
    ssize_t received = recv(s->fd, f->buffer, size, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
    int index = (int)(s - f->subscribers);
    if (received < 0) fail("recv on connection %d: %s", index, strerror(errno));
    if (received == 0) fail("the server closed connection %d", index);
    size_t length = (size_t)received;
    memmove(tail, tail + length, size - length);
    memcpy(tail + size - length, f->buffer, length);
    s->received += length;
  }
}

/**
 * Waits until the server has accepted everybody: who connects is not yet one who gets messages. Some are sent
 * ahead, until each connection has got one; then one more, which is the last of them for all.
 */
static void wait_for_all(struct fanout* f, int epoll_fd) {
  static struct epoll_event events[kEventsPerWait];
  size_t size = f->options->message_size;
  int count = f->options->connections;
  char* tails = calloc((size_t)count, size);
  if (tails == NULL) fail("out of memory");
  int joined = 0;
  uint64_t stalled_ns = now_ns() + kStallMs * UINT64_C(1000000);
  bool is_last = false;
  publish(f);
  while (f->waiting > 0) {
    int ready = epoll_wait(epoll_fd, events, kEventsPerWait, kQuietMs);
    if (ready < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < ready; i++) {
      struct subscriber* s = events[i].data.ptr;
      char* tail = tails + (size_t)(s - f->subscribers) * size;
      bool was_new = s->received == 0;
      // What was read before its event came is told once more.
      bool had_it = memcmp(tail, f->message, size) == 0;
      read_tail(f, s, tail);
      if (was_new && s->received > 0) joined++;
      if (is_last && !had_it && memcmp(tail, f->message, size) == 0) f->waiting--;
    }
    if (ready > 0) {
      stalled_ns = now_ns() + kStallMs * UINT64_C(1000000);
    } else if (now_ns() > stalled_ns) {
      fail("stalled: %d connections have not got a message", is_last ? f->waiting : count - joined);
    }
    if (!is_last && (joined == count || ready == 0)) {
      // Nobody is new any more, so this one reaches all; else another one for those that have missed it.
      is_last = joined == count;
      send_next(f);
    }
  }
  free(tails);
}

static void run_until(struct fanout* f, int epoll_fd, uint64_t deadline_ns) {
  static struct epoll_event events[kEventsPerWait];
  for (uint64_t begin_ns = now_ns(); begin_ns < deadline_ns;) {
    publish(f);
    while (f->waiting > 0) {
      int ready = epoll_wait(epoll_fd, events, kEventsPerWait, kStallMs);
      if (ready < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
      if (ready == 0) fail("stalled: %d connections have not got the message", f->waiting);
      for (int i = 0; i < ready; i++) on_readable(f, events[i].data.ptr);
      f->result.turns++;
      f->result.events += ready > 0 ? (uint64_t)ready : 0;
    }
    uint64_t end_ns = now_ns();
    histogram_add(&f->latency, end_ns - begin_ns);
    begin_ns = end_ns;
  }
}

void run_fanout(const struct options* options) {
  struct fanout* f = calloc(1, sizeof *f);
  if (f == NULL) fail("out of memory");
  f->options = options;
  f->pattern = pattern_make(options->message_size);
  f->buffer = malloc(options->message_size + 1);
  if (f->pattern == NULL || f->buffer == NULL) fail("out of memory");
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) fail("epoll_create1: %s", strerror(errno));
  open_subscribers(f, epoll_fd);
  wait_for_all(f, epoll_fd);
  run_until(f, epoll_fd, now_ns() + (uint64_t)(options->warm_up_seconds * 1e9));

  f->result = (struct result){0};
  memset(&f->latency, 0, sizeof f->latency);
  struct snapshot begin = take_snapshot(options);
  run_until(f, epoll_fd, begin.wall_ns + (uint64_t)(options->duration_seconds * 1e9));
  struct snapshot end = take_snapshot(options);
  print_result("fanout", options, &begin, &end, &f->result, &f->latency);
}
