// What every look-up of a name has in common: it blocks, it runs once, and it has a result or a failure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pollux {

// The two ways in which name services count their errors; their numbers overlap.
enum class LookupErrors : uint8_t {
  kEai,   // getaddrinfo(3), getnameinfo(3): EAI_NONAME, …
  kHost,  // gethostbyname(3), gethostbyaddr(3): h_errno, HOST_NOT_FOUND, …
};

struct LookupFailure {
  LookupErrors kind = LookupErrors::kEai;
  int error = 0;         // 0: none
  int system_error = 0;  // errno, where `error` says that the system failed (is_system_error)
};

class Lookup {
 public:
  virtual ~Lookup() = default;

  // Blocks, for seconds if a name server is slow. Called once, on a thread that has nothing else to do.
  virtual void run() = 0;

  const LookupFailure& failure() const { return failure_; }

  // How the owner knows it; nothing here looks at it.
  uint64_t ticket = 0;

 protected:
  LookupFailure failure_;
};

// "EAI_NONAME", "HOST_NOT_FOUND"; "UNKNOWN" where it has no name.
std::string_view lookup_error_name(LookupErrors kind, int error);

// The number of a name of either kind; false where this system has none of that name.
bool lookup_error_number(LookupErrors kind, std::string_view name, int* error);

// gai_strerror(3) or hstrerror(3).
std::string lookup_error_text(LookupErrors kind, int error);

// EAI_SYSTEM and NETDB_INTERNAL: errno says more.
bool is_system_error(LookupErrors kind, int error);

}  // namespace pollux
