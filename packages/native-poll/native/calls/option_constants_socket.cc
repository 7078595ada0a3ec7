// SOL_SOCKET and its options: socket(7), unix(7).
#include <sys/socket.h>

#include "option_constants.h"

namespace pollux {
namespace {

constexpr NamedConstant kSocket[] = {
// clang-format off
#define POLLUX_ROW(name) {#name, name},
POLLUX_ROW(SOL_SOCKET)
#ifdef SO_ACCEPTCONN
POLLUX_ROW(SO_ACCEPTCONN)
#endif
#ifdef SO_ATTACH_REUSEPORT_CBPF
POLLUX_ROW(SO_ATTACH_REUSEPORT_CBPF)
#endif
#ifdef SO_BINDTODEVICE
POLLUX_ROW(SO_BINDTODEVICE)
#endif
#ifdef SO_BROADCAST
POLLUX_ROW(SO_BROADCAST)
#endif
#ifdef SO_BUSY_POLL
POLLUX_ROW(SO_BUSY_POLL)
#endif
#ifdef SO_COOKIE
POLLUX_ROW(SO_COOKIE)
#endif
#ifdef SO_DOMAIN
POLLUX_ROW(SO_DOMAIN)
#endif
#ifdef SO_DONTROUTE
POLLUX_ROW(SO_DONTROUTE)
#endif
#ifdef SO_ERROR
POLLUX_ROW(SO_ERROR)
#endif
#ifdef SO_INCOMING_CPU
POLLUX_ROW(SO_INCOMING_CPU)
#endif
#ifdef SO_KEEPALIVE
POLLUX_ROW(SO_KEEPALIVE)
#endif
#ifdef SO_LINGER
POLLUX_ROW(SO_LINGER)
#endif
#ifdef SO_MARK
POLLUX_ROW(SO_MARK)
#endif
#ifdef SO_MEMINFO
POLLUX_ROW(SO_MEMINFO)
#endif
#ifdef SO_OOBINLINE
POLLUX_ROW(SO_OOBINLINE)
#endif
#ifdef SO_PASSCRED
POLLUX_ROW(SO_PASSCRED)
#endif
#ifdef SO_PEEK_OFF
POLLUX_ROW(SO_PEEK_OFF)
#endif
#ifdef SO_PEERCRED
POLLUX_ROW(SO_PEERCRED)
#endif
#ifdef SO_PRIORITY
POLLUX_ROW(SO_PRIORITY)
#endif
#ifdef SO_PROTOCOL
POLLUX_ROW(SO_PROTOCOL)
#endif
#ifdef SO_RCVBUF
POLLUX_ROW(SO_RCVBUF)
#endif
#ifdef SO_RCVBUFFORCE
POLLUX_ROW(SO_RCVBUFFORCE)
#endif
#ifdef SO_RCVLOWAT
POLLUX_ROW(SO_RCVLOWAT)
#endif
#ifdef SO_RCVTIMEO
POLLUX_ROW(SO_RCVTIMEO)
#endif
#ifdef SO_REUSEADDR
POLLUX_ROW(SO_REUSEADDR)
#endif
#ifdef SO_REUSEPORT
POLLUX_ROW(SO_REUSEPORT)
#endif
#ifdef SO_RXQ_OVFL
POLLUX_ROW(SO_RXQ_OVFL)
#endif
#ifdef SO_SNDBUF
POLLUX_ROW(SO_SNDBUF)
#endif
#ifdef SO_SNDBUFFORCE
POLLUX_ROW(SO_SNDBUFFORCE)
#endif
#ifdef SO_SNDLOWAT
POLLUX_ROW(SO_SNDLOWAT)
#endif
#ifdef SO_SNDTIMEO
POLLUX_ROW(SO_SNDTIMEO)
#endif
#ifdef SO_TIMESTAMP
POLLUX_ROW(SO_TIMESTAMP)
#endif
#ifdef SO_TIMESTAMPNS
POLLUX_ROW(SO_TIMESTAMPNS)
#endif
#ifdef SO_TYPE
POLLUX_ROW(SO_TYPE)
#endif
#ifdef SO_ZEROCOPY
POLLUX_ROW(SO_ZEROCOPY)
#endif
#undef POLLUX_ROW
    // clang-format on
};

}  // namespace

std::span<const NamedConstant> socket_option_constants() { return kSocket; }

}  // namespace pollux
