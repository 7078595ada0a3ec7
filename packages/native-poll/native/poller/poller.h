// The poller: waits for readiness. Owned and called by one thread, the reactor's.
//
// The contract, the same for every backend:
//
//  - Level-triggered. Readiness is reported by every wait() until what caused it is gone. Nothing has to be
//    re-armed, and nothing is lost when the caller handles only a part.
//  - register_fd() names an fd that is not registered yet, with an interest (which may be kNone) and a token.
//    The token is returned with each event, untouched. modify() changes interest and token of an fd that is
//    registered.
//  - Errors and hang-ups are reported whatever the interest is (as poll(2) does), as kError and kHangup, so a
//    caller that cannot act on them must deregister the fd: it would be told for ever. (select(2) cannot tell
//    them apart: it reports them as readable where that interest is on. Where only others are, they are
//    kError, found when a wait begins; with no interest they are not reported.)
//  - Urgent data is its own kind of readiness, kPriority, and no part of kReadable (unless the socket has
//    SO_OOBINLINE, and then it is both). It is reported until it was read or passed by.
//  - deregister() must come before the fd is closed. With Closing::kYes the caller promises to close it at
//    once, and that it is the only descriptor of its open file; a backend may leave the work to the kernel.
//  - Events already returned by wait() are the caller's: deregistering does not take them back. The caller
//    recognises a stale one by its token.
//  - No call blocks but wait(), and it only with a timeout other than 0.
//  - An fd that was closed while registered is reported as kError until it is deregistered (poll, and select
//    where it has an interest), or not at all (epoll: the kernel has forgotten it). It never fails the wait.
//  - Failure is -errno: EBADF (not an open fd), EEXIST (registered already), ENOENT (not registered, which
//    epoll cannot tell for Closing::kYes), ERANGE (select only: the fd is FD_SETSIZE or more, which an fd_set
//    cannot hold). EINTR is retried inside (a blocking wait returns 0 events early instead).
#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace pollux {

// Interest asked for and readiness reported: one set of bits.
enum Readiness : uint8_t {
  kNone = 0,
  kReadable = 1,   // data, a connection to accept, or end of stream
  kWritable = 2,   // room to send, or a connect that finished
  kError = 4,      // reported only
  kHangup = 8,     // reported only: both directions are down
  kPriority = 16,  // urgent (out-of-band) data
};

struct ReadyEvent {
  uint64_t token;
  uint8_t readiness;  // of Readiness
};

enum class Closing : bool { kNo, kYes };

// What a Watcher waits for in the loop's stead.
class Interests {
 public:
  virtual ~Interests() = default;

  // In place of the vector's contents: what to wait for.
  virtual void copy_interests(std::vector<pollfd>& interests) const = 0;

  // Changes with every change of what copy_interests() would give.
  virtual uint64_t interest_version() const = 0;
};

class Poller : public Interests {
 public:
  virtual int register_fd(int fd, uint8_t interest, uint64_t token) = 0;
  virtual int modify(int fd, uint8_t interest, uint64_t token) = 0;
  virtual int deregister(int fd, Closing closing) = 0;

  // Fills `events` with up to its size; how many, or -errno. timeout_ms: 0 looks, -1 waits for ever.
  // Where more are ready than fit, later waits reach the others too: no fd can starve another.
  virtual int wait(std::span<ReadyEvent> events, int timeout_ms) = 0;

  // An fd that is readable while wait(0) would return something; -1 where the kernel has no such thing (then
  // the reactor drives a Watcher with copy_interests()).
  virtual int pollable_fd() const { return -1; }

  // Of use only where pollable_fd() is -1. Holds exactly what wait() can report: poll's entries with no
  // interest have events = 0 and still report errors, select's are left out.
  void copy_interests(std::vector<pollfd>&) const override {}
  uint64_t interest_version() const override { return 0; }

  virtual std::string_view name() const = 0;
};

// The backend of that name ("epoll", "poll", "select"); null with *error = 0 where this build has none, and
// with *error = -errno where the kernel refuses it.
std::unique_ptr<Poller> make_poller(std::string_view name, int* error);

// The names this build has, the default first.
std::span<const std::string_view> poller_names();

}  // namespace pollux
