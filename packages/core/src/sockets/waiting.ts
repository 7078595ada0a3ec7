/**
 * Promises that wait until a socket is ready: one queue for each direction, so that the calls of one direction are done
 * in the order in which they were asked for.
 *
 * ```
 *   perform ─▶ attempt ── done ──▶ result
 *                 │ would block
 *                 ▼
 *              [ head, … ] ─▶ reactor.watch ──READY──▶ head attempts again, then the next, until one would block
 *                 │
 *                 └─▶ timeout, abort, close: rejected, and the next one is head
 * ```
 */
import { HANDLE_BASE, Readiness } from '@pollux/native-poll'
import { onAbort } from '../abort.js'
import { Channel } from '../channel.js'
import { ErrorCode, SocketError } from '../errors.js'
import type { EventLoop } from '../event-loop.js'
import { failureMessage, systemError } from '../system-error.js'
import type { Patience } from '../wait-options.js'
import { WOULD_BLOCK, type WouldBlock } from './would-block.js'

const { READABLE, WRITABLE, ERROR, HANGUP, PRIORITY } = Readiness

/** The queue of an operation, which is also what it waits for. Urgent data has a queue of its own. */
export const Direction = { in: READABLE, out: WRITABLE, urgent: PRIORITY } as const
export type Direction = (typeof Direction)[keyof typeof Direction]

/** One call that a promise stands for. */
export interface Operation<Result> {
  /** For messages: 'recv'. */
  readonly syscall: string
  readonly direction: Direction
  /** What was done so far. */
  readonly bytesTransferred: number
  /** Does what can be done now, and returns the result when that was all. Throws what the call fails with. */
  attempt(): Result | WouldBlock
}

/**
 * Some sockets are reported as ready while the call on them would block: a Unix datagram socket that is not connected,
 * when the receiver's queue is full (unix(7)). After so many times in a row the next attempt waits for a timer.
 */
const MAX_FRUITLESS = 2
const MAX_RETRY_MS = 64

class Lane {
  readonly queue: Pending<unknown>[] = []
  /** How often in a row its head was woken for nothing. */
  fruitless = 0
  retry: NodeJS.Timeout | undefined

  constructor(readonly direction: Direction) {}
}

class Pending<Result> {
  private timer: NodeJS.Timeout | undefined
  private forgetSignal: (() => void) | undefined

  constructor(
    readonly operation: Operation<Result>,
    private readonly patience: Patience,
    private readonly resolve: (result: Result) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  /** Calls `giveUp` with the reason when its time is over. */
  start(giveUp: (reason: unknown) => void): void {
    const { signal, timeoutMs } = this.patience
    if (signal) this.forgetSignal = onAbort(signal, () => giveUp(signal.reason))
    // The socket decides whether the process stays alive.
    if (timeoutMs !== undefined) {
      this.timer = setTimeout(() => giveUp(timeoutError(this.operation, timeoutMs)), timeoutMs).unref()
    }
  }

  succeed(result: Result): void {
    this.stop()
    this.resolve(result)
  }

  fail(error: unknown): void {
    this.stop()
    this.reject(error)
  }

  private stop(): void {
    clearTimeout(this.timer)
    this.forgetSignal?.()
  }
}

/** Told of the end of a socket, beside the calls that wait on it. */
export interface Observer {
  /** The socket was closed, or cannot be watched. */
  onLost(error: unknown): void
}

/** All that waits on one socket. */
export class Waiting extends Channel {
  private readonly lanes = [READABLE, WRITABLE, PRIORITY].map((direction) => new Lane(direction))
  private readonly observers = new Set<Observer>()
  /** What the reactor was asked to report and has not reported yet. */
  private armed = 0

  constructor(loop: EventLoop, handle: number) {
    super(loop, handle % HANDLE_BASE, Math.floor(handle / HANDLE_BASE))
  }

  /** Whether nobody waits in that direction. */
  isFree(direction: Direction): boolean {
    return this.laneOf(direction).queue.length === 0
  }

  /** Queues an operation that would block now. */
  enqueue<Result>(operation: Operation<Result>, patience: Patience): Promise<Result> {
    return this.push(operation, patience, () => this.arm())
  }

  /** Queues an operation for the next turn of the event loop, whether it would block or not. */
  postpone<Result>(operation: Operation<Result>, patience: Patience): Promise<Result> {
    return this.push(operation, patience, (lane) => {
      setImmediate(() => {
        this.pump(lane)
        this.arm()
      })
    })
  }

  private push<Result>(
    operation: Operation<Result>,
    patience: Patience,
    begin: (lane: Lane) => void,
  ): Promise<Result> {
    const lane = this.laneOf(operation.direction)
    return new Promise((resolve, reject) => {
      const pending = new Pending(operation, patience, resolve, reject)
      // First what can throw: an operation that nobody hears of must not receive what is another's.
      pending.start((reason) => this.giveUp(lane, pending as Pending<unknown>, reason))
      lane.queue.push(pending as Pending<unknown>)
      begin(lane)
    })
  }

  /** `observer` is told until it is removed. */
  addObserver(observer: Observer): void {
    this.observers.add(observer)
  }

  removeObserver(observer: Observer): void {
    this.observers.delete(observer)
  }

  /** Rejects all that waits, with an error of its own for each operation. The socket is closed. */
  end(reason: string): void {
    if (this.loop.targets[this.slot] === this) this.loop.targets[this.slot] = null
    this.rejectAll(({ syscall, bytesTransferred }) => closedError(syscall, reason, bytesTransferred))
  }

  /** Something was done to the socket that may end the waiting, and that not every backend reports. */
  wakeAll(): void {
    for (const lane of this.lanes) this.wake(lane)
    this.arm()
  }

  override onReady(bits: number): void {
    const broken = (bits & (ERROR | HANGUP)) !== 0
    this.armed = broken ? 0 : this.armed & ~bits
    for (const lane of this.lanes) {
      if (broken || bits & lane.direction) this.wake(lane)
    }
    this.arm()
  }

  override onClosed(): void {
    this.end('the event loop was closed')
  }

  override fail(error: unknown): void {
    this.rejectAll(() => error)
  }

  private laneOf(direction: Direction): Lane {
    return this.lanes.find((lane) => lane.direction === direction) as Lane
  }

  /** Its socket is ready, or may be. */
  private wake(lane: Lane): void {
    if (lane.queue.length === 0) return
    const { operation } = lane.queue[0]
    const before = operation.bytesTransferred
    this.pump(lane)
    const stuck = lane.queue[0]?.operation === operation && operation.bytesTransferred === before
    lane.fruitless = stuck ? lane.fruitless + 1 : 0
  }

  /** Does what can be done, from the head on. */
  private pump(lane: Lane): void {
    const { queue } = lane
    while (queue.length > 0) {
      const pending = queue[0]
      try {
        const result = attempt(pending.operation)
        if (result === WOULD_BLOCK) return
        queue.shift()
        pending.succeed(result)
      } catch (error) {
        queue.shift()
        pending.fail(error)
      }
    }
  }

  private giveUp(lane: Lane, pending: Pending<unknown>, reason: unknown): void {
    const wasHead = lane.queue[0] === pending
    lane.queue.splice(lane.queue.indexOf(pending), 1)
    pending.fail(reason)
    if (wasHead) {
      // What stood behind it may not have to wait.
      lane.fruitless = 0
      this.pump(lane)
      this.arm()
    }
  }

  /** Asks the reactor for whatever somebody waits for. What nobody waits for any more is left to come in vain. */
  private arm(): void {
    let wanted = 0
    for (const lane of this.lanes) {
      if (lane.queue.length === 0) continue
      if (lane.fruitless > MAX_FRUITLESS) this.retryLater(lane)
      else wanted |= lane.direction
    }
    if ((wanted & ~this.armed) === 0) return
    wanted |= this.armed
    const result = this.loop.reactor.watch(this.handle, wanted)
    if (result < 0) this.rejectAll(() => systemError(result, 'poll'))
    else this.armed = wanted
  }

  private retryLater(lane: Lane): void {
    if (lane.retry !== undefined) return
    const delay = Math.min(2 ** (lane.fruitless - MAX_FRUITLESS - 1), MAX_RETRY_MS)
    lane.retry = setTimeout(() => {
      lane.retry = undefined
      this.wake(lane)
      this.arm()
    }, delay).unref()
  }

  private rejectAll(
    errorFor: (operation: Pick<Operation<unknown>, 'syscall' | 'bytesTransferred'>) => unknown,
  ) {
    for (const lane of this.lanes) {
      clearTimeout(lane.retry)
      lane.retry = undefined
      for (const pending of lane.queue.splice(0)) pending.fail(errorFor(pending.operation))
    }
    const observers = [...this.observers]
    this.observers.clear()
    for (const observer of observers) observer.onLost(errorFor({ syscall: 'poll', bytesTransferred: 0 }))
  }
}

/** One attempt, whose error says what was done before it. */
export function attempt<Result>(operation: Operation<Result>): Result | WouldBlock {
  try {
    return operation.attempt()
  } catch (error) {
    throw withBytes(error, operation)
  }
}

/** The error, which says how much was done before it, if that is anything. */
export function withBytes<Failure>(error: Failure, { bytesTransferred }: Operation<unknown>): Failure {
  if (bytesTransferred > 0 && error instanceof Error) Object.assign(error, { bytesTransferred })
  return error
}

/** That `timeoutMs` passed. */
export function timeoutError(
  { syscall, bytesTransferred }: Operation<unknown>,
  timeoutMs: number,
): SocketError {
  return new SocketError(failureMessage(syscall, '', `not done within ${timeoutMs} ms`, ErrorCode.TIMEOUT), {
    code: ErrorCode.TIMEOUT,
    syscall,
    ...(bytesTransferred > 0 && { bytesTransferred }),
  })
}

function closedError(syscall: string, reason: string, bytesTransferred: number): SocketError {
  return new SocketError(failureMessage(syscall, '', reason, ErrorCode.CLOSED), {
    code: ErrorCode.CLOSED,
    syscall,
    ...(bytesTransferred > 0 && { bytesTransferred }),
  })
}
