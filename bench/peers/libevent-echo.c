// An echo server on libevent's events, by the low-level server of its book ("A tiny introduction to
// asynchronous IO"): one recv for each event into a buffer of the program's, one send at once.
//
// Not on bufferevents, which that book prefers: they read 4 KiB at a time in libevent 2.1, whatever one sets,
// and send from the next turn of the loop, which costs two calls of epoll_ctl for each answer.
//
//   libevent-echo [--host 127.0.0.1] [--port 0] | [--unix PATH]

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/tcp.h>

#include "server.h"

enum { kReceiveBytes = 64 * 1024, kBacklog = 4096 };

struct connection {
  struct event* readable;
  struct event* writable;
  // What a short send left over; NULL nearly always.
  char* unsent;
  size_t offset;
  size_t length;
};

static char receive_buffer[kReceiveBytes];

static void close_connection(struct connection* c, evutil_socket_t fd) {
  event_free(c->readable);
  event_free(c->writable);
  close(fd);
  free(c->unsent);
  free(c);
}

/** Bytes that the kernel took, 0 when the socket is full, or -1 when the peer is gone. */
static ssize_t send_some(evutil_socket_t fd, const char* bytes, size_t length) {
  ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
  return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

static void on_readable(evutil_socket_t fd, short events, void* context) {
  (void)events;
  struct connection* c = context;
  ssize_t received = recv(fd, receive_buffer, sizeof receive_buffer, 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  ssize_t sent = received <= 0 ? -1 : send_some(fd, receive_buffer, (size_t)received);
  if (sent == received) return;
  if (sent < 0) {
    close_connection(c, fd);
    return;
  }
  c->offset = 0;
  c->length = (size_t)(received - sent);
  c->unsent = malloc(c->length);
  if (c->unsent == NULL) die("malloc");
  memcpy(c->unsent, receive_buffer + sent, c->length);
  // No more from a peer that does not take its answers.
  event_del(c->readable);
  event_add(c->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short events, void* context) {
  (void)events;
  struct connection* c = context;
  ssize_t sent = send_some(fd, c->unsent + c->offset, c->length);
  if (sent < 0) {
    close_connection(c, fd);
    return;
  }
  c->offset += (size_t)sent;
  c->length -= (size_t)sent;
  if (c->length > 0) return;
  free(c->unsent);
  c->unsent = NULL;
  event_del(c->writable);
  event_add(c->readable, NULL);
}

static void on_connection(struct evconnlistener* listener, evutil_socket_t fd, struct sockaddr* address,
                          int length, void* context) {
  (void)address;
  (void)length;
  (void)context;
  // Of a Unix socket it fails, and nothing needs it there.
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct event_base* base = evconnlistener_get_base(listener);
  struct connection* c = calloc(1, sizeof *c);
  if (c == NULL) die("calloc");
  c->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
  c->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
  if (c->readable == NULL || c->writable == NULL) die("event_new");
  event_add(c->readable, NULL);
}

int main(int argc, char** argv) {
  struct place place = place_from(argc, argv);
  end_on_signals();
  struct event_base* base = event_base_new();
  if (base == NULL) die("event_base_new");
  int fd = listen_at(&place, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, kBacklog);
  unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
  // A backlog of 0: it listens already.
  struct evconnlistener* listener = evconnlistener_new(base, on_connection, NULL, flags, 0, fd);
  if (listener == NULL) die("evconnlistener_new");
  return event_base_dispatch(base);
}
