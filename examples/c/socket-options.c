// Prints the options that a fresh TCP socket has: socket-options
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum kind { FLAG, NUMBER, LINGER, TIME };

static const struct {
  const char* name;
  int level, option;
  enum kind kind;
} OPTIONS[] = {
    {"SO_TYPE", SOL_SOCKET, SO_TYPE, NUMBER},         {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, FLAG},
    {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, FLAG}, {"SO_BROADCAST", SOL_SOCKET, SO_BROADCAST, FLAG},
    {"SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, FLAG}, {"SO_ACCEPTCONN", SOL_SOCKET, SO_ACCEPTCONN, FLAG},
    {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, NUMBER},     {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, NUMBER},
    {"SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, NUMBER}, {"SO_LINGER", SOL_SOCKET, SO_LINGER, LINGER},
    {"SO_SNDTIMEO", SOL_SOCKET, SO_SNDTIMEO, TIME},   {"SO_RCVTIMEO", SOL_SOCKET, SO_RCVTIMEO, TIME},
    {"IP_TTL", IPPROTO_IP, IP_TTL, NUMBER},           {"IP_TOS", IPPROTO_IP, IP_TOS, NUMBER},
    {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, FLAG},  {"TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG, NUMBER},
};

int main(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) {
    perror("socket");
    return 1;
  }
  for (size_t i = 0; i < sizeof OPTIONS / sizeof OPTIONS[0]; i++) {
    union {
      int number;
      struct linger linger;
      struct timeval time;
    } value;
    memset(&value, 0, sizeof value);
    socklen_t length = sizeof value;
    printf("%-14s ", OPTIONS[i].name);
    if (getsockopt(fd, OPTIONS[i].level, OPTIONS[i].option, &value, &length) < 0) {
      printf("not available\n");
      continue;
    }
    switch (OPTIONS[i].kind) {
      case FLAG:
        printf("%s\n", value.number != 0 ? "on" : "off");
        break;
      case NUMBER:
        printf("%d\n", value.number);
        break;
      case LINGER:
        printf("%s, %d s\n", value.linger.l_onoff != 0 ? "on" : "off", value.linger.l_linger);
        break;
      case TIME:
        printf("%ld.%06ld s\n", (long)value.time.tv_sec, (long)value.time.tv_usec);
        break;
    }
  }
  close(fd);
  return 0;
}
