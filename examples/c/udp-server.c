// Sends each datagram back to whoever sent it: udp-server HOST PORT
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void die(const char* call) {
  perror(call);
  exit(1);
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: udp-server HOST PORT\n");
    return 2;
  }
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) {
    fprintf(stderr, "not an IPv4 address: %s\n", argv[1]);
    return 2;
  }
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  if (bind(fd, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
  socklen_t length = sizeof address;
  if (getsockname(fd, (struct sockaddr*)&address, &length) < 0) die("getsockname");
  printf("listening on port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  char buffer[65536];
  for (;;) {
    struct sockaddr_in from;
    length = sizeof from;
    ssize_t received = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr*)&from, &length);
    if (received < 0) die("recvfrom");
    if (sendto(fd, buffer, (size_t)received, 0, (struct sockaddr*)&from, length) < 0) {
      perror("sendto");  // one answer is lost; the others are served
    }
  }
}
