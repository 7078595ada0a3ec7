// The look-ups that one environment (the main thread, a worker) waits for.
//
//     start() ──▶ a look-up's thread ──▶ mailbox ──▶ uv_async_t ──▶ deliver() ──▶ done(failure, result)
//     cancel(): done is never called; queued, it never runs; running, its result is freed when it ends
//
// The process stays alive for look-ups that somebody waits for, and for no others. When the environment ends,
// the mailbox closes: nothing waits for a thread, and what a thread brings later is freed by it.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <unordered_map>

#include "../names/lookup_threads.h"

namespace pollux {

class NameService {
 public:
  // What the look-up found, for JavaScript; only called where it has not failed.
  using Describe = Napi::Value (*)(Napi::Env env, const Lookup& lookup);

  // Lives until the environment ends, and deletes itself then.
  static NameService* create(Napi::Env env);

  // The look-up's ticket, which is at least 1, or -errno. `done(failure, result)` is called once, and never
  // before this returns.
  double start(std::unique_ptr<Lookup> lookup, Describe describe, Napi::Function done);
  // Of a ticket that is not pending: nothing.
  void cancel(double ticket);

 private:
  class Mailbox;
  struct Pending {
    Describe describe;
    Napi::FunctionReference done;
  };

  explicit NameService(Napi::Env env) : env_(env) {}
  int open();
  void deliver();
  bool settle(const Lookup& lookup, const Pending& pending);
  void update_alive();
  void close();
  void destroy();

  const Napi::Env env_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  // Made at the first look-up; its uv_async_t outlives this object.
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_map<uint64_t, Pending> pending_;
  uint64_t last_ticket_ = 0;
};

}  // namespace pollux
