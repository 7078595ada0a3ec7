#include "resolver.h"

namespace pollux {

// constinit: usable by threads that outlive main().
constinit const ResolverTable kSystemResolver = {
    .getaddrinfo = ::getaddrinfo,
    .freeaddrinfo = ::freeaddrinfo,
    .getnameinfo = ::getnameinfo,
#if POLLUX_HAVE_GETHOSTBYNAME_R
    .gethostbyname = ::gethostbyname_r,
    .gethostbyaddr = ::gethostbyaddr_r,
#endif
    .if_nametoindex = ::if_nametoindex,
    .if_indextoname = ::if_indextoname,
};

}  // namespace pollux
