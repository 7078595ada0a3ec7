// Sends each datagram back to whoever sent it, on a Unix socket: unix-datagram-server PATH
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char* call) {
  perror(call);
  exit(1);
}

int main(int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
    fprintf(stderr, "usage: unix-datagram-server PATH\n");
    return 2;
  }
  strcpy(address.sun_path, argv[1]);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  unlink(argv[1]);  // what a server before us left
  if (bind(fd, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
  printf("listening on %s\n", argv[1]);
  fflush(stdout);
  char buffer[65536];
  for (;;) {
    struct sockaddr_un from;
    socklen_t length = sizeof from;
    ssize_t received = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr*)&from, &length);
    if (received < 0) die("recvfrom");
    if (length <= sizeof(sa_family_t)) continue;  // the sender has no name that an answer could go to
    if (sendto(fd, buffer, (size_t)received, 0, (struct sockaddr*)&from, length) < 0) {
      perror("sendto");  // it has gone meanwhile; the others are served
    }
  }
}
