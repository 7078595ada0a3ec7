/** `for await (const message of connection)`. */
import type { Adapter } from '../connection/adapter.js'
import { CloseReason } from '../connection/close-reason.js'
import type { Connection } from '../connection/connection.js'
import { Hold } from '../connection/holds.js'
import { closedBeforeEnd } from '../failures.js'

interface Waiter<In> {
  resolve(result: IteratorResult<In, undefined>): void
  reject(reason: unknown): void
}

/** Closed by the user, who knows. */
const OWN_REASONS: readonly string[] = [CloseReason.ENDED, CloseReason.DESTROYED, CloseReason.RESET]

/**
 * The messages of one connection, decoded as they are asked for.
 *
 * ```
 *   next() ──release──▶ decode one ──received──▶ hold, until the next next()
 * ```
 */
export class MessageIterator<State, In, Out> implements AsyncIterableIterator<In>, Adapter<In> {
  private readonly connection: Connection<State, In, Out>
  /** Whether ending our half is left to the user. */
  private readonly endsItself: boolean
  /** Who waits for a message. */
  private readonly waiters: Waiter<In>[] = []
  /** What came without being asked for: the last messages of a codec, once the peer has ended. */
  private readonly messages: In[] = []
  /** The peer has ended, or nobody wants more: nothing comes behind `messages`. */
  private isDone = false
  /** What failed the connection, until it is thrown. */
  private failure: unknown = undefined
  private awaitsHandler = false

  /** @param allowHalfOpen whether ending our half is left to the user */
  constructor(connection: Connection<State, In, Out>, allowHalfOpen: boolean) {
    this.connection = connection
    this.endsItself = !allowHalfOpen
    // The peer has sent nothing and left, before anybody asked.
    if (connection.readyState === 'closed' && connection.closeReason === CloseReason.ENDED) this.isDone = true
    else connection.adopt<In>(this)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<In, undefined>> {
    if (this.messages.length > 0) return Promise.resolve({ done: false, value: this.messages.shift() as In })
    if (this.failure !== undefined) {
      const { failure } = this
      this.failure = undefined
      return Promise.reject(failure)
    }
    if (this.isDone) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject })
      this.connection.release(Hold.ADAPTER)
    })
  }

  /** The loop was left early: our half ends, and what still comes is thrown away, so that the peer's end is seen. */
  return(): Promise<IteratorResult<In, undefined>> {
    if (!this.isDone) {
      this.finish()
      this.messages.length = 0
      this.connection.end()
      this.connection.release(Hold.ADAPTER)
    }
    this.failure = undefined
    return Promise.resolve({ done: true, value: undefined })
  }

  onMessage(message: In): void {
    if (this.isDone) return
    const waiter = this.waiters.shift()
    if (waiter === undefined) this.messages.push(message)
    else waiter.resolve({ done: false, value: message })
    if (this.waiters.length === 0) this.connection.holdDelivery(Hold.ADAPTER)
  }

  onPeerEnd(): void {
    this.finish()
    if (!this.endsItself) return
    // What comes after the loop may still be an answer.
    if (this.connection.handlerRuns) this.awaitsHandler = true
    else setImmediate(() => this.connection.end())
  }

  onHandlerDone(): void {
    if (this.awaitsHandler) this.connection.end()
  }

  onClosed(error: unknown): void {
    if (this.isDone) return
    const reason = this.connection.closeReason
    if (error !== undefined) this.failure = error
    else if (!OWN_REASONS.includes(reason ?? '')) this.failure = closedBeforeEnd(reason)
    const waiter = this.failure === undefined ? undefined : this.waiters.shift()
    if (waiter !== undefined) {
      waiter.reject(this.failure)
      this.failure = undefined
    }
    this.finish()
  }

  onDrained(): void {}

  onFinished(): void {}

  private finish(): void {
    this.isDone = true
    for (const waiter of this.waiters) waiter.resolve({ done: true, value: undefined })
    this.waiters.length = 0
  }
}
