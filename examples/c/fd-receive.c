// Receives an open file on a Unix socket, and prints what is in it: fd-receive PATH
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char* call) {
  perror(call);
  exit(1);
}

static int receive_fd(int connection) {
  char byte;
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  int fd = -1;
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof fd)];
  } control;
  struct msghdr message = {.msg_iov = &data,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  if (recvmsg(connection, &message, 0) < 0) die("recvmsg");
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof fd)) {
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
  }
  return fd;
}

int main(int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
    fprintf(stderr, "usage: fd-receive PATH\n");
    return 2;
  }
  strcpy(address.sun_path, argv[1]);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (listener < 0) die("socket");
  if (bind(listener, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
  if (listen(listener, 1) < 0) die("listen");
  printf("listening on %s\n", argv[1]);
  fflush(stdout);
  int connection = accept(listener, NULL, NULL);
  unlink(argv[1]);
  if (connection < 0) die("accept");
  int file = receive_fd(connection);
  if (file < 0) {
    fprintf(stderr, "no file came\n");
    return 1;
  }
  char buffer[4096];
  ssize_t length;
  while ((length = read(file, buffer, sizeof buffer)) > 0) fwrite(buffer, 1, (size_t)length, stdout);
  if (length < 0) die("read");
  close(file);
  close(connection);
  close(listener);
  return 0;
}
