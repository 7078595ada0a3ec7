// Readiness for JavaScript: methods of NativeReactor that wait for it, and functions that look at it.
#include "readiness_calls.h"

#include <span>
#include <vector>

#include "../calls/readiness.h"
#include "arguments.h"
#include "reactor_object.h"
#include "values.h"

namespace pollux {

namespace {

constexpr uint8_t kWatchable = kReadable | kWritable | kPriority;

// An entry of either call, in words: the fd, what is asked for, what was found.
constexpr size_t kEntryWords = 3;
static_assert(sizeof(SelectEntry) == kEntryWords * sizeof(int32_t));

// Whole entries. Where the array was detached there are none.
std::span<int32_t> entries_argument(const Napi::CallbackInfo& info, Arguments& arguments) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(info.Env(), info[0], &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_int32_array || length % kEntryWords != 0) {
    arguments.fail_type("entries", "an Int32Array of whole entries");
    return {};
  }
  return {static_cast<int32_t*>(data), length};
}

std::vector<pollfd> pollfds_of(std::span<const int32_t> words) {
  std::vector<pollfd> fds(words.size() / kEntryWords);
  for (size_t i = 0; i < fds.size(); ++i) {
    fds[i] = {words[i * kEntryWords], static_cast<short>(words[i * kEntryWords + 1]), 0};
  }
  return fds;
}

}  // namespace

void ReactorObject::add_readiness_calls(Methods& methods) {
  using Self = ReactorObject;
  methods.insert(methods.end(), {
                                    InstanceMethod<&Self::watch>("watch"),
                                    InstanceMethod<&Self::poll_later>("pollLater"),
                                });
}

Napi::Value ReactorObject::watch(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Reactor::Handle handle = arguments.handle(0);
  const auto interest = static_cast<uint8_t>(arguments.whole(1, "interest", 0, kWatchable));
  if (!arguments.ok()) return {};
  if (interest & ~kWatchable) {
    return arguments.fail_type("interest", "made of READABLE, WRITABLE and PRIORITY"), Napi::Value();
  }
  return number(info, reactor_->watch(handle, interest));
}

Napi::Value poll_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::span<int32_t> words = entries_argument(info, arguments);
  if (!arguments.ok()) return {};
  std::vector<pollfd> fds = pollfds_of(words);
  const int result = pollux::poll_now(fds);
  for (size_t i = 0; i < fds.size(); ++i) {
    words[i * kEntryWords + 2] = result < 0 ? 0 : static_cast<uint16_t>(fds[i].revents);
  }
  return number(info, result);
}

Napi::Value ReactorObject::poll_later(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::span<int32_t> words = entries_argument(info, arguments);
  if (!arguments.ok()) return {};
  if (!driver_) return number(info, -EBADF);
  const int started = words.empty() ? 0 : driver_->start_polling();
  if (started < 0) return number(info, started);
  // At once: a descriptor that is polled no more may be closed next, and then its file must be.
  driver_->release_polled();
  return number(info, reactor_->poll_later(pollfds_of(words)));
}

Napi::Value select_now(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::span<int32_t> words = entries_argument(info, arguments);
  if (!arguments.ok()) return {};
  std::vector<SelectEntry> entries(words.size() / kEntryWords);
  for (size_t i = 0; i < entries.size(); ++i) {
    entries[i] = {words[i * kEntryWords], words[i * kEntryWords + 1], 0};
  }
  const int result = pollux::select_now(entries);
  for (size_t i = 0; i < entries.size(); ++i) words[i * kEntryWords + 2] = entries[i].ready;
  return number(info, result);
}

}  // namespace pollux
