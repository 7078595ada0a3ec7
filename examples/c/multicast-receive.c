// Joins a multicast group on one interface, and prints what comes: multicast-receive GROUP PORT
// INTERFACE_ADDRESS
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void die(const char* call) {
  perror(call);
  exit(1);
}

int main(int argc, char** argv) {
  struct ip_mreq membership;
  struct sockaddr_in address = {.sin_family = AF_INET};
  if (argc != 4 || inet_pton(AF_INET, argv[1], &membership.imr_multiaddr) != 1 ||
      inet_pton(AF_INET, argv[3], &membership.imr_interface) != 1) {
    fprintf(stderr, "usage: multicast-receive GROUP PORT INTERFACE_ADDRESS\n");
    return 2;
  }
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  int on = 1;  // other receivers on this host may have the port as well
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) die("SO_REUSEADDR");
  // To the group, so that datagrams to the port's other addresses don't come.
  address.sin_addr = membership.imr_multiaddr;
  address.sin_port = htons((in_port_t)atoi(argv[2]));
  if (bind(fd, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
  if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) < 0) {
    die("IP_ADD_MEMBERSHIP");
  }
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
    char host[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &from.sin_addr, host, sizeof host);
    printf("%s: %.*s\n", host, (int)received, buffer);
    fflush(stdout);
  }
}
