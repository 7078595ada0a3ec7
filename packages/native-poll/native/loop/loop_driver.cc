#include "loop_driver.h"

namespace pollux {

namespace {

template <typename Handle>
uv_handle_t* base(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace

LoopDriver::LoopDriver(uv_loop_t* loop, const Poller& poller, LoopClient& client)
    : loop_(loop), poller_(poller), client_(&client) {}

LoopDriver* LoopDriver::start(uv_loop_t* loop, const Poller& poller, LoopClient& client, int* error) {
  auto* const driver = new LoopDriver(loop, poller, client);
  const int fd = poller.pollable_fd();
  int result = 0;
  // libuv's errors are -errno on POSIX systems.
  if (fd >= 0) {
    result = uv_poll_init(loop, &driver->poll_, fd);
  } else {
    result = uv_async_init(loop, &driver->async_, [](uv_async_t* async) {
      auto* const self = static_cast<LoopDriver*>(async->data);
      if (self->client_) self->client_->on_ready();
    });
  }
  if (result < 0) {
    *error = result;
    delete driver;
    return nullptr;
  }
  driver->wake_handle()->data = driver;
  // It cannot fail any more where the loop has an eventfd or a pipe for such handles already, as Node's has.
  uv_async_init(loop, &driver->polled_async_, [](uv_async_t* async) {
    auto* const self = static_cast<LoopDriver*>(async->data);
    if (self->client_) self->client_->on_polled();
  });
  driver->polled_async_.data = driver;
  uv_prepare_init(loop, &driver->prepare_);
  driver->prepare_.data = driver;
  uv_idle_init(loop, &driver->idle_);
  driver->idle_.data = driver;
  uv_timer_init(loop, &driver->timer_);
  driver->timer_.data = driver;
  driver->open_handles_ = 5;
  uv_unref(driver->wake_handle());
  uv_unref(base(&driver->polled_async_));
  uv_unref(base(&driver->prepare_));
  uv_unref(base(&driver->idle_));
  uv_unref(base(&driver->timer_));

  if (fd >= 0) {
    result = uv_poll_start(&driver->poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
      auto* const self = static_cast<LoopDriver*>(poll->data);
      if (self->client_) self->client_->on_ready();
    });
  } else {
    uv_async_t* const async = &driver->async_;
    driver->watcher_ = std::make_unique<Watcher>([async] { uv_async_send(async); });
    result = driver->watcher_->start();
  }
  if (result < 0) {
    *error = result;
    driver->shutdown([] {});
    return nullptr;
  }
  uv_prepare_start(&driver->prepare_,
                   [](uv_prepare_t* prepare) { static_cast<LoopDriver*>(prepare->data)->before_block(); });
  return driver;
}

// Both kinds of handle begin at the same address.
uv_handle_t* LoopDriver::wake_handle() { return base(&poll_); }

void LoopDriver::before_block() {
  if (client_) client_->on_before_block();
  // The callback may have shut us down.
  if (!client_) return;
  if (watcher_) watcher_->arm(poller_);
  if (const Interests* polled = polled_watcher_ ? client_->polled() : nullptr) polled_watcher_->arm(*polled);
}

void LoopDriver::shutdown(std::function<void()> done) {
  client_ = nullptr;
  done_ = std::move(done);
  // Joins the threads: they touch neither the poller nor our handles after this.
  watcher_.reset();
  polled_watcher_.reset();
  const auto closed = [](uv_handle_t* handle) {
    auto* const self = static_cast<LoopDriver*>(handle->data);
    if (--self->open_handles_ > 0) return;
    const auto finished = std::move(self->done_);
    delete self;
    finished();
  };
  uv_close(wake_handle(), closed);
  uv_close(base(&polled_async_), closed);
  uv_close(base(&prepare_), closed);
  uv_close(base(&idle_), closed);
  uv_close(base(&timer_), closed);
}

void LoopDriver::set_alive(bool alive) {
  if (alive) {
    uv_ref(wake_handle());
  } else {
    uv_unref(wake_handle());
  }
}

void LoopDriver::set_timer(uint64_t due_ms) {
  const uint64_t now = uv_now(loop_);
  uv_timer_start(
      &timer_,
      [](uv_timer_t* timer) {
        auto* const self = static_cast<LoopDriver*>(timer->data);
        if (self->client_) self->client_->on_timer();
      },
      due_ms > now ? due_ms - now : 0, 0);
}

// An idle handle that is active makes libuv poll with no timeout; a timer of 0 ms could run again and again
// before any other.
void LoopDriver::do_not_block() {
  uv_idle_start(&idle_, [](uv_idle_t* idle) { uv_idle_stop(idle); });
}

void LoopDriver::release_fds() {
  if (watcher_) watcher_->disarm();
  release_polled();
}

int LoopDriver::start_polling() {
  if (polled_watcher_) return 0;
  auto watcher = std::make_unique<Watcher>([this] { uv_async_send(&polled_async_); });
  const int result = watcher->start();
  if (result == 0) polled_watcher_ = std::move(watcher);
  return result;
}

void LoopDriver::release_polled() {
  if (polled_watcher_) polled_watcher_->disarm();
}

}  // namespace pollux
