// Sends a datagram to a multicast group through one interface: multicast-send GROUP PORT INTERFACE_ADDRESS
// MESSAGE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char* call) {
  perror(call);
  exit(1);
}

int main(int argc, char** argv) {
  struct sockaddr_in group = {.sin_family = AF_INET};
  struct in_addr interface;
  if (argc != 5 || inet_pton(AF_INET, argv[1], &group.sin_addr) != 1 ||
      inet_pton(AF_INET, argv[3], &interface) != 1) {
    fprintf(stderr, "usage: multicast-send GROUP PORT INTERFACE_ADDRESS MESSAGE\n");
    return 2;
  }
  group.sin_port = htons((in_port_t)atoi(argv[2]));
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface) < 0) die("IP_MULTICAST_IF");
  unsigned char hops = 1;  // not past the first router
  if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops) < 0) die("IP_MULTICAST_TTL");
  unsigned char loop = 1;  // members on this host get it too
  if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof loop) < 0) die("IP_MULTICAST_LOOP");
  if (sendto(fd, argv[4], strlen(argv[4]), 0, (struct sockaddr*)&group, sizeof group) < 0) die("sendto");
  close(fd);
  return 0;
}
