#include "faults.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace pollux {
namespace {

constexpr std::string_view kNames[] = {
    "socket",       "socketpair", "bind",       "listen",      "accept",      "connect",  "recv",
    "send",         "sendmsg",    "recvmsg",    "sendmmsg",    "recvmmsg",    "shutdown", "sockatmark",
    "close",        "getsockopt", "setsockopt", "getsockname", "getpeername", "open",     "unlink",
    "pread",        "duplicate",  "lstat",      "poll",        "select",
#if POLLUX_HAVE_SPLICE
    "pipe",         "read",       "splice",     "sendfile",
#endif
#if POLLUX_HAVE_EPOLL
    "epoll_create", "epoll_ctl",  "epoll_wait",
#endif
};

constexpr size_t kCalls = std::size(kNames);

struct ThreadState {
  FaultRule rules[kMaxFaultRules];
  size_t rule_count;
  uint64_t counts[kCalls];
};

// Never constructed nor destroyed at run time: see faults.h.
thread_local constinit ThreadState state = {};

struct Outcome {
  int error = 0;
  size_t max_bytes = 0;  // 0: no limit
};

// Counts a call, and decides what becomes of it.
Outcome next_outcome(FaultCall call) {
  ++state.counts[static_cast<size_t>(call)];
  Outcome outcome;
  bool decided = false;
  size_t kept = 0;
  for (size_t i = 0; i < state.rule_count; ++i) {
    FaultRule& rule = state.rules[i];
    if (rule.call == call) {
      if (rule.after > 0) {
        --rule.after;
      } else if (!decided) {
        decided = true;
        outcome = {rule.error, rule.max_bytes};
        --rule.times;
      }
    }
    if (rule.times > 0) state.rules[kept++] = rule;
  }
  state.rule_count = kept;
  return outcome;
}

size_t limited(size_t length, const Outcome& outcome) {
  return outcome.max_bytes == 0 ? length : std::min(length, outcome.max_bytes);
}

// A call that either fails or is made as it is.
template <FaultCall kCall, auto kReal, typename Result, typename... Args>
Result fail_or_call(Args... args) {
  const Outcome outcome = next_outcome(kCall);
  if (outcome.error != 0) {
    errno = outcome.error;
    return -1;
  }
  return (kKernel.*kReal)(args...);
}

// Has the signature of the table's member `kReal`.
template <FaultCall kCall, auto kReal>
struct Wrapped;
template <FaultCall kCall, typename Result, typename... Args, Result (*SyscallTable::*kReal)(Args...)>
struct Wrapped<kCall, kReal> {
  static constexpr auto call = fail_or_call<kCall, kReal, Result, Args...>;
};

ssize_t recv_faulty(int fd, void* buffer, size_t length, int flags) {
  const Outcome outcome = next_outcome(FaultCall::kRecv);
  if (outcome.error == 0) return kKernel.recv(fd, buffer, limited(length, outcome), flags);
  errno = outcome.error;
  return -1;
}

ssize_t send_faulty(int fd, const void* buffer, size_t length, int flags) {
  const Outcome outcome = next_outcome(FaultCall::kSend);
  if (outcome.error == 0) return kKernel.send(fd, buffer, limited(length, outcome), flags);
  errno = outcome.error;
  return -1;
}

// The caller's iovecs are theirs: a copy of them is cut at the limit.
std::vector<iovec> cut_vectors(const msghdr& message, size_t limit) {
  std::vector<iovec> parts(message.msg_iov, message.msg_iov + message.msg_iovlen);
  for (iovec& part : parts) {
    part.iov_len = std::min(part.iov_len, limit);
    limit -= part.iov_len;
  }
  return parts;
}

ssize_t recvmsg_faulty(int fd, msghdr* message, int flags) {
  const Outcome outcome = next_outcome(FaultCall::kRecvmsg);
  if (outcome.error != 0) {
    errno = outcome.error;
    return -1;
  }
  if (outcome.max_bytes == 0) return kKernel.recvmsg(fd, message, flags);
  std::vector<iovec> parts = cut_vectors(*message, outcome.max_bytes);
  iovec* const whole = std::exchange(message->msg_iov, parts.data());
  const ssize_t result = kKernel.recvmsg(fd, message, flags);
  message->msg_iov = whole;
  return result;
}

ssize_t sendmsg_faulty(int fd, const msghdr* message, int flags) {
  const Outcome outcome = next_outcome(FaultCall::kSendmsg);
  if (outcome.error != 0) {
    errno = outcome.error;
    return -1;
  }
  if (outcome.max_bytes == 0) return kKernel.sendmsg(fd, message, flags);
  std::vector<iovec> parts = cut_vectors(*message, outcome.max_bytes);
  msghdr cut = *message;
  cut.msg_iov = parts.data();
  return kKernel.sendmsg(fd, &cut, flags);
}

ssize_t pread_faulty(int fd, void* buffer, size_t length, off_t offset) {
  const Outcome outcome = next_outcome(FaultCall::kPread);
  if (outcome.error == 0) return kKernel.pread(fd, buffer, limited(length, outcome), offset);
  errno = outcome.error;
  return -1;
}

#if POLLUX_HAVE_SPLICE

ssize_t splice_faulty(int from, int to, size_t length) {
  const Outcome outcome = next_outcome(FaultCall::kSplice);
  if (outcome.error == 0) return kKernel.splice(from, to, limited(length, outcome));
  errno = outcome.error;
  return -1;
}

ssize_t sendfile_faulty(int to, int from, off_t* offset, size_t length) {
  const Outcome outcome = next_outcome(FaultCall::kSendfile);
  if (outcome.error == 0) return kKernel.sendfile(to, from, offset, limited(length, outcome));
  errno = outcome.error;
  return -1;
}

#endif

template <FaultCall kCall, auto kReal>
int messages_faulty(int fd, MultiMessage* messages, unsigned int count, int flags) {
  const Outcome outcome = next_outcome(kCall);
  const auto limit = static_cast<unsigned int>(limited(count, outcome));
  if (outcome.error == 0) return (kKernel.*kReal)(fd, messages, limit, flags);
  errno = outcome.error;
  return -1;
}

int close_faulty(int fd) {
  const Outcome outcome = next_outcome(FaultCall::kClose);
  const int result = kKernel.close(fd);
  if (outcome.error == 0) return result;
  errno = outcome.error;
  return -1;
}

template <FaultCall kCall, auto kReal>
constexpr auto wrapped = Wrapped<kCall, kReal>::call;

constinit const SyscallTable kFaulty = {
    .socket = wrapped<FaultCall::kSocket, &SyscallTable::socket>,
    .socketpair = wrapped<FaultCall::kSocketpair, &SyscallTable::socketpair>,
    .bind = wrapped<FaultCall::kBind, &SyscallTable::bind>,
    .listen = wrapped<FaultCall::kListen, &SyscallTable::listen>,
    .accept = wrapped<FaultCall::kAccept, &SyscallTable::accept>,
    .connect = wrapped<FaultCall::kConnect, &SyscallTable::connect>,
    .recv = recv_faulty,
    .send = send_faulty,
    .sendmsg = sendmsg_faulty,
    .recvmsg = recvmsg_faulty,
    .recvmmsg = messages_faulty<FaultCall::kRecvmmsg, &SyscallTable::recvmmsg>,
    .sendmmsg = messages_faulty<FaultCall::kSendmmsg, &SyscallTable::sendmmsg>,
    .shutdown = wrapped<FaultCall::kShutdown, &SyscallTable::shutdown>,
    .sockatmark = wrapped<FaultCall::kSockatmark, &SyscallTable::sockatmark>,
    .close = close_faulty,
    .getsockopt = wrapped<FaultCall::kGetsockopt, &SyscallTable::getsockopt>,
    .setsockopt = wrapped<FaultCall::kSetsockopt, &SyscallTable::setsockopt>,
    .getsockname = wrapped<FaultCall::kGetsockname, &SyscallTable::getsockname>,
    .getpeername = wrapped<FaultCall::kGetpeername, &SyscallTable::getpeername>,
    .open = wrapped<FaultCall::kOpen, &SyscallTable::open>,
    .unlink = wrapped<FaultCall::kUnlink, &SyscallTable::unlink>,
    .pread = pread_faulty,
    .duplicate = wrapped<FaultCall::kDuplicate, &SyscallTable::duplicate>,
    .lstat = wrapped<FaultCall::kLstat, &SyscallTable::lstat>,
    .poll = wrapped<FaultCall::kPoll, &SyscallTable::poll>,
    .select = wrapped<FaultCall::kSelect, &SyscallTable::select>,
#if POLLUX_HAVE_SPLICE
    .pipe = wrapped<FaultCall::kPipe, &SyscallTable::pipe>,
    .read = wrapped<FaultCall::kRead, &SyscallTable::read>,
    .splice = splice_faulty,
    .sendfile = sendfile_faulty,
#endif
#if POLLUX_HAVE_EPOLL
    .epoll_create = wrapped<FaultCall::kEpollCreate, &SyscallTable::epoll_create>,
    .epoll_ctl = wrapped<FaultCall::kEpollCtl, &SyscallTable::epoll_ctl>,
    .epoll_wait = wrapped<FaultCall::kEpollWait, &SyscallTable::epoll_wait>,
#endif
};

}  // namespace

const SyscallTable& syscalls() { return kFaulty; }

std::span<const std::string_view> fault_call_names() { return kNames; }

bool inject_fault(const FaultRule& rule) {
  if (rule.times == 0) return true;
  if (state.rule_count == kMaxFaultRules) return false;
  state.rules[state.rule_count++] = rule;
  return true;
}

void clear_faults() {
  state.rule_count = 0;
  std::fill(std::begin(state.counts), std::end(state.counts), 0);
}

uint64_t fault_count(FaultCall call) { return state.counts[static_cast<size_t>(call)]; }

}  // namespace pollux
