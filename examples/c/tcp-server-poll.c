// An echo server over TCP, many clients in one thread with poll: tcp-server-poll HOST PORT
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CLIENTS = 1000 };

static void die(const char* call) {
  perror(call);
  exit(1);
}

// What a client sent, and has not been sent back to it yet.
struct pending {
  char bytes[4096];
  size_t begin, end;
};

static struct pollfd entries[1 + MAX_CLIENTS];  // entries[0] is the listener
static struct pending pendings[1 + MAX_CLIENTS];

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

// One step for one client; false when it is over.
static int serve(int fd, struct pending* pending) {
  if (pending->begin == pending->end) {
    ssize_t received = recv(fd, pending->bytes, sizeof pending->bytes, 0);
    if (received <= 0) return received < 0 && would_block();
    pending->begin = 0;
    pending->end = (size_t)received;
  }
  ssize_t sent = send(fd, pending->bytes + pending->begin, pending->end - pending->begin, MSG_NOSIGNAL);
  if (sent < 0) return would_block();
  pending->begin += (size_t)sent;
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: tcp-server-poll HOST PORT\n");
    return 2;
  }
  entries[0].fd = listen_on(argv[1], argv[2]);
  nfds_t count = 1;
  for (;;) {
    // A client that does not read its answers is not read from either.
    entries[0].events = count <= MAX_CLIENTS ? POLLIN : 0;
    for (nfds_t i = 1; i < count; i++) {
      entries[i].events = pendings[i].begin < pendings[i].end ? POLLOUT : POLLIN;
    }
    if (poll(entries, count, -1) < 0) {
      if (errno == EINTR) continue;
      die("poll");
    }
    // From the end, for the last entry takes the place of one that goes.
    for (nfds_t i = count - 1; i > 0; i--) {
      if (entries[i].revents == 0 || serve(entries[i].fd, &pendings[i])) continue;
      close(entries[i].fd);
      count--;
      entries[i] = entries[count];
      pendings[i] = pendings[count];
    }
    if (entries[0].revents == 0) continue;
    int fd = accept(entries[0].fd, NULL, NULL);
    if (fd < 0) {
      if (would_block() || errno == ECONNABORTED) continue;  // it has gone again
      die("accept");
    }
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) die("fcntl");
    entries[count].fd = fd;
    pendings[count].begin = pendings[count].end = 0;
    count++;
  }
}
