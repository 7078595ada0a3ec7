// Drives a reactor from an environment's libuv loop, so that timers, promises, signals and other I/O keep
// working.
//
//     epoll:         uv_poll_t on the poller's fd ───────────────▶ on_ready()
//     poll, select:  Watcher thread ─▶ uv_async_t ───────────────▶ on_ready()
//     polled():      Watcher thread ─▶ uv_async_t ───────────────▶ on_polled()
//     both:          uv_prepare_t, before the loop blocks ───────▶ on_before_block()
//                    uv_idle_t, while it must not block
//                    uv_timer_t ─────────────────────────────────▶ on_timer()
//
// It lives on the loop's thread, and past its owner: libuv frees a handle only in a later iteration. So
// shutdown() ends it, and it deletes itself when the last handle is closed.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "../poller/poller.h"
#include "../poller/watcher.h"

namespace pollux {

class LoopClient {
 public:
  virtual ~LoopClient() = default;
  virtual void on_ready() = 0;
  virtual void on_before_block() = 0;
  virtual void on_timer() = 0;
  virtual void on_polled() = 0;
  // What on_polled() is wanted for; null: nothing.
  virtual const Interests* polled() = 0;
};

class LoopDriver {
 public:
  // Null and *error = -errno when a thread or a handle cannot be had. `poller` must stay until shutdown().
  static LoopDriver* start(uv_loop_t* loop, const Poller& poller, LoopClient& client, int* error);

  // No callback comes after this. `done` is called when libuv has let go of everything.
  void shutdown(std::function<void()> done);

  // Whether the process stays alive for our sake. At first it does not.
  void set_alive(bool alive);
  // on_timer() at that time of the loop's clock; replaces an earlier request.
  void set_timer(uint64_t due_ms);
  // The loop goes round once more before it blocks.
  void do_not_block();
  // Waits until no other thread waits on the poller's descriptors; arms again by itself before the loop
  // blocks.
  void release_fds();
  // Before the first polled(): 0, or -errno when there is no thread to be had.
  int start_polling();
  // What was polled() changes now: its watcher lets go of it.
  void release_polled();
  uint64_t now_ms() const { return uv_now(loop_); }
  // As of now, not of when this iteration of the loop began.
  uint64_t update_now_ms() {
    uv_update_time(loop_);
    return uv_now(loop_);
  }

 private:
  LoopDriver(uv_loop_t* loop, const Poller& poller, LoopClient& client);
  ~LoopDriver() = default;
  uv_handle_t* wake_handle();
  void before_block();

  uv_loop_t* const loop_;
  const Poller& poller_;
  LoopClient* client_;                       // null after shutdown()
  std::unique_ptr<Watcher> watcher_;         // of the poller
  std::unique_ptr<Watcher> polled_watcher_;  // of client_->polled()
  std::function<void()> done_;
  int open_handles_ = 0;
  // Which of these two depends on the backend.
  union {
    uv_poll_t poll_;
    uv_async_t async_;
  };
  uv_async_t polled_async_;
  uv_prepare_t prepare_;
  uv_idle_t idle_;
  uv_timer_t timer_;
};

}  // namespace pollux
