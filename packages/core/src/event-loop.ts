/**
 * The JavaScript half of the reactor: owns the memory that both share, reads the event ring, and calls the channels.
 *
 * ```
 *   reactor ──event ring──▶ dispatch ──▶ Channel.on… ──▶ handlers
 *      ▲                                                    │
 *      └────────────── submission ring ◀── Submissions ◀────┘
 * ```
 */
import {
  type BackendName,
  CONTROL_WORDS,
  COUNTERS,
  Control,
  Counter,
  EventType,
  MAX_SLOTS,
  type NativeReactor,
  Op,
  RECORD_WORDS,
  SLOT_SHIFT,
  TABLE_COLUMNS,
  TURN_DURATION_BOUNDS_US,
  TURN_EVENT_BOUNDS,
} from '@pollux/native-poll'
import { BacklogWatch } from './backlog-watch.js'
import type { Channel } from './channel.js'
import { Chunks } from './chunks.js'
import { debugRequested, revocableCopy, revoke } from './debug.js'
import { type Distribution, readDistribution } from './distribution.js'
import { ErrorCode, SocketError } from './errors.js'
import { IdleTimers } from './idle-timers.js'
import { makeReactor } from './make-reactor.js'
import { lendableMemory, lendableNumbers, lendableWords } from './memory.js'
import { native } from './native.js'
import { forget, watchOver } from './open-loops.js'
import { type EventLoopOptions, type ResolvedLoopOptions, resolveLoopOptions } from './options.js'
import { Submissions } from './submissions.js'
import { raiseUncaught } from './uncaught.js'

// Constants of this module, so that the compiler knows them in the hot loop.
const {
  DATA_BORROWED,
  DATA_KEPT,
  DATA_POOLED,
  ACCEPT,
  CONNECT,
  END,
  DRAIN,
  FINISH,
  ERROR,
  CLOSED,
  ACCEPT_PAUSED,
  ACCEPT_RESUMED,
  READY,
  POLLED,
  BACKLOG,
  PIPED,
  FILE_SENT,
  DATAGRAMS,
  DATAGRAM_ERROR,
} = EventType
const TYPE_MASK = (1 << SLOT_SHIFT) - 1

/** What the addon answers when its table has no row left. */
const NO_SLOT = -native.errorNumber('ENFILE')

let defaultLoop: EventLoop | null = null

/** Names of what `loop.counter` tells. */
export type CounterName = Exclude<keyof typeof Counter, 'turnDurations' | 'turnEvents'>

/** Who is told that something which `reactor.pollLater` named is ready. */
export interface PollListener {
  /** Must not throw. */
  onPolled(): void
  onLoopClosed(): void
}

/**
 * One reactor and the channels on it. It belongs to the thread that made it, shares that thread with Node's own loop,
 * and keeps the process alive only while a referenced socket is open.
 *
 * @example
 * ```ts
 * import { EventLoop } from '@pollux/core'
 *
 * const loop = new EventLoop({ backend: 'poll', maxReadBytes: 16 * 1024 })
 * console.log(loop.backend) // 'poll'
 * loop.close()
 * ```
 */
export class EventLoop {
  /** The kernel facility that this loop waits with. */
  readonly backend: BackendName
  /** The channel of each slot. Internal: channels enter themselves. */
  readonly targets: (Channel | null)[]
  /** The addon's half. Internal. */
  readonly reactor: NativeReactor
  /** What is sent to the reactor. Internal. */
  readonly submissions: Submissions
  /** What came from the reactor. Internal. */
  readonly chunks: Chunks
  /** What waits in `poll` and `select`; null until something did. Internal. */
  polls: PollListener | null = null
  /** Idle timeouts. Internal. */
  readonly timers: IdleTimers
  /** The queued output of all sockets. Internal. */
  readonly backlog: BacklogWatch
  /** The socket table (`Column`); replaced when it grows, so never keep it. Internal. */
  table: Float64Array
  private readonly options: ResolvedLoopOptions
  private readonly control: Int32Array
  private readonly events: Int32Array
  private readonly counters: Float64Array
  private readonly debug: boolean
  private closed = false

  /**
   * The loop of this environment (the main thread or a worker), made when it is first asked for, with the default
   * options.
   */
  static default(): EventLoop {
    if (defaultLoop === null || defaultLoop.closed) defaultLoop = new EventLoop()
    return defaultLoop
  }

  /**
   * @throws TypeError or RangeError for a bad option; SocketError when the kernel has no descriptor left
   */
  constructor(options: EventLoopOptions = {}) {
    const resolved = resolveLoopOptions(options, native.backends, process.env.POLLUX_BACKEND)
    const submissionRing = lendableWords(resolved.submissionCapacity * RECORD_WORDS)
    const sendSlab = Buffer.from(lendableMemory(resolved.sendSlabBytes))
    const slab = lendableMemory(resolved.slabBytes)
    const pool = lendableMemory(resolved.poolBytes)
    this.options = resolved
    this.debug = debugRequested()
    this.targets = new Array<Channel | null>(resolved.initialSlots).fill(null)
    this.table = lendableNumbers(resolved.initialSlots * TABLE_COLUMNS)
    this.control = lendableWords(CONTROL_WORDS)
    this.events = lendableWords(resolved.eventCapacity * RECORD_WORDS)
    this.counters = lendableNumbers(COUNTERS)
    this.reactor = makeReactor(
      {
        backend: resolved.backend,
        control: this.control,
        events: this.events,
        submissions: submissionRing,
        sendSlab,
        receiveSlab: slab,
        pool,
        table: this.table,
        counters: this.counters,
        maxReadBytes: resolved.maxReadBytes,
        copyMaxBytes: resolved.copyMaxBytes,
        acceptBudget: resolved.acceptBudget,
        maxRounds: resolved.maxRounds,
        maxTurnUs: resolved.maxTurnUs,
        busyPollUs: resolved.busyPollUs,
      },
      (count) => this.dispatch(count),
    )
    this.backend = this.reactor.backend
    this.chunks = new Chunks(slab, pool)
    this.submissions = new Submissions(
      this.reactor,
      this.chunks,
      this.control,
      submissionRing,
      sendSlab,
      this.table,
      this.counters,
    )
    this.timers = new IdleTimers(this)
    this.backlog = new BacklogWatch(this, this.counters)
    this.submissions.onAlarm = () => this.backlog.look()
    watchOver(this)
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.closed
  }

  /** The loop's clock in milliseconds, monotonic, with no particular beginning. */
  now(): number {
    return this.reactor.now()
  }

  /** A counter that the reactor keeps, by name; see `Counter` of the addon. */
  counter(name: CounterName): number {
    return this.counters[Counter[name]]
  }

  /** How long turns took, in microseconds, from the first look for work to the last handler's return. */
  turnDurationsUs(): Distribution {
    const { counters } = this
    const sum = counters[Counter.turnUs]
    return readDistribution(counters, Counter.turnDurations, TURN_DURATION_BOUNDS_US, sum)
  }

  /** How many events turns had. */
  eventsPerTurn(): Distribution {
    const { counters } = this
    return readDistribution(counters, Counter.turnEvents, TURN_EVENT_BOUNDS, counters[Counter.events])
  }

  /**
   * Closes every socket at once and gives all resources back. Channels are told as if their sockets had been
   * destroyed. Idempotent; for an orderly end, close the servers instead.
   */
  close(): void {
    if (this.closed) return
    this.closed = true
    forget(this)
    this.timers.stop()
    this.reactor.close()
    this.polls?.onLoopClosed()
    for (let slot = 0; slot < this.targets.length; slot++) {
      const channel = this.targets[slot]
      if (channel === null) continue
      this.targets[slot] = null
      try {
        channel.onClosed()
      } catch (error) {
        this.contain(channel, error)
      }
    }
  }

  /**
   * Makes room for the sockets that `make` asks the addon for, and returns what the addon said: a handle (or several),
   * or `-errno`.
   *
   * @throws SocketError ERR_POLLUX_CLOSED
   */
  openHandle<Several = never>(make: (reactor: NativeReactor) => number | Several): number | Several {
    if (this.closed) throw new SocketError('the event loop is closed', { code: ErrorCode.CLOSED })
    for (;;) {
      const made = make(this.reactor)
      if (made !== NO_SLOT || this.control[Control.NEED_TABLE] === 0 || !this.growTable()) return made
    }
  }

  /** What a handler threw goes to its channel; what that throws, to the process. Never throws. Internal. */
  contain(channel: Channel, error: unknown): void {
    try {
      channel.fail(error)
    } catch (second) {
      raiseUncaught(second)
    }
  }

  /** Reads `count` records of the event ring. Called by the reactor, once for each turn or more; never throws. */
  private dispatch(count: number): void {
    const events = this.events
    const targets = this.targets
    const chunks = this.chunks
    const end = count * RECORD_WORDS
    let at = 0
    let target: Channel | null = null
    // The try stands outside of the loop over the records, and `at` is past the record that threw.
    for (;;) {
      try {
        while (at < end) {
          const head = events[at]
          const slot = head >>> SLOT_SHIFT
          const generation = events[at + 1]
          const a = events[at + 2]
          const b = events[at + 3]
          at += RECORD_WORDS
          target = targets[slot]
          if (target === null || target.generation !== generation) {
            if ((head & TYPE_MASK) === POLLED) this.polls?.onPolled()
            else if ((head & TYPE_MASK) === BACKLOG) this.backlog.look()
            // Nobody is there to take the connection.
            else if ((head & TYPE_MASK) === ACCEPT) this.submissions.push(Op.DESTROY, a, b, 0, 0)
            continue
          }
          switch (head & TYPE_MASK) {
            case DATA_BORROWED:
              if (this.debug) this.deliverRevocable(target, chunks.borrowed(a, b))
              else target.onData(chunks.borrowed(a, b))
              break
            case DATA_KEPT:
              target.onData(chunks.kept(a, b))
              break
            case DATA_POOLED:
              target.onData(chunks.pooled(a, b))
              break
            case ACCEPT:
              target.onAccept(a, b)
              break
            case CONNECT:
              target.onConnect(a)
              break
            case END:
              target.onEnd()
              break
            case DRAIN:
              target.onDrain()
              break
            case FINISH:
              target.onFinish()
              break
            case ERROR:
              target.onError(a, b)
              break
            case CLOSED:
              targets[slot] = null
              target.onClosed()
              break
            case ACCEPT_PAUSED:
              target.onAcceptPaused(a, b)
              break
            case ACCEPT_RESUMED:
              target.onAcceptResumed()
              break
            case READY:
              target.onReady(a)
              break
            case PIPED:
              target.onPiped(a)
              break
            case FILE_SENT:
              target.onFileSent()
              break
            case DATAGRAMS:
              target.onDatagrams(a, b)
              break
            case DATAGRAM_ERROR:
              target.onDatagramError(a, b)
              break
          }
        }
        break
      } catch (error) {
        if (target !== null) this.contain(target, error)
      }
    }
    chunks.release()
    this.lendWhatIsNeeded()
  }

  private deliverRevocable(target: Channel, chunk: Buffer): void {
    const copy = revocableCopy(chunk)
    try {
      target.onData(copy)
    } finally {
      revoke(copy)
    }
  }

  private lendWhatIsNeeded(): void {
    const { control, options } = this
    if (this.closed) return
    try {
      if (control[Control.NEED_SLAB] !== 0) {
        const slab = lendableMemory(options.slabBytes)
        this.reactor.lendSlab(slab)
        this.chunks.replaceSlab(slab)
        control[Control.NEED_SLAB] = 0
      }
      if (control[Control.NEED_POOL] !== 0) {
        const pool = lendableMemory(options.poolBytes)
        this.reactor.lendPool(pool)
        this.chunks.replacePool(pool)
        control[Control.NEED_POOL] = 0
      }
      if (control[Control.NEED_TABLE] !== 0) this.growTable()
    } catch (error) {
      // No memory to lend: the reactor goes on with what it has, and asks again.
      raiseUncaught(error)
    }
  }

  /** False where it is as large as it can be. */
  private growTable(): boolean {
    const slots = Math.min(this.targets.length * 2, MAX_SLOTS)
    this.control[Control.NEED_TABLE] = 0
    if (slots === this.targets.length) return false
    const table = lendableNumbers(slots * TABLE_COLUMNS)
    this.reactor.lendTable(table)
    this.table = table
    this.submissions.table = table
    while (this.targets.length < slots) this.targets.push(null)
    return true
  }
}
