// Sends back what its clients send, one client after the other: unix-stream-server PATH
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

static int echo(int fd) {
  char buffer[4096];
  for (;;) {
    ssize_t received = recv(fd, buffer, sizeof buffer, 0);
    if (received <= 0) return (int)received;
    for (ssize_t done = 0; done < received;) {
      ssize_t sent = send(fd, buffer + done, (size_t)(received - done), MSG_NOSIGNAL);
      if (sent < 0) return -1;
      done += sent;
    }
  }
}

int main(int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
    fprintf(stderr, "usage: unix-stream-server PATH, of at most %zu bytes\n", sizeof address.sun_path - 1);
    return 2;
  }
  strcpy(address.sun_path, argv[1]);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (listener < 0) die("socket");
  unlink(argv[1]);  // what a server before us left: bind makes the file, and nothing removes it
  if (bind(listener, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
  if (listen(listener, SOMAXCONN) < 0) die("listen");
  printf("listening on %s\n", argv[1]);
  fflush(stdout);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) die("accept");
    if (echo(fd) < 0) perror("echo");  // this client is lost; the next one is served
    close(fd);
  }
}
