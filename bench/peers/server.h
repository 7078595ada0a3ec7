// What the C servers have in common and nothing that is measured: how they start, and how they end.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// Where a server listens: at an IPv4 address, or at a path where there is one.
struct place {
  const char* host;
  int port;
  const char* path;
};

static const char* bound_path;

static void die(const char* what) {
  perror(what);
  exit(1);
}

static void on_signal(int signal_number) {
  (void)signal_number;
  if (bound_path != NULL) unlink(bound_path);
  _exit(0);
}

static void end_on_signals(void) {
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  signal(SIGPIPE, SIG_IGN);
}

static struct sockaddr_in address_of(const char* host, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (inet_pton(AF_INET, host, &address.sin_addr) == 1) return address;
  fprintf(stderr, "--host must be an IPv4 address, not %s\n", host);
  exit(2);
}

static inline void say_port(const char* scheme, const char* host, int port) {
  printf("listening on %s://%s:%d\n", scheme, host, port);
  fflush(stdout);
}

// Binds, and says where; `scheme` is what a client would write before the address.
static inline void bind_and_say(int fd, const char* scheme, const char* host, int port, int backlog) {
  struct sockaddr_in address = address_of(host, port);
  if (bind(fd, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
  if (backlog > 0 && listen(fd, backlog) < 0) die("listen");
  socklen_t length = sizeof address;
  if (getsockname(fd, (struct sockaddr*)&address, &length) < 0) die("getsockname");
  say_port(scheme, host, ntohs(address.sin_port));
}

// Reads --host, --port and --unix. Anything else ends the program with its usage.
static inline struct place place_from(int argc, char** argv) {
  struct place place = {.host = "127.0.0.1"};
  for (int i = 1; i < argc; i += 2) {
    const char* value = i + 1 < argc ? argv[i + 1] : NULL;
    if (value != NULL && strcmp(argv[i], "--host") == 0) {
      place.host = value;
    } else if (value != NULL && strcmp(argv[i], "--port") == 0) {
      place.port = atoi(value);
    } else if (value != NULL && strcmp(argv[i], "--unix") == 0) {
      place.path = value;
    } else {
      fprintf(stderr, "usage: %s [--host ADDRESS] [--port NUMBER] | [--unix PATH]\n", argv[0]);
      exit(2);
    }
  }
  return place;
}

static inline void say_path(const char* path) {
  bound_path = path;
  printf("listening on unix://%s\n", path);
  fflush(stdout);
}

static inline void bind_path_and_say(int fd, const char* path, int backlog) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    fprintf(stderr, "--unix: a path has at most %zu bytes\n", sizeof address.sun_path - 1);
    exit(2);
  }
  strcpy(address.sun_path, path);
  if (bind(fd, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
  if (listen(fd, backlog) < 0) die("listen");
  say_path(path);
}

// A listening socket. `type` is SOCK_STREAM with the flags that it shall have.
static inline int listen_at(const struct place* place, int type, int backlog) {
  int fd = socket(place->path != NULL ? AF_UNIX : AF_INET, type, 0);
  if (fd < 0) die("socket");
  if (place->path != NULL) {
    bind_path_and_say(fd, place->path, backlog);
    return fd;
  }
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  bind_and_say(fd, "tcp", place->host, place->port, backlog);
  return fd;
}
