// Fault injection, for testing builds only: makes syscalls() answer with a table that counts every call and
// replaces the outcome of some. The outcomes are those that kernels give rarely: short writes, EINTR, EMFILE.
//
// Rules and counts belong to the thread that injects: a worker's reactor does not disturb another's, and the
// watcher's thread is never disturbed. Plain memory with no destructor, so that a call made while a thread
// ends (a close, most likely) is as safe as any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "../sys/syscalls.h"

namespace pollux {

// One entry for each call of SyscallTable, in its order.
enum class FaultCall : uint8_t {
  kSocket,
  kSocketpair,
  kBind,
  kListen,
  kAccept,
  kConnect,
  kRecv,
  kSend,
  kSendmsg,
  kRecvmsg,
  kSendmmsg,
  kRecvmmsg,
  kShutdown,
  kSockatmark,
  kClose,
  kGetsockopt,
  kSetsockopt,
  kGetsockname,
  kGetpeername,
  kOpen,
  kUnlink,
  kPread,
  kDuplicate,
  kLstat,
  kPoll,
  kSelect,
#if POLLUX_HAVE_SPLICE
  kPipe,
  kRead,
  kSplice,
  kSendfile,
#endif
#if POLLUX_HAVE_EPOLL
  kEpollCreate,
  kEpollCtl,
  kEpollWait,
#endif
};

// The names of the calls ("recv", "epoll_wait"), by FaultCall.
std::span<const std::string_view> fault_call_names();

// `after` calls pass; the next `times` calls get the outcome. Each rule counts the calls from its injection
// on. Where several rules of one call are due, the oldest takes it, and the others keep their `times`.
struct FaultRule {
  FaultCall call;
  uint64_t after = 0;
  uint64_t times = 1;
  // Fails with this errno and does not make the real call; close(2) alone is always made, so that no fd
  // leaks.
  int error = 0;
  // Where error is 0: makes the real call with at most this many bytes (recv, send, sendmsg, recvmsg, splice,
  // sendfile, pread) or datagrams (sendmmsg, recvmmsg), at least 1.
  size_t max_bytes = 0;
};

// Rules that one thread can have pending.
inline constexpr size_t kMaxFaultRules = 256;

// False where kMaxFaultRules are pending already.
bool inject_fault(const FaultRule& rule);

// Forgets the rules and the counts of this thread.
void clear_faults();

// How often this thread made the call since clear_faults(), calls that were made to fail included.
uint64_t fault_count(FaultCall call);

}  // namespace pollux
