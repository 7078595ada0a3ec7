// Sends a message to an echo server over TCP, and prints what comes back: tcp-client HOST PORT MESSAGE
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char* call) {
  perror(call);
  exit(1);
}

// Connected to the first of the host's addresses that answers.
static int connect_to(const char* host, const char* port) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo* list;
  int error = getaddrinfo(host, port, &hints, &list);
  if (error != 0) {
    fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
    exit(1);
  }
  int fd = -1;
  int why = 0;
  for (struct addrinfo* each = list; each != NULL; each = each->ai_next) {
    fd = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
    if (fd >= 0 && connect(fd, each->ai_addr, each->ai_addrlen) == 0) break;
    why = errno;
    if (fd >= 0) close(fd);
    fd = -1;
  }
  freeaddrinfo(list);
  if (fd < 0) {
    errno = why;
    die("connect");
  }
  return fd;
}

// A stream takes what it has room for; what it leaves is ours to send again.
static void send_all(int fd, const char* data, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
    if (sent < 0) die("send");
    data += sent;
    length -= (size_t)sent;
  }
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: tcp-client HOST PORT MESSAGE\n");
    return 2;
  }
  int fd = connect_to(argv[1], argv[2]);
  send_all(fd, argv[3], strlen(argv[3]));
  if (shutdown(fd, SHUT_WR) < 0) die("shutdown");
  char buffer[4096];
  ssize_t received;
  while ((received = recv(fd, buffer, sizeof buffer, 0)) > 0) {
    fwrite(buffer, 1, (size_t)received, stdout);
  }
  if (received < 0) die("recv");
  close(fd);
  return 0;
}
