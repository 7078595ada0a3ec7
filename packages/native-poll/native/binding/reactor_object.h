// `NativeReactor` of src/reactor.ts: the reactor as an object of JavaScript, and its host.
//
//     JavaScript ──▶ ReactorObject ──▶ Reactor        (methods)
//     libuv ──▶ LoopDriver ──▶ ReactorObject ──▶ Reactor ──▶ dispatch ──▶ JavaScript
//
// Alive from construction to close() or the end of the environment, whichever comes first; until then the
// loop holds it, not the collector.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "../loop/loop_driver.h"
#include "../reactor/reactor.h"
#include "shared_memory.h"

namespace pollux {

class ReactorObject : public Napi::ObjectWrap<ReactorObject>, public ReactorHost, public LoopClient {
 public:
  static Napi::Function define(Napi::Env env);

  explicit ReactorObject(const Napi::CallbackInfo& info);
  ~ReactorObject() override;

 private:
  // What outlives the object while libuv closes its handles.
  struct Lifetime {
    ReactorObject* object;  // null once it is collected
    napi_async_cleanup_hook_handle hook = nullptr;
  };

  // ReactorHost
  void dispatch(uint32_t count) override;
  void revalidate(LentMemory& memory) override { shared_.revalidate(Env(), memory); }
  void set_alive(bool alive) override;
  void set_timer(uint64_t due_ms) override;
  void do_not_block() override;
  void release_fds() override;
  uint64_t now_ms() override;
  uint64_t now_ns() override { return uv_hrtime(); }

  // LoopClient
  void on_ready() override { reactor_->on_ready(); }
  void on_before_block() override { reactor_->on_before_block(); }
  void on_timer() override { reactor_->on_timer(); }
  void on_polled() override { reactor_->on_polled(); }
  const Interests* polled() override { return reactor_->polled(); }

  bool read_limits(Napi::Env env, Napi::Object options, ReactorLimits* limits);
  void stop(bool environment_ends);
  void let_go();

  // The methods of NativeReactor: each file of them adds its own to the class.
  using Methods = std::vector<Napi::ClassPropertyDescriptor<ReactorObject>>;
  static void add_reactor_methods(Methods& methods);
  static void add_socket_calls(Methods& methods);
  static void add_transfer_calls(Methods& methods);
  static void add_message_calls(Methods& methods);
  static void add_option_calls(Methods& methods);
  static void add_datagram_calls(Methods& methods);
  static void add_readiness_calls(Methods& methods);
  static void add_moving_calls(Methods& methods);

  // reactor_methods.cc
  Napi::Value backend(const Napi::CallbackInfo& info);
  Napi::Value socket(const Napi::CallbackInfo& info);
  Napi::Value adopt(const Napi::CallbackInfo& info);
  Napi::Value adopt_duplicate(const Napi::CallbackInfo& info);
  Napi::Value bind_ip(const Napi::CallbackInfo& info);
  Napi::Value bind_unix(const Napi::CallbackInfo& info);
  Napi::Value listen(const Napi::CallbackInfo& info);
  Napi::Value connect_ip(const Napi::CallbackInfo& info);
  Napi::Value connect_unix(const Napi::CallbackInfo& info);
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value local_address(const Napi::CallbackInfo& info);
  Napi::Value remote_address(const Napi::CallbackInfo& info);
  Napi::Value fd(const Napi::CallbackInfo& info);
  Napi::Value write(const Napi::CallbackInfo& info);
  Napi::Value now(const Napi::CallbackInfo& info);
  // datagram_calls.cc
  Napi::Value open_datagrams(const Napi::CallbackInfo& info);
  Napi::Value connect_datagrams_ip(const Napi::CallbackInfo& info);
  Napi::Value connect_datagrams_unix(const Napi::CallbackInfo& info);
  Napi::Value send_datagram(const Napi::CallbackInfo& info);
  Napi::Value take_datagram_failure(const Napi::CallbackInfo& info);
  Napi::Value datagram_statistics(const Napi::CallbackInfo& info);
  Napi::Value received_address(const Napi::CallbackInfo& info);
  void submit(const Napi::CallbackInfo& info);
  void watch_backlog(const Napi::CallbackInfo& info);
  void lend_slab(const Napi::CallbackInfo& info);
  void lend_pool(const Napi::CallbackInfo& info);
  void lend_table(const Napi::CallbackInfo& info);
  void ref(const Napi::CallbackInfo& info);
  void unref(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  // socket_calls.cc
  Napi::Value socketpair(const Napi::CallbackInfo& info);
  Napi::Value adopt_socket(const Napi::CallbackInfo& info);
  Napi::Value describe(const Napi::CallbackInfo& info);
  Napi::Value bind_now(const Napi::CallbackInfo& info);
  Napi::Value listen_now(const Napi::CallbackInfo& info);
  Napi::Value accept_now(const Napi::CallbackInfo& info);
  Napi::Value connect_now(const Napi::CallbackInfo& info);
  Napi::Value dissolve_now(const Napi::CallbackInfo& info);
  Napi::Value shutdown_now(const Napi::CallbackInfo& info);
  Napi::Value sockatmark(const Napi::CallbackInfo& info);
  Napi::Value peer_name(const Napi::CallbackInfo& info);
  Napi::Value close_now(const Napi::CallbackInfo& info);
  Napi::Value detach(const Napi::CallbackInfo& info);

  // option_calls.cc
  Napi::Value set_option(const Napi::CallbackInfo& info);
  Napi::Value get_option(const Napi::CallbackInfo& info);
  Napi::Value set_option_bytes(const Napi::CallbackInfo& info);
  Napi::Value get_option_bytes(const Napi::CallbackInfo& info);

  // transfer_calls.cc
  Napi::Value recv_now(const Napi::CallbackInfo& info);
  Napi::Value recvfrom_now(const Napi::CallbackInfo& info);
  Napi::Value readv_now(const Napi::CallbackInfo& info);
  Napi::Value send_now(const Napi::CallbackInfo& info);
  Napi::Value sendto_now(const Napi::CallbackInfo& info);
  Napi::Value writev_now(const Napi::CallbackInfo& info);

  // message_calls.cc
  Napi::Value sendmsg_now(const Napi::CallbackInfo& info);
  Napi::Value recvmsg_now(const Napi::CallbackInfo& info);
  Napi::Value sendmmsg_now(const Napi::CallbackInfo& info);
  Napi::Value recvmmsg_now(const Napi::CallbackInfo& info);

  // moving_calls.cc
  Napi::Value pipe(const Napi::CallbackInfo& info);
  Napi::Value send_file(const Napi::CallbackInfo& info);

  // readiness_calls.cc
  Napi::Value watch(const Napi::CallbackInfo& info);
  Napi::Value poll_later(const Napi::CallbackInfo& info);

  std::string backend_;
  ReactorLimits limits_{};
  SharedMemory shared_;
  Napi::FunctionReference dispatch_;
  std::shared_ptr<Lifetime> lifetime_;
  std::unique_ptr<Reactor> reactor_;
  LoopDriver* driver_ = nullptr;  // deletes itself after shutdown()
};

}  // namespace pollux
