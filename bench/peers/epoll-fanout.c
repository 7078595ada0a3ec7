// The fan-out server that Pollux is compared with: plain C on epoll, as a careful C programmer would write
// it.
//
// Messages have a fixed size. What any connection sends goes to all of them, itself too: one buffer, one
// send() for each. What the kernel does not take of a message is kept for that connection alone; who has so
// much of it that the next message would pass a limit does not get that one.
//
//   epoll-fanout [--host 127.0.0.1] [--port 0] [--size 100]

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

enum { kEventsPerWait = 1024, kAcceptsPerTurn = 256, kBacklog = 4096, kMaxSize = 64 * 1024 };
enum { kMaxQueued = 256 * 1024 };

struct connection {
  int fd;
  // Where it stands in `all`.
  int place;
  // The beginning of a message; NULL nearly always, since messages come whole.
  char* partial;
  size_t partial_length;
  // What the kernel did not take; NULL nearly always.
  char* unsent;
  size_t unsent_length;
};

static int epoll_fd;
static int listener_fd;
static size_t message_size = 100;
static struct connection** all;
static int count;
static int capacity;
static char receive_buffer[kMaxSize];

static void set_interest(struct connection* c, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event) < 0) die("epoll_ctl");
}

/** The last one takes its place. Not freed here: the batch of events may still speak of it. */
static void remove_connection(struct connection* c) {
  close(c->fd);
  c->fd = -1;
  all[c->place] = all[--count];
  all[c->place]->place = c->place;
}

/** Bytes that the kernel took, 0 when the socket is full, or -1 when the peer is gone. */
static ssize_t send_some(int fd, const char* bytes, size_t length) {
  ssize_t sent;
  do {
    sent = send(fd, bytes, length, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
  return sent;
}

static bool queue(struct connection* c, const char* bytes, size_t length) {
  char* larger = realloc(c->unsent, c->unsent_length + length);
  if (larger == NULL) return false;
  if (c->unsent == NULL) set_interest(c, EPOLLIN | EPOLLOUT);
  memcpy(larger + c->unsent_length, bytes, length);
  c->unsent = larger;
  c->unsent_length += length;
  return true;
}

static void send_to_all(const char* message) {
  for (int i = 0; i < count; i++) {
    struct connection* c = all[i];
    if (c->unsent != NULL) {
      if (c->unsent_length + message_size <= kMaxQueued) queue(c, message, message_size);
      continue;
    }
    ssize_t sent = send_some(c->fd, message, message_size);
    // Who is gone is found by its own readiness.
    if (sent < 0 || (size_t)sent == message_size) continue;
    queue(c, message + sent, message_size - (size_t)sent);
  }
}

static void on_writable(struct connection* c) {
  ssize_t sent = send_some(c->fd, c->unsent, c->unsent_length);
  if (sent < 0) return;
  c->unsent_length -= (size_t)sent;
  memmove(c->unsent, c->unsent + sent, c->unsent_length);
  if (c->unsent_length > 0) return;
  free(c->unsent);
  c->unsent = NULL;
  set_interest(c, EPOLLIN);
}

/** False when the connection is over. */
static bool on_readable(struct connection* c) {
  size_t kept = c->partial_length;
  if (kept > 0) memcpy(receive_buffer, c->partial, kept);
  ssize_t received;
  do {
    received = recv(c->fd, receive_buffer + kept, sizeof receive_buffer - kept, 0);
  } while (received < 0 && errno == EINTR);
  if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
  if (received <= 0) return false;

  size_t length = kept + (size_t)received;
  size_t at = 0;
  for (; length - at >= message_size; at += message_size) send_to_all(receive_buffer + at);
  c->partial_length = length - at;
  if (c->partial_length == 0) return true;
  if (c->partial == NULL) c->partial = malloc(message_size);
  if (c->partial == NULL) return false;
  memcpy(c->partial, receive_buffer + at, c->partial_length);
  return true;
}

static void on_acceptable(void) {
  // Bounded: a burst of accepts must not starve connections that are already open.
  for (int i = 0; i < kAcceptsPerTurn; i++) {
    int fd = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
      return;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (count == capacity) {
      capacity = capacity == 0 ? 1024 : capacity * 2;
      all = realloc(all, (size_t)capacity * sizeof *all);
      if (all == NULL) die("realloc");
    }
    struct connection* c = calloc(1, sizeof *c);
    if (c == NULL) die("calloc");
    c->fd = fd;
    c->place = count;
    all[count++] = c;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  }
}

static void on_event(struct connection* c, uint32_t events) {
  if (events & EPOLLOUT && c->unsent != NULL) on_writable(c);
  if (!(events & ~(uint32_t)EPOLLOUT) || on_readable(c)) return;
  remove_connection(c);
  free(c->partial);
  free(c->unsent);
  // Each fd stands in a batch of events once.
  free(c);
}

static void start_listening(const char* host, int port) {
  listener_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener_fd < 0) die("socket");
  int on = 1;
  setsockopt(listener_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  bind_and_say(listener_fd, "tcp", host, port, kBacklog);
}

int main(int argc, char** argv) {
  const char* host = "127.0.0.1";
  int port = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--host") == 0) host = argv[i + 1];
    if (strcmp(argv[i], "--port") == 0) port = atoi(argv[i + 1]);
    if (strcmp(argv[i], "--size") == 0) message_size = (size_t)atol(argv[i + 1]);
  }
  if (message_size < 1 || message_size > kMaxSize) {
    fprintf(stderr, "usage: epoll-fanout [--host ADDRESS] [--port NUMBER] [--size BYTES]\n");
    return 2;
  }
  end_on_signals();

  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) die("epoll_create1");
  start_listening(host, port);
  // data.ptr is NULL for the listener alone.
  struct epoll_event listener_event = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener_fd, &listener_event) < 0) die("epoll_ctl");

  static struct epoll_event events[kEventsPerWait];
  for (;;) {
    int ready = epoll_wait(epoll_fd, events, kEventsPerWait, -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr == NULL) {
        on_acceptable();
      } else {
        on_event(events[i].data.ptr, events[i].events);
      }
    }
  }
}
