// Sends a datagram to an echo server, again if no answer comes, and prints the answer: udp-client HOST PORT
// MESSAGE
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRIES = 3, PATIENCE_MS = 1000 };

static void die(const char* call) {
  perror(call);
  exit(1);
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: udp-client HOST PORT MESSAGE\n");
    return 2;
  }
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
  struct addrinfo* list;
  int error = getaddrinfo(argv[1], argv[2], &hints, &list);
  if (error != 0) {
    fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
    return 1;
  }
  int fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
  if (fd < 0) die("socket");
  // Connected: datagrams of others are not received, and the server's refusal is reported.
  if (connect(fd, list->ai_addr, list->ai_addrlen) < 0) die("connect");
  freeaddrinfo(list);
  for (int i = 0; i < TRIES; i++) {
    if (send(fd, argv[3], strlen(argv[3]), 0) < 0) die("send");
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int ready = poll(&entry, 1, PATIENCE_MS);
    if (ready < 0) die("poll");
    if (ready == 0) continue;
    char buffer[65536];
    ssize_t received = recv(fd, buffer, sizeof buffer, 0);
    if (received < 0) die("recv");
    fwrite(buffer, 1, (size_t)received, stdout);
    close(fd);
    return 0;
  }
  errno = ETIMEDOUT;
  die("recv");
}
