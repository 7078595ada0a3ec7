// The methods of NativeReactor that move bytes for sockets which the program drives itself: each is one
// transfer, at once, of a part of the caller's memory.
#include "../calls/transfer.h"
#include "arguments.h"
#include "reactor_object.h"
#include "values.h"
#include "views.h"

namespace pollux {

namespace {

constexpr double kMaxOffset = 9007199254740991.0;

// handle, view, offset, length, flags: what the calls on one buffer begin with.
struct TransferArguments {
  explicit TransferArguments(const Napi::CallbackInfo& info) : arguments(info) {
    handle = arguments.handle(0);
    const double offset = arguments.whole(2, "offset", 0, kMaxOffset);
    const double length = arguments.whole(3, "length", 0, kMaxOffset);
    flags = arguments.integer(4, "flags");
    bytes = view_argument(info, arguments, 1, offset, length);
  }

  Arguments arguments;
  Reactor::Handle handle{};
  int flags = 0;
  Bytes bytes{};
};

// handle, views, lengths, skip: what the calls on several begin with.
struct VectorArguments {
  explicit VectorArguments(const Napi::CallbackInfo& info) : arguments(info) {
    handle = arguments.handle(0);
    vectors = views_argument(info, arguments, 1, arguments.whole(3, "skip", 0, kMaxOffset));
  }

  Arguments arguments;
  Reactor::Handle handle{};
  std::vector<iovec> vectors;
};

}  // namespace

void ReactorObject::add_transfer_calls(Methods& methods) {
  using Self = ReactorObject;
  methods.insert(methods.end(), {
                                    InstanceMethod<&Self::recv_now>("recvNow"),
                                    InstanceMethod<&Self::recvfrom_now>("recvfromNow"),
                                    InstanceMethod<&Self::readv_now>("readvNow"),
                                    InstanceMethod<&Self::send_now>("sendNow"),
                                    InstanceMethod<&Self::sendto_now>("sendtoNow"),
                                    InstanceMethod<&Self::writev_now>("writevNow"),
                                });
}

Napi::Value ReactorObject::recv_now(const Napi::CallbackInfo& info) {
  TransferArguments given(info);
  if (!given.arguments.ok()) return {};
  const int fd = reactor_->direct_fd(given.handle);
  const auto result = fd < 0 ? fd : receive(fd, given.bytes.data, given.bytes.size, given.flags);
  return number(info, static_cast<double>(result));
}

Napi::Value ReactorObject::recvfrom_now(const Napi::CallbackInfo& info) {
  TransferArguments given(info);
  if (!given.arguments.ok()) return {};
  const int fd = reactor_->direct_fd(given.handle);
  SocketAddress from{};
  iovec vector{given.bytes.data, given.bytes.size};
  const auto result = fd < 0 ? fd : receive_vectors(fd, {&vector, 1}, given.flags, &from);
  if (result < 0) return number(info, static_cast<double>(result));
  auto received = Napi::Array::New(info.Env(), 2);
  received.Set(0u, number(info, static_cast<double>(result)));
  received.Set(1u, from.length == 0 ? info.Env().Undefined() : address_value(info, from));
  return received;
}

Napi::Value ReactorObject::readv_now(const Napi::CallbackInfo& info) {
  VectorArguments given(info);
  if (!given.arguments.ok()) return {};
  const int fd = reactor_->direct_fd(given.handle);
  const auto result = fd < 0 ? fd : receive_vectors(fd, given.vectors, 0, nullptr);
  return number(info, static_cast<double>(result));
}

Napi::Value ReactorObject::send_now(const Napi::CallbackInfo& info) {
  TransferArguments given(info);
  if (!given.arguments.ok()) return {};
  const int fd = reactor_->direct_fd(given.handle);
  const auto result = fd < 0 ? fd : transmit(fd, given.bytes.data, given.bytes.size, given.flags);
  return number(info, static_cast<double>(result));
}

Napi::Value ReactorObject::sendto_now(const Napi::CallbackInfo& info) {
  TransferArguments given(info);
  SocketAddress to;
  const int parsed = address_argument(given.arguments, 5, &to);
  if (!given.arguments.ok()) return {};
  const int fd = reactor_->direct_fd(given.handle);
  if (fd < 0 || parsed < 0) return number(info, fd < 0 ? fd : parsed);
  iovec vector{given.bytes.data, given.bytes.size};
  return number(info, static_cast<double>(transmit_vectors(fd, {&vector, 1}, given.flags, &to)));
}

Napi::Value ReactorObject::writev_now(const Napi::CallbackInfo& info) {
  VectorArguments given(info);
  if (!given.arguments.ok()) return {};
  const int fd = reactor_->direct_fd(given.handle);
  const auto result = fd < 0 ? fd : transmit_vectors(fd, given.vectors, 0, nullptr);
  return number(info, static_cast<double>(result));
}

}  // namespace pollux
