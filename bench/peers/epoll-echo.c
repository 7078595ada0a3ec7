// The echo server that Pollux is compared with: plain C on epoll, as a careful C programmer would write it.
//
// Level-triggered, nonblocking, one recv per readiness and one send at once. Bytes that the kernel does not
// take are kept per connection, and that connection is not read again until they are gone, so memory stays
// bounded.
//
//   epoll-echo [--host 127.0.0.1] [--port 0] | [--unix PATH]

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

enum { kEventsPerWait = 1024, kReceiveBytes = 64 * 1024, kAcceptsPerTurn = 256, kBacklog = 4096 };

struct connection {
  int fd;
  // What a short send left over; NULL nearly always, so an idle connection costs this struct alone.
  char* unsent;
  size_t unsent_offset;
  size_t unsent_length;
};

static int epoll_fd;
static int listener_fd;
// Given up for a moment when the process is out of fds, so that the waiting peer is told instead of a busy
// loop.
static int reserve_fd;
static char receive_buffer[kReceiveBytes];

static void close_connection(struct connection* c) {
  // Closing removes the fd from the epoll set; each fd stands in a batch of events once, so freeing is safe.
  close(c->fd);
  free(c->unsent);
  free(c);
}

static void set_interest(struct connection* c, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event) < 0) die("epoll_ctl");
}

/** Sends what it can. Returns the bytes taken (0 when the socket is full), or -1 when the peer is gone. */
static ssize_t send_some(int fd, const char* bytes, size_t length) {
  ssize_t sent;
  do {
    sent = send(fd, bytes, length, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
  return sent;
}

static void on_readable(struct connection* c) {
  ssize_t received;
  do {
    received = recv(c->fd, receive_buffer, sizeof receive_buffer, 0);
  } while (received < 0 && errno == EINTR);
  if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (received <= 0) {
    close_connection(c);
    return;
  }

  ssize_t sent = send_some(c->fd, receive_buffer, (size_t)received);
  if (sent < 0) {
    close_connection(c);
    return;
  }
  if (sent == received) return;

  c->unsent_offset = 0;
  c->unsent_length = (size_t)(received - sent);
  c->unsent = malloc(c->unsent_length);
  if (c->unsent == NULL) {
    close_connection(c);
    return;
  }
  memcpy(c->unsent, receive_buffer + sent, c->unsent_length);
  set_interest(c, EPOLLOUT);
}

static void on_writable(struct connection* c) {
  ssize_t sent = send_some(c->fd, c->unsent + c->unsent_offset, c->unsent_length);
  if (sent < 0) {
    close_connection(c);
    return;
  }
  c->unsent_offset += (size_t)sent;
  c->unsent_length -= (size_t)sent;
  if (c->unsent_length > 0) return;
  free(c->unsent);
  c->unsent = NULL;
  set_interest(c, EPOLLIN);
}

static void refuse_one(void) {
  close(reserve_fd);
  int fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0) close(fd);
  reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_acceptable(void) {
  // Bounded: a burst of accepts must not starve connections that are already open.
  for (int i = 0; i < kAcceptsPerTurn; i++) {
    int fd = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
      if (errno == EMFILE || errno == ENFILE) {
        refuse_one();
        return;
      }
      die("accept4");
    }
    // Of a Unix socket it fails, and nothing needs it there.
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection* c = calloc(1, sizeof *c);
    if (c == NULL) {
      close(fd);
      return;
    }
    c->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  }
}

int main(int argc, char** argv) {
  struct place place = place_from(argc, argv);
  end_on_signals();

  reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) die("epoll_create1");
  listener_fd = listen_at(&place, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, kBacklog);
  // data.ptr is NULL for the listener alone.
  struct epoll_event listener_event = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener_fd, &listener_event) < 0) die("epoll_ctl");

  static struct epoll_event events[kEventsPerWait];
  for (;;) {
    int ready = epoll_wait(epoll_fd, events, kEventsPerWait, -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      struct connection* c = events[i].data.ptr;
      if (c == NULL) {
        on_acceptable();
      } else if (c->unsent != NULL) {
        on_writable(c);
      } else {
        on_readable(c);
      }
    }
  }
}
