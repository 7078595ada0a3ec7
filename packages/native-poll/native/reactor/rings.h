// The memory that JavaScript and the reactor share: layouts and codes. The TypeScript half of this page, with
// the meaning of each code, is src/rings.ts; test/rings.test.ts checks that the two agree.
//
// All of it is allocated by JavaScript and lent to us. Whatever JavaScript writes is checked before it is
// used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>

namespace pollux {

inline constexpr uint32_t kSlotShift = 8;
inline constexpr uint32_t kMaxSlots = 1u << 22;
inline constexpr double kHandleBase = 1u << 24;
// After it comes 1; 0 is nobody's. A handle, generation * kHandleBase + slot, must be exact in a double
// (2^53).
inline constexpr uint32_t kLastGeneration = (1u << 29) - 1;

enum class Event : uint32_t {
  kDataBorrowed = 1,
  kDataKept = 2,
  kDataPooled = 3,
  kAccept = 4,
  kConnect = 5,
  kEnd = 6,
  kDrain = 7,
  kFinish = 8,
  kError = 9,
  kClosed = 10,
  kAcceptPaused = 11,
  kAcceptResumed = 12,
  kReady = 13,
  kPolled = 14,
  kBacklog = 15,
  kPiped = 16,
  kFileSent = 17,
  kDatagrams = 20,
  kDatagramError = 21,
};

enum class Op : uint32_t {
  kWrite = 1,
  kWriteReceived = 2,
  kWritePooled = 3,
  kEnd = 4,
  kClose = 5,
  kDestroy = 6,
  kReset = 7,
  kPause = 8,
  kResume = 9,
  kWatchDrain = 10,
  kReplyDatagram = 20,
  kSendDatagram = 21,
  kForwardDatagram = 22,
};

enum class Syscall : int32_t {
  kRecv = 1,
  kSend = 2,
  kConnect = 3,
  kAccept = 4,
  kShutdown = 5,
  kPoll = 6,
  kSendfile = 7,
};

// One record of either ring: four 32-bit words.
struct Record {
  uint32_t head;  // code | slot << kSlotShift
  uint32_t generation;
  int32_t a;
  int32_t b;

  uint32_t code() const { return head & ((1u << kSlotShift) - 1); }
  uint32_t slot() const { return head >> kSlotShift; }
};
static_assert(sizeof(Record) == 16);

// Words of the control block.
struct Control {
  int32_t submitted;
  int32_t send_cursor;
  int32_t need_slab;
  int32_t need_pool;
  int32_t need_table;
  int32_t reserved[11];
};
static_assert(sizeof(Control) == 16 * sizeof(int32_t));

// One row of the socket table.
struct TableRow {
  double queued;
  double bytes_read;
  double bytes_written;
  double last_activity_ms;
};

// Upper bounds, inclusive, of the two histograms in the counters; a value past the last one has a bucket too.
inline constexpr double kTurnDurationBoundsUs[] = {25,   50,    100,   250,   500,    1000,   2500,
                                                   5000, 10000, 25000, 50000, 100000, 250000, 1000000};
inline constexpr double kTurnEventBounds[] = {0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000};

struct Counters {
  double turns;
  double rounds;
  double dispatches;
  double events;
  double accepted;
  double accept_pauses;
  double accepts_shed;
  double bytes_read;
  double bytes_written;
  double receives;
  double sends;
  double short_sends;
  double backlog_bytes;
  double open_sockets;
  double stale_events;
  double rejected_submissions;
  double datagrams_received;
  double datagrams_sent;
  double datagrams_truncated;
  double datagrams_dropped;
  double datagram_errors;
  double segmented_receives;
  double segmented_sends;
  double segment_refusals;
  double turn_us;
  double turn_durations[15];
  double turn_events[13];
  double bytes_spliced;
  double file_bytes;
};
static_assert(sizeof(Counters) == 55 * sizeof(double));
static_assert(std::size(kTurnDurationBoundsUs) + 1 == std::extent_v<decltype(Counters::turn_durations)>);
static_assert(std::size(kTurnEventBounds) + 1 == std::extent_v<decltype(Counters::turn_events)>);

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
};

// What JavaScript has lent. `receive` and `pool` are seen by users, who can detach them: they are looked at
// again after every call into JavaScript, and are empty while they are missing.
struct LentMemory {
  Control* control = nullptr;
  Record* events = nullptr;
  uint32_t event_capacity = 0;
  Record* submissions = nullptr;
  uint32_t submission_capacity = 0;
  TableRow* table = nullptr;
  uint32_t table_rows = 0;
  Counters* counters = nullptr;
  Bytes send;
  Bytes receive;
  Bytes pool;
};

}  // namespace pollux
