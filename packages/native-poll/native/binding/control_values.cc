#include "control_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "values.h"
#include "views.h"

namespace pollux {

namespace {

// The message that starts at one index of the flat array.
class Fields {
 public:
  Fields(Napi::Array list, uint32_t start, Arguments& arguments)
      : list_(list), start_(start), arguments_(arguments) {}

  int64_t whole(uint32_t field, const char* name) {
    constexpr double kMost = 9007199254740991.0;
    const Napi::Value value = at(field);
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : kMost * 2;
    if (number >= -kMost && number <= kMost && number == std::floor(number)) {
      return static_cast<int64_t>(number);
    }
    if (arguments_.ok()) arguments_.fail_range(name, -kMost, kMost);
    return 0;
  }

  int integer(uint32_t field, const char* name) {
    const int64_t number = whole(field, name);
    if (number >= INT32_MIN && number <= INT32_MAX) return static_cast<int>(number);
    if (arguments_.ok()) arguments_.fail_range(name, INT32_MIN, INT32_MAX);
    return 0;
  }

  // An address of the family, in network order; undefined leaves `bytes` as they are.
  void address(uint32_t field, int family, uint8_t* bytes) {
    const Napi::Value value = at(field);
    if (value.IsUndefined() || !arguments_.ok()) return;
    const std::string text = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
    if (text.find('\0') != std::string::npos || ::inet_pton(family, text.c_str(), bytes) != 1) {
      arguments_.fail_type("address", family == AF_INET ? "an IPv4 address" : "an IPv6 address");
    }
  }

  Napi::Value at(uint32_t field) { return list_.Get(start_ + field); }
  bool ok() const { return arguments_.ok(); }
  Arguments& arguments() { return arguments_; }

 private:
  Napi::Array list_;
  uint32_t start_;
  Arguments& arguments_;
};

// What messages point at while they are encoded: copies, because reading the next one may run JavaScript.
struct Payloads {
  std::vector<std::vector<uint8_t>> all;

  std::span<const uint8_t> add(const void* data, size_t size) {
    const auto* const bytes = static_cast<const uint8_t*>(data);
    return all.emplace_back(bytes, bytes + size);
  }
};

void read_rights(Fields& fields, Payloads& payloads, ControlMessage* message) {
  const Napi::Value value = fields.at(1);
  if (!fields.ok() || !value.IsArray()) {
    if (fields.ok()) fields.arguments().fail_type("fds", "an array of file descriptors");
    return;
  }
  const auto list = value.As<Napi::Array>();
  std::vector<int> fds;
  Fields numbers(list, 0, fields.arguments());
  for (uint32_t i = 0; i < list.Length() && fields.ok(); ++i) {
    if (fds.size() > kMaxControlBytes / sizeof(int))
      return fields.arguments().fail_range("fds.length", 0, 253);
    fds.push_back(numbers.integer(i, "fd"));
  }
  message->data = payloads.add(fds.data(), fds.size() * sizeof(int));
}

void read_unknown(Fields& fields, Payloads& payloads, ControlMessage* message) {
  message->level = fields.integer(1, "level");
  message->name = fields.integer(2, "name");
  const Napi::Value value = fields.at(3);
  Bytes bytes{};
  if (!fields.ok()) return;
  if (!view_bytes(value.Env(), value, &bytes))
    return fields.arguments().fail_type("data", "an ArrayBufferView");
  // More is refused when it is encoded; it need not be copied for that.
  message->data = payloads.add(bytes.data, std::min(bytes.size, kMaxControlBytes));
}

ControlMessage read_message(Fields& fields, Payloads& payloads) {
  ControlMessage message;
  const int kind = fields.integer(0, "kind");
  if (fields.ok() && (kind < 0 || kind > kLastControlKind)) {
    fields.arguments().fail_range("kind", 0, kLastControlKind);
  }
  if (!fields.ok()) return message;
  message.kind = static_cast<ControlKind>(kind);
  switch (message.kind) {
    case ControlKind::kRights:
      read_rights(fields, payloads, &message);
      break;
    case ControlKind::kUnknown:
      read_unknown(fields, payloads, &message);
      break;
    case ControlKind::kIpPktinfo:
      message.numbers[0] = fields.whole(1, "interface");
      fields.address(2, AF_INET, message.address);
      std::memcpy(message.local, message.address, sizeof message.local);
      fields.address(3, AF_INET, message.local);
      break;
    case ControlKind::kIpv6Pktinfo:
      message.numbers[0] = fields.whole(1, "interface");
      fields.address(2, AF_INET6, message.address);
      break;
    case ControlKind::kCredentials:
      for (uint32_t i = 0; i < 3; ++i) message.numbers[i] = fields.whole(i + 1, "credentials");
      break;
    default:
      message.numbers[0] = fields.whole(1, "number");
  }
  return message;
}

Napi::Value address_text(Napi::Env env, int family, const uint8_t* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(family, bytes, text, sizeof text);
  return Napi::String::New(env, text);
}

// Sets the fields of one message from 1 on.
void write_message(Napi::Env env, const ControlMessage& message, std::span<const Reactor::Handle> kept,
                   Napi::Array list, uint32_t start) {
  const auto set_numbers = [&](uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      list.Set(start + 1 + i, Napi::Number::New(env, static_cast<double>(message.numbers[i])));
    }
  };
  switch (message.kind) {
    case ControlKind::kRights: {
      auto handles = Napi::Array::New(env, kept.size());
      for (uint32_t i = 0; i < kept.size(); ++i) {
        handles.Set(i, Napi::Number::New(env, kept[i].generation * kHandleBase + kept[i].slot));
      }
      list.Set(start + 1, handles);
      break;
    }
    case ControlKind::kUnknown: {
      list.Set(start + 1, Napi::Number::New(env, message.level));
      list.Set(start + 2, Napi::Number::New(env, message.name));
      const size_t size = message.data.size();
      list.Set(start + 3, Napi::Buffer<uint8_t>::Copy(env, message.data.data(), size));
      break;
    }
    case ControlKind::kCredentials:
      set_numbers(3);
      break;
    case ControlKind::kTimestamp:
    case ControlKind::kTimestampNs:
      set_numbers(2);
      break;
    case ControlKind::kIpPktinfo:
      set_numbers(1);
      list.Set(start + 2, address_text(env, AF_INET, message.address));
      list.Set(start + 3, address_text(env, AF_INET, message.local));
      break;
    case ControlKind::kIpv6Pktinfo:
      set_numbers(1);
      list.Set(start + 2, address_text(env, AF_INET6, message.address));
      break;
    default:
      set_numbers(1);
  }
}

template <size_t (*kSize)(size_t)>
Napi::Value control_size(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const double bytes = arguments.whole(0, "bytes", 0, kMaxControlBytes);
  if (!arguments.ok()) return {};
  return number(info, static_cast<double>(kSize(static_cast<size_t>(bytes))));
}

}  // namespace

int control_argument(const Napi::CallbackInfo& info, Arguments& arguments, size_t position,
                     std::vector<uint8_t>* control) {
  if (!arguments.ok() || info[position].IsUndefined()) return 0;
  if (!info[position].IsArray()) return arguments.fail_type("control", "an array"), 0;
  const auto list = info[position].As<Napi::Array>();
  std::vector<ControlMessage> messages;
  Payloads payloads;
  for (uint32_t start = 0; start < list.Length() && arguments.ok(); start += kControlFields) {
    Fields fields(list, start, arguments);
    messages.push_back(read_message(fields, payloads));
    if (messages.size() > kMaxControlBytes / sizeof(cmsghdr)) return -ENOBUFS;
  }
  return arguments.ok() ? encode_control(messages, control) : 0;
}

Napi::Value control_value(Napi::Env env, const std::vector<ControlMessage>& messages,
                          std::span<const Reactor::Handle> kept) {
  auto list = Napi::Array::New(env, messages.size() * kControlFields);
  uint32_t start = 0;
  for (const ControlMessage& message : messages) {
    list.Set(start, Napi::Number::New(env, static_cast<int>(message.kind)));
    const size_t mine = message.kind == ControlKind::kRights ? std::min(message.fd_count(), kept.size()) : 0;
    write_message(env, message, kept.first(mine), list, start);
    kept = kept.subspan(mine);
    start += kControlFields;
  }
  return list;
}

void add_control_functions(Napi::Env env, Napi::Object exports) {
  exports["controlSpace"] = Napi::Function::New<control_size<control_space>>(env, "controlSpace");
  exports["controlLength"] = Napi::Function::New<control_size<control_length>>(env, "controlLength");
}

}  // namespace pollux
