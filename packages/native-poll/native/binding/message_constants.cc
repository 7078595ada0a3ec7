#include "message_constants.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

namespace pollux {

void add_message_constants(Napi::Object constants) {
#define POLLUX_CONSTANT(name) constants[#name] = Napi::Number::New(constants.Env(), name)
  POLLUX_CONSTANT(SCM_RIGHTS);
#if defined(SCM_CREDENTIALS)
  POLLUX_CONSTANT(SCM_CREDENTIALS);
#endif
#if defined(SO_PASSCRED)
  POLLUX_CONSTANT(SO_PASSCRED);
#endif
#if defined(SO_TIMESTAMP)
  POLLUX_CONSTANT(SO_TIMESTAMP);
#endif
#if defined(SO_TIMESTAMPNS)
  POLLUX_CONSTANT(SO_TIMESTAMPNS);
#endif
  POLLUX_CONSTANT(IP_TTL);
  POLLUX_CONSTANT(IP_TOS);
#if defined(IP_PKTINFO)
  POLLUX_CONSTANT(IP_PKTINFO);
#endif
#if defined(IP_RECVTTL)
  POLLUX_CONSTANT(IP_RECVTTL);
#endif
#if defined(IP_RECVTOS)
  POLLUX_CONSTANT(IP_RECVTOS);
#endif
#if defined(IP_RECVORIGDSTADDR)
  POLLUX_CONSTANT(IP_ORIGDSTADDR);
  POLLUX_CONSTANT(IP_RECVORIGDSTADDR);
#endif
#if defined(IPV6_PKTINFO)
  POLLUX_CONSTANT(IPV6_PKTINFO);
#endif
#if defined(IPV6_RECVPKTINFO)
  POLLUX_CONSTANT(IPV6_RECVPKTINFO);
#endif
#if defined(IPV6_HOPLIMIT)
  POLLUX_CONSTANT(IPV6_HOPLIMIT);
#endif
#if defined(IPV6_RECVHOPLIMIT)
  POLLUX_CONSTANT(IPV6_RECVHOPLIMIT);
#endif
#if defined(IPV6_TCLASS)
  POLLUX_CONSTANT(IPV6_TCLASS);
#endif
#if defined(IPV6_RECVTCLASS)
  POLLUX_CONSTANT(IPV6_RECVTCLASS);
#endif
#if defined(UDP_SEGMENT)
  POLLUX_CONSTANT(UDP_SEGMENT);
#endif
#if defined(UDP_GRO)
  POLLUX_CONSTANT(UDP_GRO);
#endif
#undef POLLUX_CONSTANT
}

}  // namespace pollux
