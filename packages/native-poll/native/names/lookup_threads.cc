#include "lookup_threads.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>

namespace pollux {
namespace {

// How long a thread waits for more. The first look-up of a thread is a slow one: the C library reads its
// configuration for each.
constexpr std::chrono::seconds kPatience{2};

struct Entry {
  std::unique_ptr<Lookup> lookup;
  std::shared_ptr<LookupOwner> owner;
};
using Queue = std::list<Entry>;
using Key = std::pair<const LookupOwner*, uint64_t>;

struct State {
  std::mutex mutex;
  std::condition_variable has_work;
  Queue queue;
  // Thousands may be queued and given up one by one.
  std::map<Key, Queue::iterator> index;
  int threads = 0;
  size_t idle = 0;  // of them
};

// Never destroyed: threads outlive main().
State& state() {
  static State* const only = new State;
  return *only;
}

// With the lock held. False when it is time to go.
bool await_work(State& shared, std::unique_lock<std::mutex>& lock) {
  ++shared.idle;
  const bool found = shared.has_work.wait_for(lock, kPatience, [&shared] { return !shared.queue.empty(); });
  --shared.idle;
  return found;
}

void* run_queue(void*) {
  State& shared = state();
  std::unique_lock lock(shared.mutex);
  while (!shared.queue.empty() || await_work(shared, lock)) {
    Entry entry = std::move(shared.queue.front());
    shared.queue.pop_front();
    shared.index.erase({entry.owner.get(), entry.lookup->ticket});
    lock.unlock();
    entry.lookup->run();
    entry.owner->finished(std::move(entry.lookup));
    entry.owner.reset();
    lock.lock();
  }
  --shared.threads;
  return nullptr;
}

// Signals are the program's and go to its own threads: these inherit a mask that blocks all.
int start_thread() {
  pthread_attr_t detached;
  const int unready = ::pthread_attr_init(&detached);
  if (unready != 0) return -unready;
  ::pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int failure = ::pthread_create(&thread, &detached, run_queue, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&detached);
  return -failure;
}

}  // namespace

int submit_lookup(std::unique_ptr<Lookup> lookup, std::shared_ptr<LookupOwner> owner) {
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  // Each idle thread has a claim on one entry of the queue; all others may be in the middle of something
  // slow.
  if (shared.queue.size() >= shared.idle && shared.threads < kMaxLookupThreads) {
    const int started = start_thread();
    if (started < 0 && shared.threads == 0) return started;
    if (started == 0) ++shared.threads;
  }
  const Key key = {owner.get(), lookup->ticket};
  shared.queue.push_back({std::move(lookup), std::move(owner)});
  shared.index[key] = std::prev(shared.queue.end());
  shared.has_work.notify_one();
  return 0;
}

bool withdraw_lookup(const LookupOwner& owner, uint64_t ticket) {
  Entry withdrawn;  // freed after the lock
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  const auto found = shared.index.find({&owner, ticket});
  if (found == shared.index.end()) return false;
  withdrawn = std::move(*found->second);
  shared.queue.erase(found->second);
  shared.index.erase(found);
  return true;
}

}  // namespace pollux
