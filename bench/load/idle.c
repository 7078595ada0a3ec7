// Mode `idle`: opens N connections, exchanges one message on each, says `open N`, and holds them until its
// input ends. The exchange proves that the server has accepted every one and holds the state that it needs to
// serve it.

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "pattern.h"

enum { kTogether = 64, kReceiveBytes = 64 * 1024, kStallMs = 5000 };

static void exchange(const struct options* options, const char* pattern, const int* fds, int count,
                     int first) {
  static char buffer[kReceiveBytes];
  struct pollfd waiting[kTogether];
  size_t received[kTogether] = {0};
  for (int i = 0; i < count; i++) {
    const char* message = pattern + pattern_start((uint64_t)(first + i));
    ssize_t sent = send(fds[i], message, options->message_size, MSG_NOSIGNAL);
    if (sent != (ssize_t)options->message_size) fail("send on connection %d failed", first + i);
    waiting[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
  }
  for (int left = count; left > 0;) {
    if (poll(waiting, (nfds_t)count, kStallMs) <= 0) fail("stalled: nothing came back for 5 s");
    for (int i = 0; i < count; i++) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      ssize_t length = recv(fds[i], buffer, sizeof buffer, 0);
      if (length < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (length < 0) fail("recv on connection %d: %s", first + i, strerror(errno));
      if (length == 0) fail("the server closed connection %d", first + i);
      const char* expected = pattern + pattern_start((uint64_t)(first + i)) + received[i];
      received[i] += (size_t)length;
      if (received[i] > options->message_size) fail("connection %d got more bytes than it sent", first + i);
      if (memcmp(buffer, expected, (size_t)length) != 0) fail("wrong bytes on connection %d", first + i);
      if (received[i] < options->message_size) continue;
      waiting[i].fd = -1;
      left--;
    }
  }
}

void run_idle(const struct options* options) {
  int count = options->connections;
  int* fds = malloc((size_t)count * sizeof *fds);
  char* pattern = pattern_make(options->message_size);
  if (fds == NULL || pattern == NULL) fail("out of memory");
  connect_all(options, count, fds);
  for (int first = 0; first < count; first += kTogether) {
    int group = count - first < kTogether ? count - first : kTogether;
    exchange(options, pattern, fds + first, group, first);
  }
  printf("open %d\n", count);
  fflush(stdout);

  // Whoever started it closes its input; the time limit is for the case that nobody does.
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  poll(&input, 1, (int)(options->duration_seconds * 1000));

  for (int i = 0; i < count; i++) {
    char byte;
    if (recv(fds[i], &byte, 1, MSG_DONTWAIT) >= 0)
      fail("connection %d was closed or got bytes while idle", i);
  }
  printf("{\"ok\":true,\"mode\":\"idle\",\"connections\":%d}\n", count);
  fflush(stdout);
}
