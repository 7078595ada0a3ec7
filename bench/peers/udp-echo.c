// The datagram echo servers that Pollux is compared with: plain C on a blocking socket, as a careful C
// programmer would write them. Each server is one loop, so nothing is spent on waiting for readiness.
//
//   udp-echo [--host 127.0.0.1] [--port 0] [--mode plain|batch] [--gro]
//
// plain: recvfrom and sendto. batch: recvmmsg and sendmmsg, as many as are there, up to 64. --gro (batch):
// UDP_GRO in, UDP_SEGMENT out, whole messages as they came.

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

enum {
  kBatch = 64,
  kReceiveBytes = 65536,
  // Not a power of two, so that the datagrams of a batch don't meet in the same sets of the cache.
  kStride = kReceiveBytes + 192
};

// What the network says of an earlier datagram (udp(7)); the socket is as good as before.
static bool goes_on(void) {
  return errno == EINTR || errno == EAGAIN || errno == ECONNREFUSED || errno == EHOSTUNREACH ||
         errno == ENETUNREACH || errno == ENOBUFS;
}

static void run_plain(int fd) {
  static char buffer[kReceiveBytes];
  struct sockaddr_in peer;
  for (;;) {
    socklen_t length = sizeof peer;
    ssize_t received = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr*)&peer, &length);
    if (received < 0) {
      if (!goes_on()) die("recvfrom");
      continue;
    }
    while (sendto(fd, buffer, (size_t)received, 0, (struct sockaddr*)&peer, length) < 0) {
      if (!goes_on()) die("sendto");
      if (errno != EINTR) break;
    }
  }
}

union control {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int))];
};

// Turns a received message into its answer: the same bytes, in segments as they came.
static void make_answer(struct mmsghdr* message) {
  struct msghdr* header = &message->msg_hdr;
  header->msg_iov->iov_len = message->msg_len;
  struct cmsghdr* control = header->msg_controllen > 0 ? CMSG_FIRSTHDR(header) : NULL;
  if (control == NULL || control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO) {
    header->msg_control = NULL;
    header->msg_controllen = 0;
    return;
  }
  int size;
  memcpy(&size, CMSG_DATA(control), sizeof size);
  uint16_t segment = (uint16_t)size;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof segment);
  memcpy(CMSG_DATA(control), &segment, sizeof segment);
  header->msg_controllen = CMSG_SPACE(sizeof segment);
}

static void send_all(int fd, struct mmsghdr* messages, int count) {
  for (int done = 0; done < count;) {
    int sent = sendmmsg(fd, messages + done, (unsigned)(count - done), 0);
    if (sent > 0) {
      done += sent;
    } else {
      if (!goes_on()) die("sendmmsg");
      if (errno != EINTR) done++;
    }
  }
}

static void run_batch(int fd, bool gro) {
  int on = 1;
  if (gro && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) < 0) die("setsockopt UDP_GRO");
  static struct mmsghdr messages[kBatch];
  static struct iovec vectors[kBatch];
  static struct sockaddr_in peers[kBatch];
  static union control controls[kBatch];
  char* buffer = malloc((size_t)kBatch * kStride);
  if (buffer == NULL) die("malloc");
  for (;;) {
    for (int i = 0; i < kBatch; i++) {
      vectors[i] = (struct iovec){.iov_base = buffer + (size_t)i * kStride, .iov_len = kReceiveBytes};
      messages[i].msg_hdr = (struct msghdr){.msg_name = &peers[i],
                                            .msg_namelen = sizeof peers[i],
                                            .msg_iov = &vectors[i],
                                            .msg_iovlen = 1,
                                            .msg_control = gro ? controls[i].bytes : NULL,
                                            .msg_controllen = gro ? sizeof controls[i].bytes : 0};
    }
    int received = recvmmsg(fd, messages, kBatch, MSG_WAITFORONE, NULL);
    if (received < 0) {
      if (!goes_on()) die("recvmmsg");
      continue;
    }
    for (int i = 0; i < received; i++) make_answer(&messages[i]);
    send_all(fd, messages, received);
  }
}

int main(int argc, char** argv) {
  const char* host = "127.0.0.1";
  int port = 0;
  bool batch = false;
  bool gro = false;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--gro") == 0) {
      gro = true;
    } else if (i + 1 < argc && strcmp(argv[i], "--host") == 0) {
      host = argv[++i];
    } else if (i + 1 < argc && strcmp(argv[i], "--port") == 0) {
      port = atoi(argv[++i]);
    } else if (i + 1 < argc && strcmp(argv[i], "--mode") == 0) {
      batch = strcmp(argv[++i], "batch") == 0;
    } else {
      fprintf(stderr, "usage: udp-echo [--host ADDRESS] [--port NUMBER] [--mode plain|batch] [--gro]\n");
      return 2;
    }
  }
  end_on_signals();

  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  bind_and_say(fd, "udp", host, port, 0);
  if (batch) {
    run_batch(fd, gro);
  } else {
    run_plain(fd);
  }
}
