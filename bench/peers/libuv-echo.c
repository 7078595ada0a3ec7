// An echo server on libuv, by its guide ("Networking: TCP, Unix sockets"), with what a careful user of libuv
// changes in it: one buffer for all reads, which uv_try_write can pass on at once; and no more reading from a
// peer that does not take its answers.
//
//   libuv-echo [--host 127.0.0.1] [--port 0] | [--unix PATH]

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "server.h"

enum { kReceiveBytes = 64 * 1024, kBacklog = 4096 };

typedef union {
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
} connection;

// What the kernel did not take at once, with the request that sends it.
typedef struct {
  uv_write_t request;
  char bytes[];
} rest;

static char receive_buffer[kReceiveBytes];

static void check(int status, const char* what) {
  if (status >= 0) return;
  fprintf(stderr, "%s: %s\n", what, uv_strerror(status));
  exit(1);
}

static void on_close(uv_handle_t* handle) { free(handle); }

// The callback that follows is done with the buffer before the next one asks for it.
static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer) {
  (void)handle;
  (void)suggested;
  *buffer = uv_buf_init(receive_buffer, sizeof receive_buffer);
}

static void on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer);

static void on_written(uv_write_t* request, int status) {
  uv_stream_t* stream = request->handle;
  free(request->data);
  if (status == 0 && !uv_is_closing((uv_handle_t*)stream)) uv_read_start(stream, on_alloc, on_read);
}

static void on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer) {
  if (length == 0) return;
  if (length < 0) {
    uv_close((uv_handle_t*)stream, on_close);
    return;
  }
  uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)length);
  int sent = uv_try_write(stream, &answer, 1);
  if (sent == (int)length) return;
  if (sent < 0 && sent != UV_EAGAIN) {
    uv_close((uv_handle_t*)stream, on_close);
    return;
  }
  size_t done = sent < 0 ? 0 : (size_t)sent;
  size_t left = (size_t)length - done;
  rest* kept = malloc(sizeof *kept + left);
  if (kept == NULL) die("malloc");
  memcpy(kept->bytes, buffer->base + done, left);
  kept->request.data = kept;
  uv_buf_t later = uv_buf_init(kept->bytes, (unsigned)left);
  uv_read_stop(stream);
  check(uv_write(&kept->request, stream, &later, 1, on_written), "uv_write");
}

static void on_connection(uv_stream_t* listener, int status) {
  check(status, "listener");
  connection* c = malloc(sizeof *c);
  if (c == NULL) die("malloc");
  bool is_tcp = listener->type == UV_TCP;
  check(is_tcp ? uv_tcp_init(listener->loop, &c->tcp) : uv_pipe_init(listener->loop, &c->pipe, 0), "init");
  if (uv_accept(listener, &c->stream) < 0) {
    uv_close((uv_handle_t*)c, on_close);
    return;
  }
  if (is_tcp) uv_tcp_nodelay(&c->tcp, 1);
  uv_read_start(&c->stream, on_alloc, on_read);
}

int main(int argc, char** argv) {
  struct place place = place_from(argc, argv);
  end_on_signals();
  uv_loop_t* loop = uv_default_loop();
  connection listener;
  if (place.path != NULL) {
    check(uv_pipe_init(loop, &listener.pipe, 0), "uv_pipe_init");
    check(uv_pipe_bind(&listener.pipe, place.path), "uv_pipe_bind");
  } else {
    struct sockaddr_in address = address_of(place.host, place.port);
    check(uv_tcp_init(loop, &listener.tcp), "uv_tcp_init");
    check(uv_tcp_bind(&listener.tcp, (struct sockaddr*)&address, 0), "uv_tcp_bind");
  }
  check(uv_listen(&listener.stream, kBacklog, on_connection), "uv_listen");
  if (place.path != NULL) {
    say_path(place.path);
  } else {
    struct sockaddr_in bound;
    int length = sizeof bound;
    check(uv_tcp_getsockname(&listener.tcp, (struct sockaddr*)&bound, &length), "uv_tcp_getsockname");
    say_port("tcp", place.host, ntohs(bound.sin_port));
  }
  return uv_run(loop, UV_RUN_DEFAULT);
}
