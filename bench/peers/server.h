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
#include <unistd.h>

static void die(const char* what) {
  perror(what);
  exit(1);
}

static void on_signal(int signal_number) {
  (void)signal_number;
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

struct flags {
  const char* host;
  int port;
};

// --host ADDRESS and --port NUMBER, where a program takes nothing else.
static inline struct flags parse_flags(int argc, char** argv) {
  struct flags flags = {.host = "127.0.0.1", .port = 0};
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && strcmp(argv[i], "--host") == 0) {
      flags.host = argv[i + 1];
    } else if (i + 1 < argc && strcmp(argv[i], "--port") == 0) {
      flags.port = atoi(argv[i + 1]);
    } else {
      fprintf(stderr, "usage: %s [--host ADDRESS] [--port NUMBER]\n", argv[0]);
      exit(2);
    }
  }
  return flags;
}

static void say_listening(const char* scheme, const char* host, int port) {
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
  say_listening(scheme, host, ntohs(address.sin_port));
}
