// pin CPU|all COMMAND [ARG...]: runs a command on one core, so that the benchmark needs no taskset; or on all
// that there are.
//
// The command may open as many fds as the hard limit allows, goes before other processes where that is
// permitted, and is killed when whoever started it dies: an interrupted benchmark leaves no server behind.

#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { kHighestPriority = -20 };

/** Only root may; for others the benchmark is more sensitive to what else runs on the machine. */
static void go_before_others(void) {
  (void)setpriority(PRIO_PROCESS, 0, kHighestPriority);
  // Where the kernel groups tasks by session, a priority counts within the session only, and the group has
  // its own.
  setsid();
  FILE* group = fopen("/proc/self/autogroup", "w");
  if (group == NULL) return;
  fprintf(group, "%d", kHighestPriority);
  fclose(group);
}

static cpu_set_t read_cpus(const char* text) {
  cpu_set_t cpus;
  if (strcmp(text, "all") == 0) {
    // The kernel takes those of them that there are and that the process may use.
    memset(&cpus, 0xff, sizeof cpus);
  } else {
    CPU_ZERO(&cpus);
    CPU_SET(atoi(text), &cpus);
  }
  return cpus;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: pin CPU|all COMMAND [ARG...]\n");
    return 2;
  }
  const cpu_set_t cpus = read_cpus(argv[1]);
  if (sched_setaffinity(0, sizeof cpus, &cpus) < 0) {
    perror("pin: sched_setaffinity");
    return 126;
  }
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  go_before_others();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 127;
}
