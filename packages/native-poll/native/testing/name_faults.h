// Fault injection for name services (names/resolver.h), for testing builds only.
//
// Unlike those of system calls (faults.h), rules and counts belong to the process: look-ups run on threads
// that nobody could inject on.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "../names/resolver.h"

namespace pollux {

// One entry for each call of ResolverTable, in its order, on every system.
enum class NameCall : uint8_t {
  kGetaddrinfo,
  kFreeaddrinfo,
  kGetnameinfo,
  kGethostbyname,
  kGethostbyaddr,
  kIfNametoindex,
  kIfIndextoname,
};

std::span<const std::string_view> name_call_names();

// `after` calls pass; the next `times` calls get the outcome.
struct NameFaultRule {
  NameCall call = NameCall::kGetaddrinfo;
  uint64_t after = 0;
  uint64_t times = 1;
  // Waits for release_names() before anything else.
  bool hold = false;
  // Fails so, and does not make the real call: an EAI_ or h_errno value, 0 if none; and errno where that
  // value says so, or where the call has nothing but errno.
  int error = 0;
  int system_error = 0;
};

void inject_name_fault(const NameFaultRule& rule);

// Lets go of the calls that are held; later calls are still held if a rule says so.
void release_names();

// Forgets the rules and the counts, and releases.
void clear_name_faults();

// How often the call was made since clear_name_faults(), calls that were made to fail or are held included.
uint64_t name_fault_count(NameCall call);

}  // namespace pollux
