// Mode `churn`: K connections at a time, each of which connects, sends one message, awaits its echo and
// closes.

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "pattern.h"

enum { kEventsPerWait = 1024, kReceiveBytes = 64 * 1024, kStallMs = 5000 };

struct slot {
  int fd;
  bool sent;
  size_t position;
  size_t received;
  uint64_t started_ns;
};

struct churn {
  const struct options* options;
  const char* pattern;
  uint64_t started;
  int open;
  bool stopping;
  struct result result;
  struct histogram latency;
};

static void send_message(struct churn* c, int epoll_fd, struct slot* s) {
  ssize_t sent = send(s->fd, c->pattern + s->position, c->options->message_size, MSG_NOSIGNAL);
  bool waits = sent < 0 && (errno == EAGAIN || errno == ENOTCONN);
  if (sent < 0 && !waits) fail("send: %s", strerror(errno));
  // A fresh socket's buffer always has room for one small message.
  if (!waits && (size_t)sent != c->options->message_size) fail("short send on a fresh connection");
  if (!waits) s->sent = true;
  struct epoll_event event = {.events = waits ? EPOLLOUT : EPOLLIN, .data.ptr = s};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->fd, &event) < 0 && errno == EEXIST) {
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, s->fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
  }
}

static void start(struct churn* c, int epoll_fd, struct slot* s) {
  uint64_t index = c->started++;
  *s = (struct slot){.position = pattern_start(index), .started_ns = now_ns()};
  s->fd = start_connecting(c->options, index);
  c->open++;
  // On loopback the handshake is over when connect() returns, so the message can mostly go at once.
  send_message(c, epoll_fd, s);
}

static void on_writable(struct churn* c, int epoll_fd, struct slot* s) {
  check_connected(s->fd);
  send_message(c, epoll_fd, s);
}

static void on_readable(struct churn* c, int epoll_fd, struct slot* s) {
  static char buffer[kReceiveBytes];
  ssize_t received = recv(s->fd, buffer, sizeof buffer, 0);
  if (received < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    fail("recv: %s", strerror(errno));
  }
  if (received == 0) fail("the server closed a connection before it had answered");
  if (s->received + (size_t)received > c->options->message_size)
    fail("a connection got more bytes than it sent");
  if (memcmp(buffer, c->pattern + s->position + s->received, (size_t)received) != 0) fail("wrong bytes");
  s->received += (size_t)received;
  c->result.bytes += (size_t)received;
  c->result.verified_bytes += (size_t)received;
  if (s->received < c->options->message_size) return;

  histogram_add(&c->latency, now_ns() - s->started_ns);
  close(s->fd);
  c->open--;
  c->result.messages++;
  if (!c->stopping) start(c, epoll_fd, s);
}

static void turn(struct churn* c, int epoll_fd) {
  static struct epoll_event events[kEventsPerWait];
  int ready = epoll_wait(epoll_fd, events, kEventsPerWait, kStallMs);
  if (ready < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
  if (ready == 0) fail("stalled: nothing came back for 5 s");
  for (int i = 0; i < ready; i++) {
    struct slot* s = events[i].data.ptr;
    if (s->sent) {
      on_readable(c, epoll_fd, s);
    } else {
      on_writable(c, epoll_fd, s);
    }
  }
  c->result.turns++;
  c->result.events += ready > 0 ? (uint64_t)ready : 0;
}

void run_churn(const struct options* options) {
  struct churn* c = calloc(1, sizeof *c);
  struct slot* slots = calloc((size_t)options->connections, sizeof *slots);
  if (c == NULL || slots == NULL) fail("out of memory");
  c->options = options;
  c->pattern = pattern_make(options->message_size);
  if (c->pattern == NULL) fail("out of memory");
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) fail("epoll_create1: %s", strerror(errno));
  // A start of its own, so that runs soon after each other don't meet each other's TIME_WAIT.
  c->started = now_ns() / 1000;

  for (int i = 0; i < options->connections; i++) start(c, epoll_fd, &slots[i]);
  uint64_t warm_end = now_ns() + (uint64_t)(options->warm_up_seconds * 1e9);
  while (now_ns() < warm_end) turn(c, epoll_fd);

  c->result = (struct result){0};
  memset(&c->latency, 0, sizeof c->latency);
  struct snapshot begin = take_snapshot(options);
  uint64_t deadline_ns = begin.wall_ns + (uint64_t)(options->duration_seconds * 1e9);
  while (now_ns() < deadline_ns) turn(c, epoll_fd);
  struct snapshot end = take_snapshot(options);
  struct result result = c->result;

  c->stopping = true;
  while (c->open > 0) turn(c, epoll_fd);
  print_result("churn", options, &begin, &end, &result, &c->latency);
}
