#include "constants.h"

#include <limits.h>
#include <netinet/in.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "option_calls.h"
#include "name_constants.h"

namespace pollux {

Napi::Object make_constants(Napi::Env env) {
  auto constants = Napi::Object::New(env);
#define POLLUX_CONSTANT(name) constants[#name] = Napi::Number::New(env, name)
  POLLUX_CONSTANT(AF_UNSPEC);
  POLLUX_CONSTANT(AF_INET);
  POLLUX_CONSTANT(AF_INET6);
  POLLUX_CONSTANT(AF_UNIX);
  POLLUX_CONSTANT(SOCK_STREAM);
  POLLUX_CONSTANT(SOCK_DGRAM);
  POLLUX_CONSTANT(SOCK_SEQPACKET);
  POLLUX_CONSTANT(SOCK_RAW);
  POLLUX_CONSTANT(SHUT_RD);
  POLLUX_CONSTANT(SHUT_WR);
  POLLUX_CONSTANT(SHUT_RDWR);
  POLLUX_CONSTANT(MSG_OOB);
  POLLUX_CONSTANT(MSG_PEEK);
  POLLUX_CONSTANT(MSG_DONTROUTE);
  POLLUX_CONSTANT(MSG_CTRUNC);
  POLLUX_CONSTANT(MSG_TRUNC);
  POLLUX_CONSTANT(MSG_EOR);
  POLLUX_CONSTANT(MSG_WAITALL);
  POLLUX_CONSTANT(MSG_DONTWAIT);
#if defined(MSG_NOSIGNAL)
  POLLUX_CONSTANT(MSG_NOSIGNAL);
#endif
#if defined(MSG_CONFIRM)
  POLLUX_CONSTANT(MSG_CONFIRM);
#endif
#if defined(MSG_MORE)
  POLLUX_CONSTANT(MSG_MORE);
#endif
#if defined(MSG_ERRQUEUE)
  POLLUX_CONSTANT(MSG_ERRQUEUE);
#endif
#if defined(MSG_WAITFORONE)
  POLLUX_CONSTANT(MSG_WAITFORONE);
#endif
#if defined(MSG_ZEROCOPY)
  POLLUX_CONSTANT(MSG_ZEROCOPY);
#endif
#if defined(MSG_FASTOPEN)
  POLLUX_CONSTANT(MSG_FASTOPEN);
#endif
#if defined(MSG_CMSG_CLOEXEC)
  POLLUX_CONSTANT(MSG_CMSG_CLOEXEC);
#endif
  POLLUX_CONSTANT(IPPROTO_ICMP);
  POLLUX_CONSTANT(IPPROTO_ICMPV6);
  POLLUX_CONSTANT(IPPROTO_RAW);
  POLLUX_CONSTANT(SOMAXCONN);
  POLLUX_CONSTANT(FD_SETSIZE);
#if defined(IOV_MAX)
  POLLUX_CONSTANT(IOV_MAX);
#endif
#undef POLLUX_CONSTANT
  add_option_constants(constants);
  add_name_constants(env, constants);
  return constants;
}

}  // namespace pollux
