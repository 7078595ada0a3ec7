// The life of a reactor object, and its side towards the loop. Its methods are in reactor_methods.cc and the
// *_calls.cc.
#include "reactor_object.h"

#include <string>

#include "../sys/errno_names.h"

namespace pollux {

namespace {

// An Error with the property `errno`, negative, where it is the kernel that refused.
void throw_system_error(Napi::Env env, const std::string& message, int error) {
  const Napi::Error failure = Napi::Error::New(env, message);
  if (error < 0) failure.Set("errno", Napi::Number::New(env, error));
  failure.ThrowAsJavaScriptException();
}

}  // namespace

Napi::Function ReactorObject::define(Napi::Env env) {
  Methods methods;
  add_reactor_methods(methods);
  add_socket_calls(methods);
  add_transfer_calls(methods);
  add_message_calls(methods);
  add_option_calls(methods);
  add_datagram_calls(methods);
  add_readiness_calls(methods);
  add_moving_calls(methods);
  return DefineClass(env, "Reactor", methods);
}

ReactorObject::ReactorObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ReactorObject>(info), lifetime_(std::make_shared<Lifetime>(Lifetime{this})) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsObject() || !info[1].IsFunction()) {
    Napi::TypeError::New(env, "Reactor takes options and a dispatch function").ThrowAsJavaScriptException();
    return;
  }
  const auto options = info[0].As<Napi::Object>();
  if (!read_limits(env, options, &limits_) || !shared_.take(env, options, limits_)) return;
  dispatch_ = Napi::Persistent(info[1].As<Napi::Function>());

  const Napi::Value backend = options.Get("backend");
  if (env.IsExceptionPending()) return;
  if (!backend.IsString()) {
    Napi::TypeError::New(env, "backend must be a string").ThrowAsJavaScriptException();
    return;
  }
  backend_ = backend.As<Napi::String>();
  int error = 0;
  std::unique_ptr<Poller> poller = make_poller(backend_, &error);
  if (!poller) {
    const std::string reason = error == 0 ? "not in this build" : errno_text(-error);
    throw_system_error(env, "backend '" + backend_ + "': " + reason, error);
    return;
  }
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  reactor_ = std::make_unique<Reactor>(*this, std::move(poller), shared_.memory(), limits_);
  driver_ = LoopDriver::start(loop, reactor_->poller(), *this, &error);
  if (!driver_) {
    reactor_.reset();
    throw_system_error(env, "cannot join the event loop: " + errno_text(-error), error);
    return;
  }
  // The environment may end at any time (worker.terminate()): then everything must be given back first.
  napi_add_async_cleanup_hook(
      env,
      [](napi_async_cleanup_hook_handle, void* data) {
        auto* const lifetime = static_cast<Lifetime*>(data);
        if (lifetime->object) lifetime->object->stop(true);
      },
      lifetime_.get(), &lifetime_->hook);
  Ref();
}

ReactorObject::~ReactorObject() {
  stop(true);
  lifetime_->object = nullptr;
}

// Closes everything; libuv's last callback takes the hook away. Idempotent.
void ReactorObject::stop(bool environment_ends) {
  if (reactor_) reactor_->close();
  if (!driver_) return;
  LoopDriver* const driver = driver_;
  driver_ = nullptr;
  const std::shared_ptr<Lifetime> lifetime = lifetime_;
  driver->shutdown([lifetime, environment_ends] {
    napi_remove_async_cleanup_hook(lifetime->hook);
    if (lifetime->object && !environment_ends) lifetime->object->let_go();
  });
  // Not only when the object is collected: its descriptor counts until then.
  reactor_->release_poller();
}

// After close(): what the object holds would hold the object, and none of it would ever be collected.
void ReactorObject::let_go() {
  dispatch_.Reset();
  shared_.release();
  Unref();
}

bool ReactorObject::read_limits(Napi::Env env, Napi::Object options, ReactorLimits* limits) {
  struct Limit {
    const char* name;
    uint32_t low;
    uint32_t* value;
  };
  const Limit wanted[] = {
      {"maxReadBytes", 1, &limits->max_read_bytes}, {"copyMaxBytes", 0, &limits->copy_max_bytes},
      {"acceptBudget", 1, &limits->accept_budget},  {"maxRounds", 1, &limits->max_rounds},
      {"maxTurnUs", 1, &limits->max_turn_us},       {"busyPollUs", 0, &limits->busy_poll_us},
  };
  for (const Limit& limit : wanted) {
    const Napi::Value value = options.Get(limit.name);
    if (env.IsExceptionPending()) return false;  // a getter's
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= limit.low && number <= 1 << 30)) {
      Napi::RangeError::New(env,
                            std::string(limit.name) + " must be a number from " + std::to_string(limit.low))
          .ThrowAsJavaScriptException();
      return false;
    }
    *limit.value = static_cast<uint32_t>(number);
  }
  return true;
}

// The one call into JavaScript of a turn. napi_make_callback runs microtasks and nextTicks when it returns.
void ReactorObject::dispatch(uint32_t count) {
  const napi_env env = Env();
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value receiver;
  napi_value function;
  napi_value argument;
  napi_get_global(env, &receiver);
  napi_get_reference_value(env, dispatch_, &function);
  napi_create_uint32(env, count, &argument);
  const napi_status status = napi_make_callback(env, nullptr, receiver, function, 1, &argument, nullptr);
  if (status != napi_ok) {
    napi_value error = nullptr;
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (pending && napi_get_and_clear_last_exception(env, &error) == napi_ok) {
      napi_fatal_exception(env, error);
    } else {
      // A worker that is being terminated can't run JavaScript any more; its cleanup hook comes next.
      reactor_->close();
    }
  }
  napi_close_handle_scope(env, scope);
}

void ReactorObject::set_alive(bool alive) {
  if (driver_) driver_->set_alive(alive);
}

void ReactorObject::set_timer(uint64_t due_ms) {
  if (driver_) driver_->set_timer(due_ms);
}

void ReactorObject::do_not_block() {
  if (driver_) driver_->do_not_block();
}

void ReactorObject::release_fds() {
  if (driver_) driver_->release_fds();
}

uint64_t ReactorObject::now_ms() { return driver_ ? driver_->now_ms() : 0; }

}  // namespace pollux
