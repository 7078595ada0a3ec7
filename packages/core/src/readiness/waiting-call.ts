/** One call of `poll` or `select` that a promise stands for, until it is settled. */
import { onAbort } from '../abort.js'
import { ErrorCode, SocketError } from '../errors.js'
import type { EventLoop } from '../event-loop.js'
import { coreOf } from '../sockets/open-socket.js'
import type { Socket } from '../sockets/socket.js'
import type { Observer, Waiting } from '../sockets/waiting.js'
import { failureMessage } from '../system-error.js'
import { checkInteger, checkObject, checkSignal } from '../validate.js'
import { MAX_TIMEOUT_MS } from '../wait-options.js'
import { loopFor } from './descriptors.js'
import { PendingCalls } from './pending-calls.js'

/** What `poll` and `select` can be told beside what to wait for. */
export interface PollOptions {
  /** Rejects the promise with the signal's reason. */
  signal?: AbortSignal
  /** The loop that waits. Default: that of the first socket, else `EventLoop.default()`. */
  loop?: EventLoop
}

/** What a call asks, and how it looks for the answer. */
export interface Question<Answer> {
  /** For messages: 'poll'. */
  readonly syscall: string
  readonly descriptors: Iterable<Socket | number>
  /** The fds to wait for, each at least once, with the events of poll(2). */
  wanted(): Iterable<{ fd: number; events: number }>
  /** Looks once, without waiting; undefined where the answer would be that nothing is ready. @throws SocketError */
  look(): Answer | undefined
  /** That nothing is ready. */
  nothing(): Answer
}

/**
 * An answer that is there at once takes no turn of the event loop. A program that does nothing but ask, of sockets that
 * are always ready, would never let timers and other I/O have theirs: each so many answers it does.
 */
const ANSWERS_PER_TURN = 16
let answersAtOnce = 0

/**
 * Looks, and where nothing is ready waits for `timeoutMs` (-1: for ever).
 *
 * @param wanted the loop that waits, if it matters to the caller
 * @throws TypeError, RangeError, SocketError, and the signal's reason
 */
export async function ask<Answer>(
  question: Question<Answer>,
  wanted: EventLoop | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  checkInteger(timeoutMs, 'timeoutMs', -1, MAX_TIMEOUT_MS)
  if (signal !== undefined) checkSignal(signal, 'options.signal')
  const loop = loopFor(wanted, question.descriptors)
  signal?.throwIfAborted()
  if (loop.isClosed) throw loopClosed(question.syscall)
  const answer = question.look() ?? (timeoutMs === 0 ? question.nothing() : undefined)
  if (answer === undefined) {
    return new Promise((resolve, reject) => {
      new WaitingCall(question, PendingCalls.of(loop), resolve, reject).start(timeoutMs, signal)
    })
  }
  if (++answersAtOnce < ANSWERS_PER_TURN) return answer
  answersAtOnce = 0
  return new Promise((resolve) => setImmediate(resolve, answer))
}

export class WaitingCall<Answer> implements Observer {
  private readonly observed = new Set<Waiting>()
  private timer: NodeJS.Timeout | undefined
  private forgetSignal: (() => void) | undefined
  private settled = false

  constructor(
    private readonly question: Question<Answer>,
    private readonly pending: PendingCalls,
    private readonly onAnswer: (answer: Answer) => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(timeoutMs: number, signal: AbortSignal | undefined): void {
    // First what can throw: nothing is left behind then.
    if (signal) this.forgetSignal = onAbort(signal, () => this.reject(signal.reason))
    this.observe()
    if (timeoutMs > 0) this.timer = setTimeout(() => this.giveUp(), timeoutMs)
    this.pending.add(this as WaitingCall<unknown>)
  }

  wanted(): Iterable<{ fd: number; events: number }> {
    return this.question.wanted()
  }

  /** Something that it waits for may be ready. */
  look(): void {
    if (this.settled) return
    try {
      const answer = this.question.look()
      if (answer !== undefined) this.resolve(answer)
    } catch (error) {
      this.reject(error)
    }
  }

  reject(error: unknown): void {
    if (this.settle()) this.onError(error)
  }

  onLoopClosed(): void {
    this.reject(loopClosed(this.question.syscall))
  }

  /** A socket was closed: settled before anything else can have its fd, which the thread lets go of. */
  onLost(): void {
    this.look()
    // It was not this call that lost it.
    if (!this.settled) this.observe()
    this.pending.flush()
  }

  private giveUp(): void {
    this.look()
    this.resolve(this.question.nothing())
  }

  private resolve(answer: Answer): void {
    if (this.settle()) this.onAnswer(answer)
  }

  /** False where it is settled already. */
  private settle(): boolean {
    if (this.settled) return false
    this.settled = true
    clearTimeout(this.timer)
    this.forgetSignal?.()
    for (const waiting of this.observed) waiting.removeObserver(this)
    this.pending.delete(this as WaitingCall<unknown>)
    return true
  }

  private observe(): void {
    for (const each of this.question.descriptors) {
      if (typeof each === 'number') continue
      const waiting = coreOf(each).makeWaiting()
      waiting.addObserver(this)
      this.observed.add(waiting)
    }
  }
}

/** @throws TypeError */
export function checkPollOptions(options: PollOptions = {}): PollOptions {
  return checkObject(options, 'options')
}

function loopClosed(syscall: string): SocketError {
  const message = failureMessage(syscall, '', 'the event loop was closed', ErrorCode.CLOSED)
  return new SocketError(message, { code: ErrorCode.CLOSED, syscall })
}
