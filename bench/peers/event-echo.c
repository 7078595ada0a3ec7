// Echo over libevent, as its book writes it: http://www.wangafu.net/~nickm/libevent-book/Ref8_listener.html
//
//   event-echo [--host 127.0.0.1] [--port 0]

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/tcp.h>

#include "server.h"

enum { kBacklog = 4096, kReadBytes = 64 * 1024 };

static void on_read(struct bufferevent* connection, void* context) {
  (void)context;
  // Moves the buffers, and copies nothing.
  evbuffer_add_buffer(bufferevent_get_output(connection), bufferevent_get_input(connection));
}

static void on_event(struct bufferevent* connection, short events, void* context) {
  (void)context;
  if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) bufferevent_free(connection);
}

static void on_accept(struct evconnlistener* listener, evutil_socket_t fd, struct sockaddr* address,
                      int length, void* context) {
  (void)address;
  (void)length;
  (void)context;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct bufferevent* connection =
      bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
  // At most 16 KiB are read at once without this.
  bufferevent_set_max_single_read(connection, kReadBytes);
  bufferevent_set_max_single_write(connection, kReadBytes);
  bufferevent_setcb(connection, on_read, NULL, on_event, NULL);
  bufferevent_enable(connection, EV_READ | EV_WRITE);
}

int main(int argc, char** argv) {
  struct flags flags = parse_flags(argc, argv);
  end_on_signals();
  struct event_base* base = event_base_new();
  struct sockaddr_in address = address_of(flags.host, flags.port);
  struct evconnlistener* listener =
      evconnlistener_new_bind(base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, kBacklog,
                              (struct sockaddr*)&address, sizeof address);
  if (listener == NULL) die("bind");
  socklen_t length = sizeof address;
  if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr*)&address, &length) < 0)
    die("getsockname");
  say_listening("tcp", flags.host, ntohs(address.sin_port));
  return event_base_dispatch(base);
}
