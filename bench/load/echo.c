// Mode `echo`: N connections, each with D messages of S bytes in flight, every echo answered by a next
// message.

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "pattern.h"

enum { kEventsPerWait = 1024, kReceiveBytes = 256 * 1024, kStallMs = 5000 };
// Checking all bytes of large messages would cost the generator more than the kernel costs the server. Up to
// kCheckAllSize each byte is compared; of larger ones one read in kCheckEvery is, and the others are counted
// only.
enum { kCheckAllSize = 1024, kCheckEvery = 8 };
// One send in this many is timed.
enum { kTimeEvery = 8 };

struct connection {
  int fd;
  bool waits_for_writable;
  // Places in the pattern of the next byte to send and the next to be received.
  size_t send_position;
  size_t receive_position;
  uint64_t sent;
  uint64_t received;
  // Bytes of messages that are due but not sent yet.
  size_t due;
  // Bytes received of the message that is not complete yet.
  size_t partial;
  uint32_t reads;
  uint32_t sends;
  // The timed message ends at this byte of the connection (0: none is timed) and was sent at this time.
  uint64_t timed_end;
  uint64_t timed_at_ns;
};

struct echo {
  const struct options* options;
  const char* pattern;
  size_t period;
  size_t longest;
  struct connection* connections;
  struct result result;
  struct histogram latency;
  bool stopping;
  uint64_t in_flight;
};

static char receive_buffer[kReceiveBytes];

static void send_due(struct echo* e, struct connection* c) {
  if (c->timed_end == 0 && c->sends++ % kTimeEvery == 0) {
    c->timed_end = c->sent + c->due;
    c->timed_at_ns = now_ns();
  }
  while (c->due > 0) {
    size_t length = c->due < e->longest ? c->due : e->longest;
    ssize_t sent = send(c->fd, e->pattern + c->send_position, length, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) break;
      fail("send on connection %d: %s", (int)(c - e->connections), strerror(errno));
    }
    c->sent += (uint64_t)sent;
    c->due -= (size_t)sent;
    c->send_position = (c->send_position + (size_t)sent) % e->period;
  }
  c->waits_for_writable = c->due > 0;
}

static void check_bytes(struct echo* e, struct connection* c, size_t length) {
  for (size_t done = 0; done < length;) {
    size_t part = length - done < e->longest ? length - done : e->longest;
    size_t place = (c->receive_position + done) % e->period;
    if (memcmp(receive_buffer + done, e->pattern + place, part) != 0) {
      fail("wrong bytes on connection %d within %zu bytes after byte %llu", (int)(c - e->connections), part,
           (unsigned long long)(c->received + done));
    }
    done += part;
  }
  e->result.verified_bytes += length;
}

/** One recv. Returns false when there can be no more to receive now. */
static bool receive_some(struct echo* e, struct connection* c) {
  bool check = e->options->message_size <= kCheckAllSize || c->reads++ % kCheckEvery == 0;
  // MSG_TRUNC makes TCP drop the bytes instead of copying them out.
  ssize_t received = recv(c->fd, receive_buffer, sizeof receive_buffer, check ? 0 : MSG_TRUNC);
  if (received < 0) {
    if (errno == EAGAIN || errno == EINTR) return errno == EINTR;
    fail("recv on connection %d: %s", (int)(c - e->connections), strerror(errno));
  }
  if (received == 0) {
    fail("the server closed connection %d after %llu bytes", (int)(c - e->connections),
         (unsigned long long)c->received);
  }
  size_t length = (size_t)received;
  if (c->received + length > c->sent) {
    fail("connection %d got more bytes than it sent", (int)(c - e->connections));
  }
  if (check) check_bytes(e, c, length);
  c->received += length;
  c->receive_position = (c->receive_position + length) % e->period;
  e->result.bytes += length;
  if (c->timed_end != 0 && c->received >= c->timed_end) {
    histogram_add(&e->latency, now_ns() - c->timed_at_ns);
    c->timed_end = 0;
  }

  c->partial += length;
  size_t complete = c->partial / e->options->message_size;
  if (complete == 0) return length == sizeof receive_buffer;
  c->partial -= complete * e->options->message_size;
  e->result.messages += complete;
  if (e->stopping) {
    e->in_flight -= complete;
    return length == sizeof receive_buffer;
  }
  c->due += complete * e->options->message_size;
  // With bytes due already the socket is full: its readiness will send all of them.
  if (!c->waits_for_writable) send_due(e, c);
  return length == sizeof receive_buffer;
}

static void on_readable(struct echo* e, struct connection* c) {
  // Edge-triggered: what arrives after a recv that did not fill the buffer is a new edge, so EAGAIN need not
  // be met.
  while (receive_some(e, c)) continue;
}

static void open_connections(struct echo* e, int epoll_fd) {
  int count = e->options->connections;
  int* fds = malloc((size_t)count * sizeof *fds);
  e->connections = calloc((size_t)count, sizeof *e->connections);
  if (fds == NULL || e->connections == NULL) fail("out of memory");
  connect_all(e->options, count, fds);
  for (int i = 0; i < count; i++) {
    struct connection* c = &e->connections[i];
    c->fd = fds[i];
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    size_t size = e->options->message_size;
    c->send_position = e->options->frames ? frame_start((uint64_t)i, size) : pattern_start((uint64_t)i);
    c->receive_position = c->send_position;
    // Edge-triggered, although the servers are level-triggered: it spares the kernel a second look at each
    // socket, and the generator must cost less than what it measures.
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
  }
  free(fds);
}

static void turn(struct echo* e, int epoll_fd) {
  static struct epoll_event events[kEventsPerWait];
  int ready = epoll_wait(epoll_fd, events, kEventsPerWait, kStallMs);
  if (ready < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
  if (ready == 0) fail("stalled: nothing came back for 5 s");
  for (int i = 0; i < ready; i++) {
    struct connection* c = events[i].data.ptr;
    if (events[i].events & EPOLLOUT && c->waits_for_writable) send_due(e, c);
    if (events[i].events & ~(uint32_t)EPOLLOUT) on_readable(e, c);
  }
  e->result.turns++;
  e->result.events += ready > 0 ? (uint64_t)ready : 0;
}

static void run_until(struct echo* e, int epoll_fd, uint64_t deadline_ns) {
  while (now_ns() < deadline_ns) turn(e, epoll_fd);
}

/** Lets what is in flight come back, and checks that it is exactly what was sent. */
static void drain(struct echo* e, int epoll_fd) {
  e->stopping = true;
  e->in_flight = (uint64_t)e->options->connections * (uint64_t)e->options->depth;
  uint64_t deadline_ns = now_ns() + (uint64_t)kStallMs * 1000000u;
  while (e->in_flight > 0) {
    if (now_ns() > deadline_ns) fail("%llu messages did not come back", (unsigned long long)e->in_flight);
    turn(e, epoll_fd);
  }
  for (int i = 0; i < e->options->connections; i++) {
    struct connection* c = &e->connections[i];
    if (c->sent != c->received) fail("connection %d sent and received different numbers of bytes", i);
  }
}

void run_echo(const struct options* options) {
  struct echo* e = calloc(1, sizeof *e);
  if (e == NULL) fail("out of memory");
  e->options = options;
  e->longest = options->message_size * (size_t)options->depth;
  size_t size = options->message_size;
  e->period = options->frames ? kFrames * size : kPatternPeriod;
  e->pattern = options->frames ? frames_make(size, e->longest) : pattern_make(e->longest);
  if (e->pattern == NULL) fail("out of memory");
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) fail("epoll_create1: %s", strerror(errno));
  open_connections(e, epoll_fd);

  for (int i = 0; i < options->connections; i++) {
    e->connections[i].due = e->longest;
    send_due(e, &e->connections[i]);
  }
  run_until(e, epoll_fd, now_ns() + (uint64_t)(options->warm_up_seconds * 1e9));

  e->result = (struct result){0};
  memset(&e->latency, 0, sizeof e->latency);
  struct snapshot begin = take_snapshot(options);
  run_until(e, epoll_fd, begin.wall_ns + (uint64_t)(options->duration_seconds * 1e9));
  struct snapshot end = take_snapshot(options);
  struct result result = e->result;

  drain(e, epoll_fd);
  print_result("echo", options, &begin, &end, &result, &e->latency);
}
