/** The requests of one connection: those that wait to be sent, and those that wait to be answered. */
import type { Patience } from '@pollux/core'
import type { Connection } from '../connection/connection.js'
import { noAnswer, notOpen, requestNotSent, tooManyWaiting } from '../failures.js'
import type { PendingRequests } from './pending-requests.js'
import { Request } from './request.js'

/** A connection, as far as its state is of no interest. */
// biome-ignore lint/suspicious/noExplicitAny: whatever its state is
export type Transport<In, Out> = Connection<any, In, Out>

/**
 * ```
 *   request() ──▶ unsent ──▶ send ──▶ pending ──▶ answered()
 *                 while maxInFlight are pending, or the output is above its watermark
 * ```
 */
export class Exchange<In, Out> {
  private readonly connection: Transport<In, Out>
  private readonly pending: PendingRequests<In, Out>
  private readonly unsent = new Set<Request<In, Out>>()
  private readonly maxInFlight: number
  private readonly maxWaiting: number
  private isAboveWatermark = false

  constructor(
    connection: Transport<In, Out>,
    pending: PendingRequests<In, Out>,
    maxInFlight: number,
    maxWaiting: number,
  ) {
    this.connection = connection
    this.pending = pending
    this.maxInFlight = maxInFlight
    this.maxWaiting = maxWaiting
  }

  /** Requests without an answer, sent and unsent. */
  get length(): number {
    return this.pending.length + this.unsent.size
  }

  request(message: Out, patience: Patience): Promise<In> {
    if (patience.signal?.aborted) return Promise.reject(patience.signal.reason)
    if (this.connection.readyState !== 'open') return Promise.reject(notOpen())
    const mustWait = this.unsent.size > 0 || !this.hasRoom
    if (mustWait && this.unsent.size >= this.maxWaiting) {
      return Promise.reject(tooManyWaiting(this.maxWaiting, 'earlier requests'))
    }
    const request = new Request<In, Out>(message)
    if (mustWait) this.unsent.add(request)
    else this.send(request)
    if (!request.isSettled) request.watch(patience, (late) => this.gaveUp(late))
    return request.answer
  }

  /** What the message is: an answer, and somebody got it or it came too late; or null. */
  answered(answer: In): boolean {
    const request = this.pending.take(answer)
    if (request === null) return false
    request?.succeed(answer)
    this.sendMore()
    return true
  }

  watermark(above: boolean): void {
    this.isAboveWatermark = above
    if (!above) this.sendMore()
  }

  /** Nothing is answered any more. */
  closed(error: unknown): void {
    for (let request = this.pending.shift(); request !== undefined; request = this.pending.shift()) {
      request.fail(noAnswer(error))
    }
    this.failUnsent()
  }

  private get hasRoom(): boolean {
    return !this.isAboveWatermark && this.pending.length < this.maxInFlight
  }

  private sendMore(): void {
    for (const request of this.unsent) {
      if (!this.hasRoom) return
      if (this.connection.readyState !== 'open') {
        this.failUnsent()
        return
      }
      this.unsent.delete(request)
      this.send(request)
    }
  }

  private send(request: Request<In, Out>): void {
    const { connection } = this
    const { statistics } = connection
    const droppedBefore = statistics.droppedMessages
    try {
      this.pending.check(request)
      if (!connection.send(request.message) && statistics.droppedMessages !== droppedBefore) {
        request.fail(requestNotSent())
        return
      }
    } catch (error) {
      request.fail(error)
      return
    }
    this.pending.add(request)
  }

  private gaveUp(request: Request<In, Out>): void {
    if (!this.unsent.delete(request)) this.pending.giveUp(request)
    // Its place may be free now.
    this.sendMore()
  }

  private failUnsent(): void {
    for (const request of this.unsent) {
      this.unsent.delete(request)
      request.fail(notOpen())
    }
  }
}
