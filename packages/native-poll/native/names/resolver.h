// The calls of netdb.h and net/if.h go through this table, as system calls go through that of
// sys/syscalls.h, so that a test build can count them, make them fail and hold them up
// (testing/name_faults.cc). They are a table of their own because they fail each in their own way.
#pragma once

#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstddef>

#include "../sys/features.h"

namespace pollux {

struct ResolverTable {
  int (*getaddrinfo)(const char* host, const char* service, const addrinfo* hints, addrinfo** list);
  void (*freeaddrinfo)(addrinfo* list);
  int (*getnameinfo)(const sockaddr* address, socklen_t length, char* host, socklen_t host_size,
                     char* service, socklen_t service_size, int flags);
#if POLLUX_HAVE_GETHOSTBYNAME_R
  int (*gethostbyname)(const char* name, hostent* entry, char* buffer, size_t size, hostent** found,
                       int* host_error);
  int (*gethostbyaddr)(const void* address, socklen_t length, int family, hostent* entry, char* buffer,
                       size_t size, hostent** found, int* host_error);
#endif
  unsigned (*if_nametoindex)(const char* name);
  char* (*if_indextoname)(unsigned index, char* name);
};

// The system's own calls.
extern const ResolverTable kSystemResolver;

// The table in use: in a release build always kSystemResolver.
#if defined(POLLUX_TESTING)
const ResolverTable& resolver();
#else
inline const ResolverTable& resolver() { return kSystemResolver; }
#endif

}  // namespace pollux
