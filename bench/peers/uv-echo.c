// Echo over libuv, as its guide writes it: https://docs.libuv.org/en/v1.x/guide/networking.html
//
//   uv-echo [--host 127.0.0.1] [--port 0]

#include <string.h>
#include <uv.h>

#include "server.h"

enum { kBacklog = 4096 };

struct write_request {
  uv_write_t request;
  uv_buf_t buffer;
};

static void check(int result, const char* what) {
  if (result == 0) return;
  fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
  exit(1);
}

static void on_closed(uv_handle_t* handle) { free(handle); }

static void allocate(uv_handle_t* handle, size_t suggested_bytes, uv_buf_t* buffer) {
  (void)handle;
  // libuv suggests 64 KiB.
  *buffer = uv_buf_init(malloc(suggested_bytes), (unsigned)suggested_bytes);
}

static void on_written(uv_write_t* request, int status) {
  struct write_request* write = (struct write_request*)request;
  if (status < 0 && !uv_is_closing((uv_handle_t*)request->handle)) {
    uv_close((uv_handle_t*)request->handle, on_closed);
  }
  free(write->buffer.base);
  free(write);
}

static void on_read(uv_stream_t* client, ssize_t length, const uv_buf_t* buffer) {
  if (length > 0) {
    struct write_request* write = malloc(sizeof *write);
    write->buffer = uv_buf_init(buffer->base, (unsigned)length);
    uv_write(&write->request, client, &write->buffer, 1, on_written);
    return;
  }
  free(buffer->base);
  if (length < 0 && !uv_is_closing((uv_handle_t*)client)) uv_close((uv_handle_t*)client, on_closed);
}

static void on_connection(uv_stream_t* server, int status) {
  if (status < 0) return;
  uv_tcp_t* client = malloc(sizeof *client);
  uv_tcp_init(server->loop, client);
  if (uv_accept(server, (uv_stream_t*)client) == 0) {
    uv_tcp_nodelay(client, 1);
    uv_read_start((uv_stream_t*)client, allocate, on_read);
  } else {
    uv_close((uv_handle_t*)client, on_closed);
  }
}

int main(int argc, char** argv) {
  struct flags flags = parse_flags(argc, argv);
  end_on_signals();
  uv_loop_t* loop = uv_default_loop();
  uv_tcp_t server;
  uv_tcp_init(loop, &server);
  struct sockaddr_in address = address_of(flags.host, flags.port);
  check(uv_tcp_bind(&server, (const struct sockaddr*)&address, 0), "bind");
  check(uv_listen((uv_stream_t*)&server, kBacklog, on_connection), "listen");
  int length = sizeof address;
  check(uv_tcp_getsockname(&server, (struct sockaddr*)&address, &length), "getsockname");
  say_listening("tcp", flags.host, ntohs(address.sin_port));
  return uv_run(loop, UV_RUN_DEFAULT);
}
