// The methods of NativeReactor for messages: sendmsg(2), recvmsg(2), and batches of datagrams.
#include "../calls/message.h"
#include "arguments.h"
#include "control_values.h"
#include "reactor_object.h"
#include "values.h"
#include "views.h"

namespace pollux {

namespace {

constexpr double kMaxSkip = 9007199254740991.0;

// buffer, maxBytes, start, count, from `position` on: a part of a DatagramBatch.
DatagramRecords records_argument(Arguments& arguments, size_t position) {
  const auto max_bytes = static_cast<size_t>(arguments.whole(position + 1, "maxBytes", 0, kMaxPayloadBytes));
  const auto start = static_cast<size_t>(arguments.whole(position + 2, "start", 0, UINT16_MAX));
  const auto count = static_cast<size_t>(arguments.whole(position + 3, "count", 1, UINT16_MAX));
  const Bytes buffer = arguments.array_buffer(position, "buffer", (start + count) * record_stride(max_bytes));
  if (!arguments.ok()) return {};
  return {buffer.data + start * record_stride(max_bytes), max_bytes, count};
}

}  // namespace

void ReactorObject::add_message_calls(Methods& methods) {
  using Self = ReactorObject;
  methods.insert(methods.end(), {
                                    InstanceMethod<&Self::sendmsg_now>("sendmsgNow"),
                                    InstanceMethod<&Self::recvmsg_now>("recvmsgNow"),
                                    InstanceMethod<&Self::sendmmsg_now>("sendmmsgNow"),
                                    InstanceMethod<&Self::recvmmsg_now>("recvmmsgNow"),
                                });
}

// handle, views, lengths, skip, control, flags[, address, port, scopeId]
Napi::Value ReactorObject::sendmsg_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const double skip = arguments.whole(3, "skip", 0, kMaxSkip);
  const int flags = arguments.integer(5, "flags");
  std::vector<uint8_t> control;
  int result = control_argument(info, arguments, 4, &control);
  SocketAddress address;
  const bool addressed = !info[6].IsUndefined();
  if (addressed && result == 0) result = address_argument(arguments, 6, &address);
  // Last, because it points into memory of JavaScript's.
  std::vector<iovec> parts = views_argument(info, arguments, 1, skip, kEveryView);
  if (!arguments.ok()) return {};
  const int fd = reactor_->direct_fd(handle);
  if (fd < 0 || result < 0) return number(info, fd < 0 ? fd : result);
  const OutgoingMessage message = {parts, addressed ? &address : nullptr, control};
  return number(info, static_cast<double>(send_message(fd, message, flags)));
}

// handle, views, lengths, skip, controlBytes, flags
Napi::Value ReactorObject::recvmsg_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const double skip = arguments.whole(3, "skip", 0, kMaxSkip);
  const auto control_bytes = static_cast<size_t>(arguments.whole(4, "controlBytes", 0, kMaxControlBytes));
  const int flags = arguments.integer(5, "flags");
  std::vector<iovec> parts = views_argument(info, arguments, 1, skip, kEveryView);
  if (!arguments.ok()) return {};
  IncomingMessage message;
  std::vector<Reactor::Handle> kept;
  const ssize_t bytes = reactor_->receive_message_now(handle, parts, control_bytes, flags, &message, &kept);
  if (bytes < 0) return number(info, static_cast<double>(bytes));
  auto result = Napi::Array::New(info.Env(), 4);
  result.Set(0u, number(info, static_cast<double>(bytes)));
  result.Set(1u, number(info, message.flags));
  result.Set(2u, message.address.length == 0 ? info.Env().Undefined() : address_value(info, message.address));
  result.Set(3u, control_value(info.Env(), message.control, kept));
  // Nobody will hear of them.
  if (info.Env().IsExceptionPending()) {
    for (const Reactor::Handle& each : kept) reactor_->close_now(each);
  }
  return result;
}

// handle, buffer, maxBytes, start, count, flags
Napi::Value ReactorObject::sendmmsg_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const DatagramRecords records = records_argument(arguments, 1);
  const int flags = arguments.integer(5, "flags");
  if (!arguments.ok()) return {};
  return number(info, reactor_->send_batch(handle, records, flags));
}

Napi::Value ReactorObject::recvmmsg_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const DatagramRecords records = records_argument(arguments, 1);
  const int flags = arguments.integer(5, "flags");
  if (!arguments.ok()) return {};
  return number(info, reactor_->receive_batch(handle, records, flags));
}

}  // namespace pollux
