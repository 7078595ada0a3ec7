// What the modes of the load generator share: options, failing, connecting, and the measured window.

#ifndef POLLUX_LOAD_H_
#define POLLUX_LOAD_H_

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "histogram.h"

struct options {
  struct sockaddr_in target;
  int connections;
  size_t message_size;
  int depth;
  // echo: every message is a line and a length-prefixed message, for servers with a codec.
  bool frames;
  // udp: several datagrams in one message as they come, too (UDP_GRO).
  bool segments;
  double warm_up_seconds;
  double duration_seconds;
  // The server whose CPU time is measured over the same window; 0 for none.
  pid_t server_pid;
  // The core that the server is pinned to; -1 when it is not known.
  int server_core;
};

/** Prints `{"ok":false,"error":...}` as the one line of output and ends the process with status 1. */
void fail(const char* format, ...) __attribute__((noreturn, format(printf, 1, 2)));

uint64_t now_ns(void);

/**
 * A nonblocking TCP socket that has started to connect to the target. To a loopback target each `index` has a
 * source address of its own (wrapping at 16,000), so that neither ephemeral ports nor TIME_WAIT run out.
 */
int start_connecting(const struct options* options, uint64_t index);

/** Fails unless the socket's connection is made. To be called when it is writable. */
void check_connected(int fd);

/** Connects `count` sockets, a bounded number at a time, and writes their fds. */
void connect_all(const struct options* options, int count, int* fds);

/** The clocks and counters at one moment; two of them make the measured window. */
struct snapshot {
  uint64_t wall_ns;
  uint64_t own_cpu_ns;
  uint64_t server_cpu_ns;
  double server_user_seconds;
  double server_system_seconds;
  // Of the server's core and the generator's own together: tells whether other processes were in the way.
  double cores_busy_seconds;
  double cores_interrupt_seconds;
};
struct snapshot take_snapshot(const struct options* options);

struct result {
  uint64_t messages;
  uint64_t bytes;
  uint64_t verified_bytes;
  // udp: datagrams that never came back.
  uint64_t lost;
  // Turns of the generator's loop and the events they saw: how long the queue in front of the generator was.
  uint64_t turns;
  uint64_t events;
};

/** Prints the one JSON line of a measuring mode. */
void print_result(const char* mode, const struct options* options, const struct snapshot* begin,
                  const struct snapshot* end, const struct result* result, const struct histogram* latency);

void run_echo(const struct options* options);
void run_churn(const struct options* options);
void run_udp(const struct options* options);
void run_fanout(const struct options* options);
void run_idle(const struct options* options);

#endif  // POLLUX_LOAD_H_
