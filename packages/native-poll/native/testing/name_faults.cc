#include "name_faults.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace pollux {
namespace {

constexpr std::string_view kNames[] = {
    "getaddrinfo",   "freeaddrinfo",   "getnameinfo",    "gethostbyname",
    "gethostbyaddr", "if_nametoindex", "if_indextoname",
};

struct State {
  std::mutex mutex;
  std::condition_variable released;
  uint64_t releases = 0;
  std::vector<NameFaultRule> rules;
  uint64_t counts[std::size(kNames)] = {};
};

// Never destroyed: look-ups outlive main().
State& state() {
  static State* const only = new State;
  return *only;
}

// Counts a call, holds it if it is to be held, and gives what becomes of it.
NameFaultRule next_outcome(NameCall call) {
  State& shared = state();
  std::unique_lock lock(shared.mutex);
  ++shared.counts[static_cast<size_t>(call)];
  NameFaultRule outcome;
  bool decided = false;
  for (NameFaultRule& rule : shared.rules) {
    if (rule.call != call) continue;
    if (rule.after > 0) {
      --rule.after;
    } else if (!decided) {
      decided = true;
      outcome = rule;
      --rule.times;
    }
  }
  std::erase_if(shared.rules, [](const NameFaultRule& rule) { return rule.times == 0; });
  if (outcome.hold) {
    const uint64_t before = shared.releases;
    shared.released.wait(lock, [&] { return shared.releases != before; });
  }
  return outcome;
}

bool fails(const NameFaultRule& outcome) {
  if (outcome.error == 0 && outcome.system_error == 0) return false;
  errno = outcome.system_error;
  return true;
}

int getaddrinfo_faulty(const char* host, const char* service, const addrinfo* hints, addrinfo** list) {
  const NameFaultRule outcome = next_outcome(NameCall::kGetaddrinfo);
  if (fails(outcome)) return outcome.error != 0 ? outcome.error : EAI_SYSTEM;
  return kSystemResolver.getaddrinfo(host, service, hints, list);
}

void freeaddrinfo_faulty(addrinfo* list) {
  next_outcome(NameCall::kFreeaddrinfo);
  kSystemResolver.freeaddrinfo(list);
}

int getnameinfo_faulty(const sockaddr* address, socklen_t length, char* host, socklen_t host_size,
                       char* service, socklen_t service_size, int flags) {
  const NameFaultRule outcome = next_outcome(NameCall::kGetnameinfo);
  if (fails(outcome)) return outcome.error != 0 ? outcome.error : EAI_SYSTEM;
  return kSystemResolver.getnameinfo(address, length, host, host_size, service, service_size, flags);
}

#if POLLUX_HAVE_GETHOSTBYNAME_R

int fail_host(const NameFaultRule& outcome, hostent** found, int* host_error) {
  *found = nullptr;
  *host_error = outcome.error != 0 ? outcome.error : NETDB_INTERNAL;
  return outcome.system_error;
}

int gethostbyname_faulty(const char* name, hostent* entry, char* buffer, size_t size, hostent** found,
                         int* host_error) {
  const NameFaultRule outcome = next_outcome(NameCall::kGethostbyname);
  if (fails(outcome)) return fail_host(outcome, found, host_error);
  return kSystemResolver.gethostbyname(name, entry, buffer, size, found, host_error);
}

int gethostbyaddr_faulty(const void* address, socklen_t length, int family, hostent* entry, char* buffer,
                         size_t size, hostent** found, int* host_error) {
  const NameFaultRule outcome = next_outcome(NameCall::kGethostbyaddr);
  if (fails(outcome)) return fail_host(outcome, found, host_error);
  return kSystemResolver.gethostbyaddr(address, length, family, entry, buffer, size, found, host_error);
}

#endif

unsigned if_nametoindex_faulty(const char* name) {
  if (fails(next_outcome(NameCall::kIfNametoindex))) return 0;
  return kSystemResolver.if_nametoindex(name);
}

char* if_indextoname_faulty(unsigned index, char* name) {
  if (fails(next_outcome(NameCall::kIfIndextoname))) return nullptr;
  return kSystemResolver.if_indextoname(index, name);
}

constinit const ResolverTable kFaulty = {
    .getaddrinfo = getaddrinfo_faulty,
    .freeaddrinfo = freeaddrinfo_faulty,
    .getnameinfo = getnameinfo_faulty,
#if POLLUX_HAVE_GETHOSTBYNAME_R
    .gethostbyname = gethostbyname_faulty,
    .gethostbyaddr = gethostbyaddr_faulty,
#endif
    .if_nametoindex = if_nametoindex_faulty,
    .if_indextoname = if_indextoname_faulty,
};

}  // namespace

const ResolverTable& resolver() { return kFaulty; }

std::span<const std::string_view> name_call_names() { return kNames; }

void inject_name_fault(const NameFaultRule& rule) {
  if (rule.times == 0) return;
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  shared.rules.push_back(rule);
}

void release_names() {
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  ++shared.releases;
  shared.released.notify_all();
}

void clear_name_faults() {
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  shared.rules.clear();
  for (uint64_t& count : shared.counts) count = 0;
  ++shared.releases;
  shared.released.notify_all();
}

uint64_t name_fault_count(NameCall call) {
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  return shared.counts[static_cast<size_t>(call)];
}

}  // namespace pollux
