// The threads that look-ups run on: a few for the whole process, started when there is work, gone when there
// has been none for a while.
//
//     submit ──▶ queue ──▶ a thread: run() ──▶ owner.finished()
//                  │
//               withdraw: never runs
//
// Not libuv's pool, for three reasons. A look-up can take half a minute when a name server is silent, and
// four of them would keep every file of the program waiting. What the pool has begun keeps the loop alive,
// and with it a process that has given the look-up up. And the pool is joined when the process ends.
//
// These threads are nobody's to join: they are detached, hold nothing but what they were given, and may still
// sit in getaddrinfo(3) when main() has returned.
#pragma once

#include <memory>

#include "lookup.h"

namespace pollux {

// Who asked. It may be gone in all but name when the look-up ends; then `finished` drops what it is given.
class LookupOwner {
 public:
  virtual ~LookupOwner() = default;
  // On the look-up's thread.
  virtual void finished(std::unique_ptr<Lookup> lookup) = 0;
};

// The most look-ups at once. They wait for the network, not for a processor.
inline constexpr int kMaxLookupThreads = 16;

// 0, or -errno where no thread can be had and none is there to do it.
int submit_lookup(std::unique_ptr<Lookup> lookup, std::shared_ptr<LookupOwner> owner);

// Takes it out of the queue and frees it. False if it has begun, or ended.
bool withdraw_lookup(const LookupOwner& owner, uint64_t ticket);

}  // namespace pollux
