// The load generator: one thread, epoll, one JSON line of results. See README.md of bench/ for the modes.
//
//   load MODE --target HOST:PORT [--connections N] [--size BYTES] [--depth N] [--segments 0|1] [--frames 0|1]
//        [--warm-up S] [--duration S] [--server-pid PID] [--server-core N]

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"
#include "pattern.h"

enum { kFdsToSpare = 16, kSlackSeconds = 60 };

static void usage(const char* problem) {
  fprintf(
      stderr,
      "load: %s\nusage: load echo|churn|udp|fanout|idle --target HOST:PORT [--connections N] [--size BYTES] "
      "[--depth N] "
      "[--segments 0|1] [--frames 0|1] [--warm-up S] [--duration S] [--server-pid PID] [--server-core N]\n",
      problem);
  exit(2);
}

static void on_overtime(int signal_number) {
  (void)signal_number;
  static const char line[] = "{\"ok\":false,\"error\":\"the load generator did not end in time\"}\n";
  if (write(STDOUT_FILENO, line, sizeof line - 1) < 0) _exit(4);
  _exit(3);
}

static struct sockaddr_in parse_target(const char* text) {
  struct sockaddr_in target = {.sin_family = AF_INET};
  char host[INET_ADDRSTRLEN];
  const char* colon = strrchr(text, ':');
  if (colon == NULL || (size_t)(colon - text) >= sizeof host) usage("--target must be HOST:PORT");
  memcpy(host, text, (size_t)(colon - text));
  host[colon - text] = '\0';
  int port = atoi(colon + 1);
  if (inet_pton(AF_INET, host, &target.sin_addr) != 1) usage("the host of --target must be an IPv4 address");
  if (port < 1 || port > 65535) usage("the port of --target must be 1 to 65535");
  target.sin_port = htons((uint16_t)port);
  return target;
}

static void raise_fd_limit(int connections) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < (rlim_t)connections + kFdsToSpare) {
    fail("%d connections don't fit into this process's limit of %llu fds", connections,
         (unsigned long long)limit.rlim_cur);
  }
}

int main(int argc, char** argv) {
  struct options options = {.connections = 1,
                            .message_size = 64,
                            .depth = 1,
                            .warm_up_seconds = 0.3,
                            .duration_seconds = 1,
                            .server_core = -1};
  if (argc < 2) usage("no mode given");
  const char* mode = argv[1];
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 >= argc) usage("a flag has no value");
    const char* flag = argv[i];
    const char* value = argv[i + 1];
    if (strcmp(flag, "--target") == 0) {
      options.target = parse_target(value);
    } else if (strcmp(flag, "--connections") == 0) {
      options.connections = atoi(value);
    } else if (strcmp(flag, "--size") == 0) {
      options.message_size = (size_t)atol(value);
    } else if (strcmp(flag, "--depth") == 0) {
      options.depth = atoi(value);
    } else if (strcmp(flag, "--segments") == 0) {
      options.segments = atoi(value) != 0;
    } else if (strcmp(flag, "--frames") == 0) {
      options.frames = atoi(value) != 0;
    } else if (strcmp(flag, "--warm-up") == 0) {
      options.warm_up_seconds = atof(value);
    } else if (strcmp(flag, "--duration") == 0) {
      options.duration_seconds = atof(value);
    } else if (strcmp(flag, "--server-pid") == 0) {
      options.server_pid = (pid_t)atoi(value);
    } else if (strcmp(flag, "--server-core") == 0) {
      options.server_core = atoi(value);
    } else {
      usage("unknown flag");
    }
  }
  if (options.target.sin_port == 0) usage("--target is missing");
  if (options.connections < 1 || options.depth < 1) usage("--connections and --depth must be positive");
  if (options.message_size < 1 || options.message_size > 1 << 20) usage("--size must be 1 to 1048576");

  if (options.frames && !frames_possible(options.message_size)) {
    usage("--size with --frames must be 6 or more, and such that the length holds no line feed");
  }

  signal(SIGPIPE, SIG_IGN);
  signal(SIGALRM, on_overtime);
  alarm((unsigned)(options.warm_up_seconds + options.duration_seconds) + kSlackSeconds);
  raise_fd_limit(options.connections);

  if (strcmp(mode, "echo") == 0) {
    run_echo(&options);
  } else if (strcmp(mode, "udp") == 0) {
    run_udp(&options);
  } else if (strcmp(mode, "churn") == 0) {
    run_churn(&options);
  } else if (strcmp(mode, "fanout") == 0) {
    run_fanout(&options);
  } else if (strcmp(mode, "idle") == 0) {
    run_idle(&options);
  } else {
    usage("the mode must be echo, churn, udp, fanout or idle");
  }
  return 0;
}
