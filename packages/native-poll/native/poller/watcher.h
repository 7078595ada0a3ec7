// Waits in a thread of its own for pollers that have no pollable fd (poll, select), and for the program's own
// calls of poll and select, and calls `wake` once for each arm(), when something is ready. The event loop
// then looks itself, with no timeout, and arms the watcher again before it next blocks: no busy loop, and no
// delay by polling at intervals.
//
//    loop thread:   arm(fds) ────────────────────────────▶ wait(0), handle, arm(fds) …
//                      │                                      ▲
//    watcher thread:   └─▶ poll(fds + wake pipe, for ever) ───┘ wake()
//
//                         arm                    something is ready
//    states:     idle ───────────▶ armed ──────────────────────────▶ idle, wake()
//                  ▲                 │ ▲ arm with other interests
//                  └──── disarm ─────┘ └─┘
//
// All public members belong to the loop thread.
#pragma once

#include <poll.h>
#include <pthread.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "../sys/unique_fd.h"
#include "poller.h"

namespace pollux {

class Watcher {
 public:
  // `wake` is called on the watcher's thread and must be thread-safe (uv_async_send is). It may come up to
  // the end of the destructor, and a wake() of one arm() may come after the next arm(): treat it as a hint to
  // look.
  explicit Watcher(std::function<void()> wake);
  // Stops and joins the thread.
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Makes the wake pipe and the thread: 0, or -errno. Called once, before anything else.
  int start();

  // Waits for the present interests, unless it already waits for exactly these. Always of the same object.
  void arm(const Interests& interests);

  // Stops waiting, and returns when the thread has let go of every fd. For a close(2) that must take effect
  // at once while the watcher may be armed: the kernel keeps an open file, with its port and its connection,
  // for as long as a thread polls it. Cheap when nothing is armed.
  void disarm();

 private:
  static void* run_thread(void* self);
  void run();
  void interrupt_poll();

  const std::function<void()> wake_;
  UniqueFd pipe_read_;
  UniqueFd pipe_write_;
  pthread_t thread_ = {};
  bool started_ = false;  // loop thread

  std::mutex mutex_;
  std::condition_variable changed_;    // tells the thread: armed_ or stopping_
  std::condition_variable poll_left_;  // tells disarm(): not polling_
  // All below are guarded by mutex_.
  std::vector<pollfd> wanted_;
  uint64_t wanted_version_ = 0;  // interest_version() of wanted_, once has_wanted_
  bool has_wanted_ = false;
  uint64_t generation_ = 0;   // counts what makes a poll under way obsolete: a new wanted_, a disarm()
  bool armed_ = false;        // wake() is owed
  bool polling_ = false;      // the thread is in poll(2), or about to be
  bool interrupted_ = false;  // one byte is in the pipe, never more
  bool stopping_ = false;
};

}  // namespace pollux
