// IPPROTO_TCP and IPPROTO_UDP and their options: tcp(7), udp(7).
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include "../sys/features.h"
#include "option_constants.h"

namespace pollux {
namespace {

constexpr NamedConstant kTransport[] = {
// clang-format off
#define POLLUX_ROW(name) {#name, name},
POLLUX_ROW(IPPROTO_TCP)
#ifdef TCP_CC_INFO
POLLUX_ROW(TCP_CC_INFO)
#endif
#ifdef TCP_CONGESTION
POLLUX_ROW(TCP_CONGESTION)
#endif
#ifdef TCP_CORK
POLLUX_ROW(TCP_CORK)
#endif
#ifdef TCP_DEFER_ACCEPT
POLLUX_ROW(TCP_DEFER_ACCEPT)
#endif
#ifdef TCP_FASTOPEN
POLLUX_ROW(TCP_FASTOPEN)
#endif
#ifdef TCP_FASTOPEN_CONNECT
POLLUX_ROW(TCP_FASTOPEN_CONNECT)
#endif
#ifdef TCP_INFO
POLLUX_ROW(TCP_INFO)
#endif
#ifdef TCP_KEEPCNT
POLLUX_ROW(TCP_KEEPCNT)
#endif
#ifdef TCP_KEEPIDLE
POLLUX_ROW(TCP_KEEPIDLE)
#endif
#ifdef TCP_KEEPINTVL
POLLUX_ROW(TCP_KEEPINTVL)
#endif
#ifdef TCP_LINGER2
POLLUX_ROW(TCP_LINGER2)
#endif
#ifdef TCP_MAXSEG
POLLUX_ROW(TCP_MAXSEG)
#endif
#ifdef TCP_NODELAY
POLLUX_ROW(TCP_NODELAY)
#endif
#ifdef TCP_NOTSENT_LOWAT
POLLUX_ROW(TCP_NOTSENT_LOWAT)
#endif
#ifdef TCP_QUICKACK
POLLUX_ROW(TCP_QUICKACK)
#endif
#ifdef TCP_SYNCNT
POLLUX_ROW(TCP_SYNCNT)
#endif
#ifdef TCP_USER_TIMEOUT
POLLUX_ROW(TCP_USER_TIMEOUT)
#endif
#ifdef TCP_WINDOW_CLAMP
POLLUX_ROW(TCP_WINDOW_CLAMP)
#endif
POLLUX_ROW(IPPROTO_UDP)
#ifdef UDP_CORK
POLLUX_ROW(UDP_CORK)
#endif
#ifdef UDP_GRO
POLLUX_ROW(UDP_GRO)
#endif
#ifdef UDP_SEGMENT
POLLUX_ROW(UDP_SEGMENT)
#endif
#ifdef TCPI_OPT_ECN
POLLUX_ROW(TCPI_OPT_ECN)
#endif
#ifdef TCPI_OPT_ECN_SEEN
POLLUX_ROW(TCPI_OPT_ECN_SEEN)
#endif
#ifdef TCPI_OPT_SACK
POLLUX_ROW(TCPI_OPT_SACK)
#endif
#ifdef TCPI_OPT_SYN_DATA
POLLUX_ROW(TCPI_OPT_SYN_DATA)
#endif
#ifdef TCPI_OPT_TIMESTAMPS
POLLUX_ROW(TCPI_OPT_TIMESTAMPS)
#endif
#ifdef TCPI_OPT_WSCALE
POLLUX_ROW(TCPI_OPT_WSCALE)
#endif
// enum constants, which no #ifdef sees; of the system that has the TCP_INFO that we read
#if POLLUX_HAVE_KERNEL_LAYOUTS
POLLUX_ROW(TCP_ESTABLISHED)
POLLUX_ROW(TCP_SYN_SENT)
POLLUX_ROW(TCP_SYN_RECV)
POLLUX_ROW(TCP_FIN_WAIT1)
POLLUX_ROW(TCP_FIN_WAIT2)
POLLUX_ROW(TCP_TIME_WAIT)
POLLUX_ROW(TCP_CLOSE)
POLLUX_ROW(TCP_CLOSE_WAIT)
POLLUX_ROW(TCP_LAST_ACK)
POLLUX_ROW(TCP_LISTEN)
POLLUX_ROW(TCP_CLOSING)
POLLUX_ROW(TCP_CA_Open)
POLLUX_ROW(TCP_CA_Disorder)
POLLUX_ROW(TCP_CA_CWR)
POLLUX_ROW(TCP_CA_Recovery)
POLLUX_ROW(TCP_CA_Loss)
#endif
#undef POLLUX_ROW
    // clang-format on
};

}  // namespace

std::span<const NamedConstant> transport_option_constants() { return kTransport; }

}  // namespace pollux
