#include "name_service.h"

#include <dlfcn.h>

#include <mutex>
#include <vector>

#include "../sys/errno_names.h"

namespace pollux {
namespace {

// Node.js unloads an addon with the last worker that has loaded it. A thread that comes back from
// getaddrinfo(3) after that would find no code: with its first look-up, this library is here to stay.
bool pin_library() {
  static const bool pinned = [] {
    Dl_info self = {};
    if (::dladdr(reinterpret_cast<const void*>(&pin_library), &self) == 0) return false;
    return ::dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD) != nullptr;
  }();
  return pinned;
}

Napi::Object failure_object(Napi::Env env, const LookupFailure& failure) {
  auto object = Napi::Object::New(env);
  object["code"] = Napi::String::New(env, std::string(lookup_error_name(failure.kind, failure.error)));
  object["error"] = Napi::Number::New(env, failure.error);
  object["text"] = Napi::String::New(env, lookup_error_text(failure.kind, failure.error));
  object["systemError"] = Napi::Number::New(env, -failure.system_error);
  return object;
}

}  // namespace

// Between the threads and the loop. Freed by whoever lets go of it last, which may be a thread.
class NameService::Mailbox final : public LookupOwner {
 public:
  // 0 or -errno. `service` is used only until close().
  int open(uv_loop_t* loop, NameService* service) {
    async_ = new uv_async_t;
    async_->data = service;
    const int result = uv_async_init(
        loop, async_, [](uv_async_t* async) { static_cast<NameService*>(async->data)->deliver(); });
    if (result < 0) {
      delete async_;
      async_ = nullptr;
    }
    return result;
  }

  void finished(std::unique_ptr<Lookup> lookup) override {
    const std::lock_guard lock(mutex_);
    if (async_ == nullptr) return;
    finished_.push_back(std::move(lookup));
    // Under the lock, so that the handle is not closed meanwhile.
    uv_async_send(async_);
  }

  std::vector<std::unique_ptr<Lookup>> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(finished_, {});
  }

  // Without it what comes is freed. The handle is the caller's to close.
  uv_async_t* close() {
    const std::lock_guard lock(mutex_);
    finished_.clear();
    return std::exchange(async_, nullptr);
  }

  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(async_); }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Lookup>> finished_;
  uv_async_t* async_ = nullptr;  // null once closed
};

NameService* NameService::create(Napi::Env env) {
  auto* const service = new NameService(env);
  napi_add_async_cleanup_hook(
      env, [](napi_async_cleanup_hook_handle, void* data) { static_cast<NameService*>(data)->close(); },
      service, &service->hook_);
  return service;
}

int NameService::open() {
  if (mailbox_) return 0;
  if (!pin_library()) return -ENOTSUP;
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env_, &loop);
  auto mailbox = std::make_shared<Mailbox>();
  const int result = mailbox->open(loop, this);
  if (result < 0) return result;
  mailbox_ = std::move(mailbox);
  return 0;
}

double NameService::start(std::unique_ptr<Lookup> lookup, Describe describe, Napi::Function done) {
  const int opened = open();
  if (opened < 0) return opened;
  const uint64_t ticket = ++last_ticket_;
  lookup->ticket = ticket;
  const int submitted = submit_lookup(std::move(lookup), mailbox_);
  if (submitted == 0) pending_.emplace(ticket, Pending{describe, Napi::Persistent(done)});
  update_alive();
  return submitted < 0 ? submitted : static_cast<double>(ticket);
}

void NameService::cancel(double ticket) {
  const auto found = pending_.find(static_cast<uint64_t>(ticket));
  if (found == pending_.end()) return;
  withdraw_lookup(*mailbox_, found->first);
  pending_.erase(found);
  update_alive();
}

void NameService::deliver() {
  for (const std::unique_ptr<Lookup>& lookup : mailbox_->take()) {
    const auto found = pending_.find(lookup->ticket);
    if (found == pending_.end()) continue;
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    if (!settle(*lookup, pending)) break;
  }
  update_alive();
}

// False where the environment is being terminated, and can't run JavaScript any more.
bool NameService::settle(const Lookup& lookup, const Pending& pending) {
  const Napi::HandleScope scope(env_);
  const bool failed = lookup.failure().error != 0;
  const napi_value arguments[] = {
      failed ? failure_object(env_, lookup.failure()) : env_.Null(),
      failed ? env_.Null() : pending.describe(env_, lookup),
  };
  napi_value function = nullptr;
  napi_get_reference_value(env_, pending.done, &function);
  if (napi_make_callback(env_, nullptr, env_.Global(), function, 2, arguments, nullptr) == napi_ok) {
    return true;
  }
  napi_value error = nullptr;
  bool thrown = false;
  napi_is_exception_pending(env_, &thrown);
  if (!thrown || napi_get_and_clear_last_exception(env_, &error) != napi_ok) return false;
  napi_fatal_exception(env_, error);
  return true;
}

void NameService::update_alive() {
  uv_handle_t* const handle = mailbox_->handle();
  if (handle == nullptr) return;
  if (pending_.empty()) {
    uv_unref(handle);
  } else {
    uv_ref(handle);
  }
}

// The environment ends. Look-ups that are queued need not run; those that run are left to themselves.
void NameService::close() {
  uv_async_t* async = nullptr;
  if (mailbox_) {
    for (const auto& [ticket, pending] : pending_) withdraw_lookup(*mailbox_, ticket);
    async = mailbox_->close();
  }
  pending_.clear();
  if (async == nullptr) return destroy();
  uv_close(reinterpret_cast<uv_handle_t*>(async), [](uv_handle_t* handle) {
    auto* const service = static_cast<NameService*>(handle->data);
    delete reinterpret_cast<uv_async_t*>(handle);
    service->destroy();
  });
}

void NameService::destroy() {
  napi_remove_async_cleanup_hook(hook_);
  delete this;
}

}  // namespace pollux
