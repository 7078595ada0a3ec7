/**
 * The memory that JavaScript and the reactor share: layouts and codes.
 *
 * ```
 *   kernel ──recv──▶ receive slab ┐                     ┌ send slab ──send──▶ kernel
 *                    pool         ├─ event ring ──▶ JS ─┤ submission ring
 *                                 ┘                     └ (or a reference into receive slab or pool)
 * ```
 *
 * Every ring record is four 32-bit integers:
 *
 * | word | event                         | submission            |
 * | ---- | ----------------------------- | --------------------- |
 * | 0    | `type  \| slot << 8`          | `op \| slot << 8`     |
 * | 1    | generation of the slot        | generation            |
 * | 2    | `a` (offset, new slot, errno) | `a` (offset, a count) |
 * | 3    | `b` (length, generation, …)   | `b` (length)          |
 *
 * The C++ half of this page is `native/reactor/rings.h`; `test/rings.test.ts` checks that they agree.
 */

/** 32-bit words in one record of either ring. */
export const RECORD_WORDS = 4

/** Bits of word 0 that hold the type; the slot stands above them. */
export const SLOT_SHIFT = 8

/** The most sockets one reactor can hold. */
export const MAX_SLOTS = 1 << 22

/** A socket's handle outside the rings: `generation * HANDLE_BASE + slot`, exact in a double. */
export const HANDLE_BASE = 1 << 24

/** What the reactor tells JavaScript. `a` and `b` are words 2 and 3. */
export const EventType = {
  /** Bytes in the receive slab, valid until the handler returns: `a` offset, `b` length. */
  DATA_BORROWED: 1,
  /** Bytes in the receive slab that are never written again: `a` offset, `b` length. */
  DATA_KEPT: 2,
  /** Bytes copied into the pool, never written again: `a` offset, `b` length. */
  DATA_POOLED: 3,
  /** A listener took a connection: `a` its slot, `b` its generation. */
  ACCEPT: 4,
  /** A connect finished: `a` is 0 or the errno. */
  CONNECT: 5,
  /** The peer will send no more (its half-close). */
  END: 6,
  /** Queued output fell to the mark that `WATCH_DRAIN` set. Once per `WATCH_DRAIN`. */
  DRAIN: 7,
  /** After `END`: all output is with the kernel and our half is shut. */
  FINISH: 8,
  /** The socket failed: `a` errno, `b` a {@link Syscall}. It reports nothing more until it is destroyed. */
  ERROR: 9,
  /** The last event of a slot: its fd is closed, and the slot is free after this dispatch. */
  CLOSED: 10,
  /** A listener ran out of fds or memory: `a` errno, `b` milliseconds until it tries again. */
  ACCEPT_PAUSED: 11,
  /** A paused listener accepts again. */
  ACCEPT_RESUMED: 12,
  /** A watched socket is ready: `a` bits of {@link Readiness}. What it reports is not watched any more. */
  READY: 13,
  /** Something that `pollLater` named is ready. Of no slot: slot and generation are 0. */
  POLLED: 14,
  /** The backlog of all sockets has left the range that `watchBacklog` set; it is not watched any more. Of no slot. */
  BACKLOG: 15,
  /**
   * The pipe from this socket is over: `a` is 0 when its peer's end was passed on, else the errno of the sending side,
   * which is gone, has failed, or was ended by somebody else. Not reported where this socket itself fails or closes.
   */
  PIPED: 16,
  /** A file of `sendFile`, the oldest that was under way, is with the kernel. */
  FILE_SENT: 17,
  /** Datagrams in the receive slab, valid until the handler returns: `a` offset of the first, `b` how many (datagrams.ts). */
  DATAGRAMS: 20,
  /** A datagram socket could not do something, and goes on: `a` errno, `b` a {@link Syscall}; details by `takeDatagramFailure`. */
  DATAGRAM_ERROR: 21,
} as const

/** What a socket can be watched for, and how it turned out to be ready. */
export const Readiness = {
  /** Data, a connection to accept, or end of stream. */
  READABLE: 1,
  /** Room to send, or a connect that finished. */
  WRITABLE: 2,
  /** Reported only: the next call says which error. */
  ERROR: 4,
  /** Reported only: both directions are down. */
  HANGUP: 8,
  /** Urgent (out-of-band) data. */
  PRIORITY: 16,
} as const

/** What JavaScript asks of the reactor. Operations on one socket happen in the order they were written. */
export const Op = {
  /** Send bytes of the send slab: `a` offset, `b` length. */
  WRITE: 1,
  /** Send bytes of the receive slab, with no copy: `a` offset, `b` length. */
  WRITE_RECEIVED: 2,
  /** Send bytes of the pool, with no copy: `a` offset, `b` length. */
  WRITE_POOLED: 3,
  /** Flush, then shut the sending half down; `FINISH` follows. */
  END: 4,
  /** Flush, then close; `CLOSED` follows. */
  CLOSE: 5,
  /** Close now; what the kernel does not take at once is dropped; `CLOSED` follows. */
  DESTROY: 6,
  /** Close now with a reset to the peer (SO_LINGER of zero); `CLOSED` follows. */
  RESET: 7,
  /** Stop reading (or, on a listener, accepting). */
  PAUSE: 8,
  /** Read (or accept) again. */
  RESUME: 9,
  /** Report `DRAIN` once, as soon as queued output is `a` bytes or less. */
  WATCH_DRAIN: 10,
  /** Answer a datagram in the receive slab with the bytes where its payload is: `a` offset of its header, `b` length. */
  REPLY_DATAGRAM: 20,
  /** Send a datagram of the send slab: `a` offset of its header, `b` length of the payload behind it. */
  SEND_DATAGRAM: 21,
  /** Send bytes of the receive slab under a header of the send slab: `a` offset of the header, `b` of the bytes. */
  FORWARD_DATAGRAM: 22,
} as const

/** Which system call an `ERROR` event speaks of (word `b`). */
export const Syscall = { recv: 1, send: 2, connect: 3, accept: 4, shutdown: 5, poll: 6, sendfile: 7 } as const

/** Words of the control block, an `Int32Array` that both sides write. */
export const Control = {
  /** Records in the submission ring. The reactor sets it to 0 when it has taken them. */
  SUBMITTED: 0,
  /** Bytes used in the send slab. The reactor sets it to 0 together with `SUBMITTED`. */
  SEND_CURSOR: 1,
  /** 1: lend a fresh receive slab at the end of this dispatch (`lendSlab`). */
  NEED_SLAB: 2,
  /** 1: lend a fresh pool at the end of this dispatch (`lendPool`). */
  NEED_POOL: 3,
  /** 1: lend a socket table of twice the size at the end of this dispatch (`lendTable`). */
  NEED_TABLE: 4,
} as const

/** Words in the control block. */
export const CONTROL_WORDS = 16

/** Columns of the socket table, a `Float64Array` with `TABLE_COLUMNS` numbers for each slot. */
export const Column = {
  /**
   * Bytes written and not yet with the kernel. JavaScript adds what it writes; the reactor sets it to the
   * true backlog whenever it has sent.
   */
  QUEUED: 0,
  /** Bytes received in all. */
  BYTES_READ: 1,
  /** Bytes that the kernel took in all. */
  BYTES_WRITTEN: 2,
  /** When bytes last moved either way, in milliseconds of the loop's clock (`uv_now`). */
  LAST_ACTIVITY_MS: 3,
} as const

/** Numbers for each slot in the socket table. */
export const TABLE_COLUMNS = 4

/** Entries of the counters, a `Float64Array` that the reactor keeps up to date. */
export const Counter = {
  turns: 0,
  rounds: 1,
  dispatches: 2,
  events: 3,
  accepted: 4,
  acceptPauses: 5,
  acceptsShed: 6,
  bytesRead: 7,
  bytesWritten: 8,
  receives: 9,
  sends: 10,
  shortSends: 11,
  backlogBytes: 12,
  openSockets: 13,
  staleEvents: 14,
  rejectedSubmissions: 15,
  datagramsReceived: 16,
  datagramsSent: 17,
  datagramsTruncated: 18,
  datagramsDropped: 19,
  datagramErrors: 20,
  segmentedReceives: 21,
  segmentedSends: 22,
  segmentRefusals: 23,
  /** How long all turns took together, in microseconds. */
  turnUs: 24,
  /** The first of the buckets of {@link TURN_DURATION_BOUNDS_US}: how many turns took so long. */
  turnDurations: 25,
  /** The first of the buckets of {@link TURN_EVENT_BOUNDS}: how many turns had so many events. */
  turnEvents: 40,
  /** Bytes that pipes moved by splice(2), and bytes of files. */
  bytesSpliced: 53,
  fileBytes: 54,
} as const

/** Upper bounds, inclusive, of the buckets of turn durations; one more bucket is for what is longer. */
export const TURN_DURATION_BOUNDS_US: readonly number[] = [
  25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
]

/** Upper bounds, inclusive, of the buckets of events in a turn; one more bucket is for more. */
export const TURN_EVENT_BOUNDS: readonly number[] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]

/** Numbers in the counters block. */
export const COUNTERS = 55
