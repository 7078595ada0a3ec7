// Sends a datagram to an echo server on a Unix socket, and prints the answer: unix-datagram-client PATH
// MESSAGE
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
  struct sockaddr_un ours = {.sun_family = AF_UNIX};
  struct sockaddr_un theirs = {.sun_family = AF_UNIX};
  if (argc != 3 || strlen(argv[1]) >= sizeof theirs.sun_path) {
    fprintf(stderr, "usage: unix-datagram-client PATH MESSAGE\n");
    return 2;
  }
  strcpy(theirs.sun_path, argv[1]);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  // The server answers to a name, so this end needs one as well.
  int length = snprintf(ours.sun_path, sizeof ours.sun_path, "%s.%ld", argv[1], (long)getpid());
  if (length < 0 || (size_t)length >= sizeof ours.sun_path) {
    fprintf(stderr, "the path is too long\n");
    return 2;
  }
  if (bind(fd, (struct sockaddr*)&ours, sizeof ours) < 0) die("bind");
  if (sendto(fd, argv[2], strlen(argv[2]), 0, (struct sockaddr*)&theirs, sizeof theirs) < 0) {
    perror("sendto");
    unlink(ours.sun_path);
    return 1;
  }
  char buffer[65536];
  ssize_t received = recv(fd, buffer, sizeof buffer, 0);
  unlink(ours.sun_path);
  if (received < 0) die("recv");
  fwrite(buffer, 1, (size_t)received, stdout);
  close(fd);
  return 0;
}
