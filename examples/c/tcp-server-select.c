// An echo server over TCP, many clients in one thread with select: tcp-server-select HOST PORT
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char* call) {
  perror(call);
  exit(1);
}

// What a client sent, and has not been sent back to it yet; by its descriptor.
static struct {
  int open;
  char bytes[4096];
  size_t begin, end;
} clients[FD_SETSIZE];

static int listen_on(const char* host, const char* port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port))};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
    fprintf(stderr, "not an IPv4 address: %s\n", host);
    exit(2);
  }
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) die("setsockopt");
  if (bind(fd, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
  if (listen(fd, SOMAXCONN) < 0) die("listen");
  if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) die("fcntl");
  socklen_t length = sizeof address;
  if (getsockname(fd, (struct sockaddr*)&address, &length) < 0) die("getsockname");
  printf("listening on port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static int would_block(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

static int has_pending(int fd) { return clients[fd].begin < clients[fd].end; }

// One step for one client; false when it is over.
static int serve(int fd) {
  if (!has_pending(fd)) {
    ssize_t received = recv(fd, clients[fd].bytes, sizeof clients[fd].bytes, 0);
    if (received <= 0) return received < 0 && would_block();
    clients[fd].begin = 0;
    clients[fd].end = (size_t)received;
  }
  char* from = clients[fd].bytes + clients[fd].begin;
  ssize_t sent = send(fd, from, clients[fd].end - clients[fd].begin, MSG_NOSIGNAL);
  if (sent < 0) return would_block();
  clients[fd].begin += (size_t)sent;
  return 1;
}

static void take_client(int listener) {
  int fd = accept(listener, NULL, NULL);
  if (fd < 0) {
    if (would_block() || errno == ECONNABORTED) return;  // it has gone again
    die("accept");
  }
  if (fd >= FD_SETSIZE) {
    close(fd);  // a set has no bit for it
    return;
  }
  if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) die("fcntl");
  clients[fd].open = 1;
  clients[fd].begin = clients[fd].end = 0;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: tcp-server-select HOST PORT\n");
    return 2;
  }
  int listener = listen_on(argv[1], argv[2]);
  for (;;) {
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(listener, &readable);
    int highest = listener;
    for (int fd = 0; fd < FD_SETSIZE; fd++) {
      if (!clients[fd].open) continue;
      // A client that does not read its answers is not read from either.
      FD_SET(fd, has_pending(fd) ? &writable : &readable);
      if (fd > highest) highest = fd;
    }
    if (select(highest + 1, &readable, &writable, NULL, NULL) < 0) {
      if (errno == EINTR) continue;
      die("select");
    }
    for (int fd = 0; fd <= highest; fd++) {
      if (!clients[fd].open || (!FD_ISSET(fd, &readable) && !FD_ISSET(fd, &writable))) continue;
      if (serve(fd)) continue;
      close(fd);
      clients[fd].open = 0;
    }
    if (FD_ISSET(listener, &readable)) take_client(listener);
  }
}
