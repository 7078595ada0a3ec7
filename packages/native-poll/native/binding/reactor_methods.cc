// The methods of NativeReactor that drive the reactor: each checks its arguments and hands them on.
#include "../sys/address.h"
#include "arguments.h"
#include "reactor_object.h"
#include "values.h"

namespace pollux {

void ReactorObject::add_reactor_methods(Methods& methods) {
  using Self = ReactorObject;
  methods.insert(methods.end(), {
                                    InstanceAccessor<&Self::backend>("backend"),
                                    InstanceMethod<&Self::socket>("socket"),
                                    InstanceMethod<&Self::adopt>("adopt"),
                                    InstanceMethod<&Self::adopt_duplicate>("adoptDuplicate"),
                                    InstanceMethod<&Self::bind_ip>("bindIp"),
                                    InstanceMethod<&Self::bind_unix>("bindUnix"),
                                    InstanceMethod<&Self::listen>("listen"),
                                    InstanceMethod<&Self::connect_ip>("connectIp"),
                                    InstanceMethod<&Self::connect_unix>("connectUnix"),
                                    InstanceMethod<&Self::open>("open"),
                                    InstanceMethod<&Self::local_address>("localAddress"),
                                    InstanceMethod<&Self::remote_address>("remoteAddress"),
                                    InstanceMethod<&Self::fd>("fd"),
                                    InstanceMethod<&Self::write>("write"),
                                    InstanceMethod<&Self::now>("now"),
                                    InstanceMethod<&Self::submit>("submit"),
                                    InstanceMethod<&Self::watch_backlog>("watchBacklog"),
                                    InstanceMethod<&Self::lend_slab>("lendSlab"),
                                    InstanceMethod<&Self::lend_pool>("lendPool"),
                                    InstanceMethod<&Self::lend_table>("lendTable"),
                                    InstanceMethod<&Self::ref>("ref"),
                                    InstanceMethod<&Self::unref>("unref"),
                                    InstanceMethod<&Self::close>("close"),
                                });
}

Napi::Value ReactorObject::backend(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), backend_);
}

Napi::Value ReactorObject::socket(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int family = arguments.integer(0, "family");
  const int type = arguments.integer(1, "type");
  const int protocol = arguments.integer(2, "protocol");
  if (!arguments.ok()) return {};
  Reactor::Handle handle{};
  const int result = reactor_->create(family, type, protocol, &handle);
  return handle_or_error(info, result, handle);
}

Napi::Value ReactorObject::adopt(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int fd = arguments.integer(0, "fd");
  if (!arguments.ok()) return {};
  Reactor::Handle handle{};
  const int result = reactor_->adopt(fd, &handle);
  return handle_or_error(info, result, handle);
}

Napi::Value ReactorObject::adopt_duplicate(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int fd = arguments.integer(0, "fd");
  if (!arguments.ok()) return {};
  Reactor::Handle handle{};
  const int result = reactor_->adopt_duplicate(fd, &handle);
  return handle_or_error(info, result, handle);
}

Napi::Value ReactorObject::bind_ip(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  SocketAddress address;
  const int parsed = ip_argument(arguments, 1, &address);
  if (!arguments.ok()) return {};
  return number(info, parsed < 0 ? parsed : reactor_->bind(handle, address));
}

Napi::Value ReactorObject::bind_unix(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const std::string path = arguments.text(1, "path");
  if (!arguments.ok()) return {};
  return number(info, reactor_->bind_unix(handle, path));
}

Napi::Value ReactorObject::listen(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const int backlog = arguments.integer(1, "backlog");
  const bool borrow = arguments.boolean(2, "borrow");
  if (!arguments.ok()) return {};
  return number(info, reactor_->listen(handle, backlog, borrow));
}

Napi::Value ReactorObject::connect_ip(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  SocketAddress address;
  const int parsed = ip_argument(arguments, 1, &address);
  const bool borrow = arguments.boolean(4, "borrow");
  if (!arguments.ok()) return {};
  return number(info, parsed < 0 ? parsed : reactor_->connect(handle, address, borrow));
}

Napi::Value ReactorObject::connect_unix(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const std::string path = arguments.text(1, "path");
  const bool borrow = arguments.boolean(2, "borrow");
  if (!arguments.ok()) return {};
  SocketAddress address;
  const int parsed = from_unix(path, &address);
  return number(info, parsed < 0 ? parsed : reactor_->connect(handle, address, borrow));
}

Napi::Value ReactorObject::open(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const bool borrow = arguments.boolean(1, "borrow");
  if (!arguments.ok()) return {};
  return number(info, reactor_->open(handle, borrow));
}

Napi::Value ReactorObject::local_address(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  SocketAddress address;
  const int result = reactor_->local_address(handle, &address);
  return address_or_error(info, result, address);
}

Napi::Value ReactorObject::remote_address(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  SocketAddress address;
  const int result = reactor_->remote_address(handle, &address);
  return address_or_error(info, result, address);
}

Napi::Value ReactorObject::fd(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  return number(info, reactor_->fd(handle));
}

Napi::Value ReactorObject::write(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const Bytes bytes = arguments.bytes(1, "bytes");
  if (!arguments.ok()) return {};
  return number(info, reactor_->write(handle, bytes.data, bytes.size));
}

Napi::Value ReactorObject::now(const Napi::CallbackInfo& info) {
  // Not cached: what is armed in the midst of a long iteration would be early.
  return number(info, static_cast<double>(driver_ ? driver_->update_now_ms() : 0));
}

void ReactorObject::submit(const Napi::CallbackInfo&) { reactor_->submit(); }

void ReactorObject::watch_backlog(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  // More than any backlog, and less: not watched on that side.
  constexpr double kMost = 9007199254740991.0;
  const double above = arguments.whole(0, "above", 1, kMost);
  const double below = arguments.whole(1, "below", -1, kMost);
  if (arguments.ok()) reactor_->watch_backlog(above, below);
}

void ReactorObject::lend_slab(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Bytes slab = arguments.array_buffer(0, "slab", limits_.max_read_bytes);
  if (!arguments.ok()) return;
  reactor_->lend_slab(slab);
  shared_.hold_slab(info[0].As<Napi::Object>());
}

void ReactorObject::lend_pool(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Bytes pool = arguments.array_buffer(0, "pool", limits_.copy_max_bytes);
  if (!arguments.ok()) return;
  reactor_->lend_pool(pool);
  shared_.hold_pool(info[0].As<Napi::Object>());
}

void ReactorObject::lend_table(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Napi::Value value = info[0];
  constexpr size_t kColumns = sizeof(TableRow) / sizeof(double);
  const size_t elements =
      value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_float64_array
          ? value.As<Napi::TypedArray>().ElementLength()
          : 0;
  const size_t rows = std::min<size_t>(elements / kColumns, kMaxSlots);
  if (rows < reactor_->table_rows()) return arguments.fail_type("table", "a larger Float64Array than before");
  auto array = value.As<Napi::TypedArray>();
  auto* const data = static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  reactor_->lend_table(reinterpret_cast<TableRow*>(data), static_cast<uint32_t>(rows));
  shared_.hold_table(value.As<Napi::Object>());
}

void ReactorObject::ref(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (arguments.ok()) reactor_->set_referenced(handle, true);
}

void ReactorObject::unref(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (arguments.ok()) reactor_->set_referenced(handle, false);
}

void ReactorObject::close(const Napi::CallbackInfo&) { stop(false); }

}  // namespace pollux
