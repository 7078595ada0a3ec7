// Sends a message to an echo server on a Unix socket, and prints what comes back: unix-stream-client PATH
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
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 3 || strlen(argv[1]) >= sizeof address.sun_path) {
    fprintf(stderr, "usage: unix-stream-client PATH MESSAGE\n");
    return 2;
  }
  strcpy(address.sun_path, argv[1]);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  if (connect(fd, (struct sockaddr*)&address, sizeof address) < 0) die("connect");
  size_t length = strlen(argv[2]);
  for (size_t done = 0; done < length;) {
    ssize_t sent = send(fd, argv[2] + done, length - done, MSG_NOSIGNAL);
    if (sent < 0) die("send");
    done += (size_t)sent;
  }
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
