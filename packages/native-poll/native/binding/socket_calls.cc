// The methods of NativeReactor for sockets that the program drives itself: each is one call, at once.
#include "../calls/endpoints.h"
#include "arguments.h"
#include "reactor_object.h"
#include "values.h"

namespace pollux {

void ReactorObject::add_socket_calls(Methods& methods) {
  using Self = ReactorObject;
  methods.insert(methods.end(), {
                                    InstanceMethod<&Self::socketpair>("socketpair"),
                                    InstanceMethod<&Self::adopt_socket>("adoptSocket"),
                                    InstanceMethod<&Self::describe>("describe"),
                                    InstanceMethod<&Self::bind_now>("bindNow"),
                                    InstanceMethod<&Self::listen_now>("listenNow"),
                                    InstanceMethod<&Self::accept_now>("acceptNow"),
                                    InstanceMethod<&Self::connect_now>("connectNow"),
                                    InstanceMethod<&Self::dissolve_now>("dissolveNow"),
                                    InstanceMethod<&Self::shutdown_now>("shutdownNow"),
                                    InstanceMethod<&Self::sockatmark>("sockatmark"),
                                    InstanceMethod<&Self::peer_name>("peerName"),
                                    InstanceMethod<&Self::close_now>("closeNow"),
                                    InstanceMethod<&Self::detach>("detach"),
                                });
}

Napi::Value ReactorObject::socketpair(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int family = arguments.integer(0, "family");
  const int type = arguments.integer(1, "type");
  const int protocol = arguments.integer(2, "protocol");
  if (!arguments.ok()) return {};
  Reactor::Handle handles[2] = {};
  const int result = reactor_->create_pair(family, type, protocol, handles);
  if (result < 0) return number(info, result);
  auto pair = Napi::Array::New(info.Env(), 2);
  for (uint32_t i = 0; i < 2; ++i) pair.Set(i, handle_or_error(info, 0, handles[i]));
  return pair;
}

Napi::Value ReactorObject::adopt_socket(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int fd = arguments.integer(0, "fd");
  if (!arguments.ok()) return {};
  Reactor::Handle handle{};
  const int result = reactor_->adopt_socket(fd, &handle);
  return handle_or_error(info, result, handle);
}

Napi::Value ReactorObject::describe(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  SocketKind kind{};
  const int fd = reactor_->direct_fd(handle);
  const int result = fd < 0 ? fd : describe_socket(fd, &kind);
  if (result < 0) return number(info, result);
  auto parts = Napi::Array::New(info.Env(), 3);
  const int values[] = {kind.family, kind.type, kind.protocol};
  for (uint32_t i = 0; i < 3; ++i) parts.Set(i, number(info, values[i]));
  return parts;
}

Napi::Value ReactorObject::bind_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  SocketAddress address;
  const int parsed = address_argument(arguments, 1, &address);
  if (!arguments.ok()) return {};
  const int fd = reactor_->direct_fd(handle);
  if (fd < 0 || parsed < 0) return number(info, fd < 0 ? fd : parsed);
  return number(info, retry([&] { return syscalls().bind(fd, address.get(), address.length); }));
}

Napi::Value ReactorObject::listen_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const int backlog = arguments.integer(1, "backlog");
  if (!arguments.ok()) return {};
  const int fd = reactor_->direct_fd(handle);
  return number(info, fd < 0 ? fd : retry([&] { return syscalls().listen(fd, backlog); }));
}

Napi::Value ReactorObject::accept_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle listener = arguments.handle(0);
  if (!arguments.ok()) return {};
  Reactor::Handle handle{};
  const int result = reactor_->accept_now(listener, &handle);
  return handle_or_error(info, result, handle);
}

Napi::Value ReactorObject::connect_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  SocketAddress address;
  const int parsed = address_argument(arguments, 1, &address);
  if (!arguments.ok()) return {};
  const int fd = reactor_->direct_fd(handle);
  if (fd < 0 || parsed < 0) return number(info, fd < 0 ? fd : parsed);
  return number(info, start_connect(fd, address));
}

Napi::Value ReactorObject::dissolve_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  const int fd = reactor_->direct_fd(handle);
  return number(info, fd < 0 ? fd : dissolve(fd));
}

Napi::Value ReactorObject::shutdown_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const int how = arguments.integer(1, "how");
  if (!arguments.ok()) return {};
  const int fd = reactor_->direct_fd(handle);
  return number(info, fd < 0 ? fd : retry([&] { return syscalls().shutdown(fd, how); }));
}

Napi::Value ReactorObject::sockatmark(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  const int fd = reactor_->direct_fd(handle);
  return number(info, fd < 0 ? fd : retry([&] { return syscalls().sockatmark(fd); }));
}

Napi::Value ReactorObject::peer_name(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  SocketAddress address{};
  const int fd = reactor_->direct_fd(handle);
  return address_or_error(info, fd < 0 ? fd : pollux::peer_name(fd, &address), address);
}

Napi::Value ReactorObject::close_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  return number(info, reactor_->close_now(handle));
}

Napi::Value ReactorObject::detach(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  return number(info, reactor_->detach(handle));
}

}  // namespace pollux
