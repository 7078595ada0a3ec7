// The methods of NativeReactor that are about datagrams.
#include "arguments.h"
#include "reactor_object.h"
#include "values.h"

namespace pollux {

namespace {

// A NativeAddress; null where it is of no family that we know.
Napi::Value address_or_null(const Napi::CallbackInfo& info, const SocketAddress& address) {
  const Napi::Value value = address_value(info, address);
  return value.IsObject() ? value : info.Env().Null();
}

}  // namespace

void ReactorObject::add_datagram_calls(Methods& methods) {
  using Self = ReactorObject;
  methods.insert(methods.end(), {
                                    InstanceMethod<&Self::open_datagrams>("openDatagrams"),
                                    InstanceMethod<&Self::connect_datagrams_ip>("connectDatagramsIp"),
                                    InstanceMethod<&Self::connect_datagrams_unix>("connectDatagramsUnix"),
                                    InstanceMethod<&Self::send_datagram>("sendDatagram"),
                                    InstanceMethod<&Self::take_datagram_failure>("takeDatagramFailure"),
                                    InstanceMethod<&Self::datagram_statistics>("datagramStatistics"),
                                    InstanceMethod<&Self::received_address>("receivedAddress"),
                                });
}

Napi::Value ReactorObject::open_datagrams(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  DatagramOptions options{};
  options.max_bytes = static_cast<uint32_t>(arguments.whole(1, "maxDatagramBytes", 1, kMaxDatagramBytes));
  options.max_queued_bytes = static_cast<size_t>(arguments.whole(2, "maxQueuedBytes", 0, 1 << 30));
  options.gro = arguments.boolean(3, "gro");
  options.gso = arguments.boolean(4, "gso");
  if (!arguments.ok()) return {};
  return number(info, reactor_->open_datagrams(handle, options));
}

Napi::Value ReactorObject::connect_datagrams_ip(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  SocketAddress address;
  const int parsed = ip_argument(arguments, 1, &address);
  if (!arguments.ok()) return {};
  return number(info, parsed < 0 ? parsed : reactor_->connect_datagrams(handle, address));
}

Napi::Value ReactorObject::connect_datagrams_unix(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const std::string path = arguments.text(1, "path");
  if (!arguments.ok()) return {};
  SocketAddress address;
  const int parsed = from_unix(path, &address);
  return number(info, parsed < 0 ? parsed : reactor_->connect_datagrams(handle, address));
}

Napi::Value ReactorObject::send_datagram(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const Bytes bytes = arguments.bytes(1, "bytes");
  const Bytes address = info[2].IsNull() ? Bytes{} : arguments.bytes(2, "address");
  const auto segment = static_cast<uint32_t>(arguments.whole(3, "segmentBytes", 0, UINT16_MAX));
  if (!arguments.ok()) return {};
  if (bytes.size > kMaxDatagramBytes)
    return arguments.fail_range("bytes.length", 0, kMaxDatagramBytes), Napi::Value();
  if (address.size > kDatagramAddressBytes) {
    return arguments.fail_range("address.length", 0, kDatagramAddressBytes), Napi::Value();
  }
  const Outgoing datagram{bytes.data, static_cast<uint32_t>(bytes.size), address.data,
                          static_cast<uint32_t>(address.size), segment};
  return number(info, reactor_->send_datagram(handle, datagram));
}

Napi::Value ReactorObject::take_datagram_failure(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  DatagramFailure failure;
  if (!reactor_->take_datagram_failure(handle, &failure)) return info.Env().Null();
  auto object = Napi::Object::New(info.Env());
  object["errno"] = number(info, failure.error);
  object["syscall"] = number(info, static_cast<int32_t>(failure.call));
  object["datagrams"] = number(info, failure.datagrams);
  object["bytes"] = number(info, failure.bytes);
  object["address"] = address_or_null(info, failure.address);
  return object;
}

Napi::Value ReactorObject::datagram_statistics(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  if (!arguments.ok()) return {};
  const DatagramState* const state = reactor_->datagram_state(handle);
  if (!state) return info.Env().Null();
  auto object = Napi::Object::New(info.Env());
  object["received"] = number(info, state->received);
  object["sent"] = number(info, state->sent);
  object["truncated"] = number(info, state->truncated);
  object["dropped"] = number(info, state->dropped);
  object["errors"] = number(info, state->errors);
  object["queued"] = number(info, static_cast<double>(state->queue.datagrams()));
  object["gro"] = Napi::Boolean::New(info.Env(), state->options.gro);
  object["gso"] = Napi::Boolean::New(info.Env(), state->options.gso && state->segment_limit > 1);
  object["connected"] = Napi::Boolean::New(info.Env(), state->connected);
  return object;
}

Napi::Value ReactorObject::received_address(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const auto offset = static_cast<size_t>(arguments.whole(0, "offset", 0, INT32_MAX));
  if (!arguments.ok()) return {};
  return address_or_null(info, reactor_->received_address(offset));
}

}  // namespace pollux
