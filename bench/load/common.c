#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

// At most this many connections wait to be accepted: fewer than any sensible backlog holds.
enum { kConnectingAtOnce = 64, kConnectTimeoutMs = 5000 };

void fail(const char* format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  // The message is put into JSON as it is: no format string here has a quote, a backslash or a control
  // character.
  printf("{\"ok\":false,\"error\":\"%s\"}\n", message);
  fflush(stdout);
  _exit(1);
}

static uint64_t read_clock(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) < 0) fail("clock_gettime: %s", strerror(errno));
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

static void bind_source(int fd, uint64_t index) {
  // The port is chosen by connect(), which may share one between different targets; bind() alone may not.
  int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  uint32_t number = (uint32_t)(index % 16000);
  struct sockaddr_in source = {.sin_family = AF_INET};
  source.sin_addr.s_addr = htonl(0x7f010001u + number / 250 * 256 + number % 250);
  if (bind(fd, (struct sockaddr*)&source, sizeof source) < 0) fail("bind: %s", strerror(errno));
}

int start_connecting(const struct options* options, uint64_t index) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket: %s", strerror(errno));
  if (ntohl(options->target.sin_addr.s_addr) >> 24 == 127) bind_source(fd, index);
  // The cheapest congestion control for the generator's side, where the system lets it choose: the default
  // may pace with timers, and the generator must cost less than what it measures. The servers keep the
  // system's default.
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
  const struct sockaddr* target = (const struct sockaddr*)&options->target;
  if (connect(fd, target, sizeof options->target) < 0 && errno != EINPROGRESS) {
    fail("connect: %s", strerror(errno));
  }
  return fd;
}

void check_connected(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) fail("connect: %s", strerror(error));
}

void connect_all(const struct options* options, int count, int* fds) {
  struct pollfd waiting[kConnectingAtOnce];
  for (int first = 0; first < count; first += kConnectingAtOnce) {
    int group = count - first < kConnectingAtOnce ? count - first : kConnectingAtOnce;
    for (int i = 0; i < group; i++) {
      fds[first + i] = start_connecting(options, (uint64_t)(first + i));
      waiting[i] = (struct pollfd){.fd = fds[first + i], .events = POLLOUT};
    }
    for (int left = group; left > 0;) {
      if (poll(waiting, (nfds_t)group, kConnectTimeoutMs) <= 0) {
        fail("connect: %d of %d connections not made in 5 s", count - first - group + left, count);
      }
      for (int i = 0; i < group; i++) {
        if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
        check_connected(waiting[i].fd);
        waiting[i].fd = -1;
        left--;
      }
    }
  }
}

/** Time in which the two cores were not idle, in the kernel's ticks, and the part spent in interrupts. */
static void read_core_times(int first, int second, double* busy_seconds, double* interrupt_seconds) {
  FILE* file = fopen("/proc/stat", "r");
  if (file == NULL) fail("/proc/stat cannot be read");
  char line[512];
  unsigned long busy = 0;
  unsigned long interrupt = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    int core;
    unsigned long user, nice, system, idle, iowait, irq, softirq, steal;
    if (sscanf(line, "cpu%d %lu %lu %lu %lu %lu %lu %lu %lu", &core, &user, &nice, &system, &idle, &iowait,
               &irq, &softirq, &steal) != 9) {
      continue;
    }
    if (core != first && core != second) continue;
    busy += user + nice + system + irq + softirq + steal;
    interrupt += irq + softirq;
  }
  fclose(file);
  double ticks = (double)sysconf(_SC_CLK_TCK);
  *busy_seconds = (double)busy / ticks;
  *interrupt_seconds = (double)interrupt / ticks;
}

/** User and system time of a process, in the kernel's ticks of 10 ms: good for a share, not for one message.
 */
static void read_process_times(pid_t pid, double* user_seconds, double* system_seconds) {
  char path[64];
  char line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE* file = fopen(path, "r");
  if (file == NULL || fgets(line, sizeof line, file) == NULL) fail("server process %d is gone", (int)pid);
  fclose(file);
  // The second field is the command in parentheses and may hold spaces; count from the last parenthesis.
  unsigned long user = 0;
  unsigned long system = 0;
  char* rest = strrchr(line, ')');
  if (rest == NULL ||
      sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) {
    fail("%s has an unknown form", path);
  }
  double ticks = (double)sysconf(_SC_CLK_TCK);
  *user_seconds = (double)user / ticks;
  *system_seconds = (double)system / ticks;
}

struct snapshot take_snapshot(const struct options* options) {
  struct snapshot s = {.wall_ns = now_ns(), .own_cpu_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID)};
  if (options->server_pid != 0) {
    // The sum over all threads of the other process, in nanoseconds.
    clockid_t clock;
    if (clock_getcpuclockid(options->server_pid, &clock) != 0) {
      fail("server process %d is gone", (int)options->server_pid);
    }
    s.server_cpu_ns = read_clock(clock);
    read_process_times(options->server_pid, &s.server_user_seconds, &s.server_system_seconds);
  }
  if (options->server_core >= 0) {
    read_core_times(sched_getcpu(), options->server_core, &s.cores_busy_seconds, &s.cores_interrupt_seconds);
  }
  return s;
}

void print_result(const char* mode, const struct options* options, const struct snapshot* begin,
                  const struct snapshot* end, const struct result* result, const struct histogram* latency) {
  double seconds = (double)(end->wall_ns - begin->wall_ns) / 1e9;
  double own_cpu = (double)(end->own_cpu_ns - begin->own_cpu_ns) / 1e9;
  double in_turn = result->turns == 0 ? 0 : (double)result->events / (double)result->turns;
  printf("{\"ok\":true,\"mode\":\"%s\",\"connections\":%d,\"size\":%zu,\"depth\":%d", mode,
         options->connections, options->message_size, options->depth);
  printf(",\"messages\":%llu,\"bytes\":%llu,\"verifiedBytes\":%llu,\"seconds\":%.6f",
         (unsigned long long)result->messages, (unsigned long long)result->bytes,
         (unsigned long long)result->verified_bytes, seconds);
  printf(",\"lost\":%llu", (unsigned long long)result->lost);
  printf(",\"loadCpuSeconds\":%.6f,\"loadBusy\":%.4f,\"loadQueueShare\":%.4f", own_cpu, own_cpu / seconds,
         in_turn / options->connections);
  printf(",\"latencyUs\":{\"samples\":%llu,\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f}",
         (unsigned long long)latency->total, (double)histogram_quantile(latency, 0.5) / 1e3,
         (double)histogram_quantile(latency, 0.99) / 1e3, (double)latency->max / 1e3);
  if (options->server_pid != 0) {
    double server_cpu = (double)(end->server_cpu_ns - begin->server_cpu_ns) / 1e9;
    printf(",\"server\":{\"cpuSeconds\":%.6f,\"busy\":%.4f,\"userSeconds\":%.2f,\"systemSeconds\":%.2f}",
           server_cpu, server_cpu / seconds, end->server_user_seconds - begin->server_user_seconds,
           end->server_system_seconds - begin->server_system_seconds);
  }
  if (options->server_core >= 0) {
    printf(",\"cores\":{\"busySeconds\":%.2f,\"interruptSeconds\":%.2f}",
           end->cores_busy_seconds - begin->cores_busy_seconds,
           end->cores_interrupt_seconds - begin->cores_interrupt_seconds);
  }
  printf("}\n");
  fflush(stdout);
}
