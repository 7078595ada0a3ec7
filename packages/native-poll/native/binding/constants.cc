#include "constants.h"

#include <limits.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "option_calls.h"

namespace pollux {

Napi::Object make_constants(Napi::Env env) {
  auto constants = Napi::Object::New(env);
#define POLLUX_CONSTANT(name) constants[#name] = Napi::Number::New(env, name)
  POLLUX_CONSTANT(AF_INET);
  POLLUX_CONSTANT(AF_INET6);
  POLLUX_CONSTANT(AF_UNIX);
  POLLUX_CONSTANT(SOCK_STREAM);
  POLLUX_CONSTANT(SOMAXCONN);
  POLLUX_CONSTANT(FD_SETSIZE);
#if defined(IOV_MAX)
  POLLUX_CONSTANT(IOV_MAX);
#endif
#undef POLLUX_CONSTANT
  add_option_constants(constants);
  return constants;
}

}  // namespace pollux
