#include "constants.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/select.h>
#include <sys/socket.h>

namespace pollux {

Napi::Object make_constants(Napi::Env env) {
  auto constants = Napi::Object::New(env);
#define POLLUX_CONSTANT(name) constants[#name] = Napi::Number::New(env, name)
  POLLUX_CONSTANT(AF_INET);
  POLLUX_CONSTANT(AF_INET6);
  POLLUX_CONSTANT(AF_UNIX);
  POLLUX_CONSTANT(SOCK_STREAM);
  POLLUX_CONSTANT(SOCK_DGRAM);
  POLLUX_CONSTANT(SOL_SOCKET);
  POLLUX_CONSTANT(SO_REUSEADDR);
#if defined(SO_REUSEPORT)
  POLLUX_CONSTANT(SO_REUSEPORT);
#endif
  POLLUX_CONSTANT(SO_KEEPALIVE);
  POLLUX_CONSTANT(SO_SNDBUF);
  POLLUX_CONSTANT(SO_RCVBUF);
  POLLUX_CONSTANT(SO_TYPE);
  POLLUX_CONSTANT(SO_ERROR);
  POLLUX_CONSTANT(SO_ACCEPTCONN);
  POLLUX_CONSTANT(IPPROTO_IP);
  POLLUX_CONSTANT(IPPROTO_IPV6);
  POLLUX_CONSTANT(IPPROTO_TCP);
  POLLUX_CONSTANT(IPPROTO_UDP);
  POLLUX_CONSTANT(IPV6_V6ONLY);
  POLLUX_CONSTANT(TCP_NODELAY);
  POLLUX_CONSTANT(SOMAXCONN);
  POLLUX_CONSTANT(FD_SETSIZE);
#if defined(IOV_MAX)
  POLLUX_CONSTANT(IOV_MAX);
#endif
#undef POLLUX_CONSTANT
  return constants;
}

}  // namespace pollux
