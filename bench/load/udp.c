// Mode `udp`: N sockets, each with D datagrams of S bytes in flight, every echo answered by a next datagram.
//
//     window of one socket:  [ slot 0 | slot 1 | … | slot D-1 ]   a datagram with sequence number n is slot
//                                                                 n mod D, and stays there until answered
//
// The slots differ in their bytes, and the number stands at the beginning of each, so that what comes back is
// compared with what was sent. Datagrams may be lost: those skipped by a later echo, and those that have not
// come back for a while, are counted and sent no more.

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "pattern.h"

enum { kEventsPerWait = 256, kBatch = 64, kMessageBytes = 65536, kStallMs = 5000 };
enum { kLostAfterMs = 50, kMaxSegments = 64, kMaxSegmentedBytes = 65507 };
// As in echo.c: up to kCheckAllSize each byte is compared; of larger datagrams one receive in kCheckEvery is,
// and of the others only the beginning is copied out.
enum { kCheckAllSize = 1024, kCheckEvery = 8, kHeadBytes = 16 };
// One send in this many is timed.
enum { kTimeEvery = 8 };

struct head {
  uint32_t sequence;
  uint32_t socket;
};

struct source {
  int fd;
  uint32_t index;
  char* window;
  uint32_t sent;      // datagrams, modulo 2^32
  uint32_t expected;  // the oldest that is in flight
  uint32_t written_off;
  uint32_t due;  // to be sent
  uint32_t receives;
  uint32_t sends;
  uint64_t heard_ns;
  uint32_t timed;
  uint64_t timed_at_ns;  // 0: none is timed
};

struct udp {
  const struct options* options;
  struct source* sources;
  struct result result;
  struct histogram latency;
  uint64_t looked_ns;
};

union control {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int))];
};

static void add_segment_size(struct msghdr* header, union control* control, size_t size) {
  header->msg_control = control->bytes;
  header->msg_controllen = CMSG_SPACE(sizeof(uint16_t));
  struct cmsghdr* message = CMSG_FIRSTHDR(header);
  message->cmsg_level = SOL_UDP;
  message->cmsg_type = UDP_SEGMENT;
  message->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  uint16_t segment = (uint16_t)size;
  memcpy(CMSG_DATA(message), &segment, sizeof segment);
}

/** Of UDP_SEGMENT (udp(7)): the kernel cuts a message into datagrams, so that sending them takes less of this
 * core. */
static uint32_t segments_per_message(const struct options* options) {
  uint32_t fit = (uint32_t)(kMaxSegmentedBytes / options->message_size);
  return fit < 1 ? 1 : fit < kMaxSegments ? fit : kMaxSegments;
}

/** Sends what is due: neighbours of the window in one message, which the kernel cuts. */
static void send_due(struct udp* u, struct source* s) {
  const size_t size = u->options->message_size;
  const uint32_t depth = (uint32_t)u->options->depth;
  const uint32_t most = segments_per_message(u->options);
  static struct mmsghdr messages[kBatch];
  static struct iovec vectors[kBatch];
  static union control controls[kBatch];
  if (s->timed_at_ns == 0 && s->due > 0 && s->sends++ % kTimeEvery == 0) {
    s->timed = s->sent + s->due - 1;
    s->timed_at_ns = now_ns();
  }
  while (s->due > 0) {
    uint32_t count = 0;
    uint32_t planned = 0;
    while (count < kBatch && planned < s->due) {
      uint32_t slot = (s->sent + planned) % depth;
      uint32_t together = s->due - planned;
      if (together > most) together = most;
      if (together > depth - slot) together = depth - slot;
      char* first = s->window + slot * size;
      for (uint32_t i = 0; i < together; i++) {
        uint32_t sequence = s->sent + planned + i;
        memcpy(first + i * size, &sequence, sizeof sequence);
      }
      vectors[count] = (struct iovec){.iov_base = first, .iov_len = together * size};
      messages[count].msg_hdr = (struct msghdr){.msg_iov = &vectors[count], .msg_iovlen = 1};
      if (together > 1) add_segment_size(&messages[count].msg_hdr, &controls[count], size);
      planned += together;
      count++;
    }
    int taken = sendmmsg(s->fd, messages, count, 0);
    if (taken < 0) {
      if (errno == EINTR) continue;
      // The send buffer is full: what is in it will come back, and bring us here again.
      if (errno == EAGAIN || errno == ENOBUFS) return;
      fail("send on socket %u: %s", s->index, strerror(errno));
    }
    for (int i = 0; i < taken; i++) {
      uint32_t datagrams = (uint32_t)(vectors[i].iov_len / size);
      s->sent += datagrams;
      s->due -= datagrams;
    }
  }
}

/** `count` datagrams came back, the first of which has this number. */
static void account(struct udp* u, struct source* s, uint32_t sequence, uint32_t count) {
  uint32_t in_flight = s->sent - s->expected;
  uint32_t ahead = sequence - s->expected;
  if (ahead >= in_flight) {
    // Written off, and came back after all.
    if (s->expected - sequence <= s->expected - s->written_off) return;
    fail("socket %u got datagram %u again, or one that it never sent", s->index, sequence);
  }
  if (ahead + count > in_flight) fail("socket %u got more than it sent", s->index);
  u->result.lost += ahead;
  u->result.messages += count;
  u->result.bytes += count * u->options->message_size;
  if (s->timed_at_ns != 0 && s->timed - s->expected < ahead + count) {
    if (s->timed - s->expected >= ahead) histogram_add(&u->latency, now_ns() - s->timed_at_ns);
    s->timed_at_ns = 0;
  }
  s->expected = sequence + count;
  if (ahead == 0) s->written_off = s->expected;
  s->due += ahead + count;
}

static void check_bytes(struct udp* u, struct source* s, const char* bytes, size_t length) {
  const size_t size = u->options->message_size;
  struct head head;
  memcpy(&head, bytes, sizeof head);
  const uint32_t depth = (uint32_t)u->options->depth;
  for (size_t done = 0; done < length; done += size, head.sequence++) {
    // A slot that was written off holds a later datagram by now.
    if (s->sent - head.sequence > depth) continue;
    if (memcmp(bytes + done, s->window + head.sequence % depth * size, size) != 0) {
      fail("wrong bytes in datagram %u of socket %u", head.sequence, s->index);
    }
  }
  u->result.verified_bytes += length;
}

/** One recvmmsg. Returns how many messages came. */
static int receive_some(struct udp* u, struct source* s) {
  static char* buffer;
  static struct mmsghdr messages[kBatch];
  static struct iovec vectors[kBatch];
  static union control controls[kBatch];
  // Not a power of two: see peers/udp-echo.c.
  const size_t stride = kMessageBytes + 192;
  if (buffer == NULL && (buffer = malloc(kBatch * stride)) == NULL) fail("out of memory");
  const size_t size = u->options->message_size;
  const bool check = size <= kCheckAllSize || s->receives++ % kCheckEvery == 0;
  for (int i = 0; i < kBatch; i++) {
    vectors[i] = (struct iovec){.iov_base = buffer + (size_t)i * stride,
                                .iov_len = check ? kMessageBytes : kHeadBytes};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i],
                                          .msg_iovlen = 1,
                                          .msg_control = u->options->segments ? controls[i].bytes : NULL,
                                          .msg_controllen = u->options->segments ? sizeof controls[i] : 0};
  }
  // MSG_TRUNC: the length is the datagram's, although less was copied out.
  int count = recvmmsg(s->fd, messages, kBatch, MSG_TRUNC, NULL);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return 0;
    if (errno == ECONNREFUSED) fail("Connection refused");
    fail("recv on socket %u: %s", s->index, strerror(errno));
  }
  for (int i = 0; i < count; i++) {
    const size_t length = messages[i].msg_len;
    const char* bytes = vectors[i].iov_base;
    if (length == 0 || length % size != 0) fail("wrong length: %zu bytes on socket %u", length, s->index);
    struct head head;
    memcpy(&head, bytes, sizeof head);
    if (head.socket != s->index) fail("wrong bytes: a datagram of socket %u on %u", head.socket, s->index);
    if (check) check_bytes(u, s, bytes, length);
    account(u, s, head.sequence, (uint32_t)(length / size));
  }
  return count;
}

static void open_sources(struct udp* u, int epoll_fd) {
  const struct options* options = u->options;
  const size_t bytes = options->message_size * (size_t)options->depth;
  const char* pattern = pattern_make(bytes);
  u->sources = calloc((size_t)options->connections, sizeof *u->sources);
  if (pattern == NULL || u->sources == NULL) fail("out of memory");
  for (int i = 0; i < options->connections; i++) {
    struct source* s = &u->sources[i];
    s->index = (uint32_t)i;
    s->window = malloc(bytes);
    if (s->window == NULL) fail("out of memory");
    memcpy(s->window, pattern + pattern_start((uint64_t)i), bytes);
    for (int slot = 0; slot < options->depth; slot++) {
      struct head head = {.socket = s->index};
      memcpy(s->window + (size_t)slot * options->message_size, &head, sizeof head);
    }
    s->due = (uint32_t)options->depth;
    s->heard_ns = now_ns();
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) fail("socket: %s", strerror(errno));
    int on = 1;
    if (options->segments && setsockopt(s->fd, SOL_UDP, UDP_GRO, &on, sizeof on) < 0) {
      fail("setsockopt UDP_GRO: %s", strerror(errno));
    }
    // Losses are to be the server's: what it answers finds room here.
    int room = 4 << 20;
    setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (connect(s->fd, (const struct sockaddr*)&options->target, sizeof options->target) < 0) {
      fail("connect: %s", strerror(errno));
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
    send_due(u, s);
  }
}

/** Writes off what has not come back for a while, and sends as many others. */
static void replace_lost(struct udp* u, uint64_t now) {
  u->looked_ns = now;
  for (int i = 0; i < u->options->connections; i++) {
    struct source* s = &u->sources[i];
    if (now - s->heard_ns < kLostAfterMs * 1000000ull) continue;
    uint32_t lost = s->sent - s->expected;
    u->result.lost += lost;
    s->expected = s->sent;
    s->due += lost;
    s->timed_at_ns = 0;
    s->heard_ns = now;
    send_due(u, s);
  }
}

static void run_until(struct udp* u, int epoll_fd, uint64_t deadline_ns) {
  static struct epoll_event events[kEventsPerWait];
  const double window = (double)u->options->depth;
  uint64_t heard_ns = now_ns();
  double waiting = 0;
  uint64_t now;
  while ((now = now_ns()) < deadline_ns) {
    int ready = epoll_wait(epoll_fd, events, kEventsPerWait, kLostAfterMs);
    if (ready < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
    uint64_t before = u->result.messages;
    for (int i = 0; i < ready; i++) {
      struct source* s = events[i].data.ptr;
      if (receive_some(u, s) > 0) s->heard_ns = now;
      send_due(u, s);
    }
    if (ready > 0) heard_ns = now;
    if (now - heard_ns > kStallMs * 1000000ull) fail("stalled: nothing came back for 5 s");
    if (now - u->looked_ns > kLostAfterMs * 1000000ull) replace_lost(u, now);
    waiting += (double)(u->result.messages - before) / window;
    u->result.turns++;
  }
  // In windows: by their number, it is the share of what is in flight that stood in front of the generator.
  u->result.events += (uint64_t)waiting;
}

void run_udp(const struct options* options) {
  if (options->message_size < sizeof(struct head) || options->message_size > kMaxSegmentedBytes) {
    fail("a datagram has %zu to %d bytes", sizeof(struct head), kMaxSegmentedBytes);
  }
  struct udp* u = calloc(1, sizeof *u);
  if (u == NULL) fail("out of memory");
  u->options = options;
  u->looked_ns = now_ns();
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) fail("epoll_create1: %s", strerror(errno));
  open_sources(u, epoll_fd);
  run_until(u, epoll_fd, now_ns() + (uint64_t)(options->warm_up_seconds * 1e9));

  u->result = (struct result){0};
  memset(&u->latency, 0, sizeof u->latency);
  struct snapshot begin = take_snapshot(options);
  run_until(u, epoll_fd, begin.wall_ns + (uint64_t)(options->duration_seconds * 1e9));
  struct snapshot end = take_snapshot(options);
  if (u->result.messages == 0) fail("nothing came back");
  print_result("udp", options, &begin, &end, &u->result, &u->latency);
}
