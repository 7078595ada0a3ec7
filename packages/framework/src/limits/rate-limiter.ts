/** Messages and bytes per second, for each connection of a loop. */
import { CloseReason } from '../connection/close-reason.js'
import type { AnyConnection } from '../connection/connection.js'
import { Hold } from '../connection/holds.js'
import { rateLimited } from '../failures.js'
import { FULL, type Rate } from './rate.js'

/** How often those who are held are looked at; as fine as the timers of connections. */
const REVIEW_MS = 16

/** One bucket for each connection, by its slot. */
class Buckets {
  private states = new Float64Array(0)

  constructor(
    readonly rate: Rate,
    readonly what: string,
  ) {}

  /** The connection in this slot is a new one. */
  fill(slot: number): void {
    if (slot >= this.states.length) {
      const larger = new Float64Array(Math.max(slot + 1, this.states.length * 2, 64)).fill(FULL)
      larger.set(this.states)
      this.states = larger
    }
    this.states[slot] = FULL
  }

  take(slot: number, nowMs: number, tokens: number): void {
    this.states[slot] = this.rate.take(this.states[slot], nowMs, tokens)
  }

  readyMs(slot: number, tokens: number): number {
    return this.rate.readyMs(this.states[slot], tokens)
  }
}

/**
 * Takes tokens for what was received, and holds whoever owes some:
 *
 * ```
 *   received: bytes ──┐
 *   message: one ─────┴─▶ bucket ──empty──▶ Hold.RATE ──▶ review, every 16 ms ──there again──▶ release
 *                                     └──▶ destroyed, with `overRate: 'close'`
 * ```
 *
 * While a connection is held nothing is read from it, so that the kernel, and then the peer, has to wait.
 */
export class RateLimiter {
  private readonly buckets: { readonly bytes: Buckets | null; readonly messages: Buckets | null }
  /** Who is held. */
  private readonly held = new Set<AnyConnection>()
  private timer: NodeJS.Timeout | undefined = undefined

  /**
   * @param clock milliseconds that never go back
   * @param receivedMs the same for when a connection last received something: a little less, and cheap
   */
  constructor(
    bytes: Rate | null,
    messages: Rate | null,
    private readonly closes: boolean,
    private readonly clock: () => number,
    private readonly receivedMs: (connection: AnyConnection) => number,
  ) {
    this.buckets = {
      bytes: bytes === null ? null : new Buckets(bytes, 'bytes'),
      messages: messages === null ? null : new Buckets(messages, 'messages'),
    }
  }

  /** How many connections wait for tokens. */
  get waiting(): number {
    return this.held.size
  }

  opened(slot: number): void {
    this.buckets.bytes?.fill(slot)
    this.buckets.messages?.fill(slot)
  }

  /** Some bytes came. They are here: what is over the limit is owed. */
  received(connection: AnyConnection, count: number): void {
    const bytes = this.buckets.bytes as Buckets
    const { slot } = connection
    const thenMs = this.receivedMs(connection)
    bytes.take(slot, thenMs, count)
    if (bytes.readyMs(slot, 0) > thenMs) this.over(connection, bytes, 0)
  }

  /** A message came. @returns false if the handler is not to see it */
  message(connection: AnyConnection): boolean {
    const messages = this.buckets.messages as Buckets
    const { slot } = connection
    const thenMs = this.receivedMs(connection)
    messages.take(slot, thenMs, 1)
    // One that is held has to find a token for its next message.
    const tokens = this.closes ? 0 : 1
    if (messages.readyMs(slot, tokens) <= thenMs) return true
    this.over(connection, messages, tokens)
    return !this.closes || connection.readyState !== 'closed'
  }

  closed(connection: AnyConnection): void {
    this.held.delete(connection)
    if (this.held.size === 0) this.stop()
  }

  /** Lets those go on whose tokens are there. */
  review(): void {
    const nowMs = this.clock()
    for (const connection of this.held) {
      if (this.readyMs(connection.slot) > nowMs) continue
      this.held.delete(connection)
      connection.release(Hold.RATE)
    }
    if (this.held.size === 0) this.stop()
  }

  private readyMs(slot: number): number {
    const { bytes, messages } = this.buckets
    const byBytes = bytes === null ? FULL : bytes.readyMs(slot, 0)
    const byMessages = messages === null ? FULL : messages.readyMs(slot, 1)
    return Math.max(byBytes, byMessages)
  }

  private over(connection: AnyConnection, buckets: Buckets, tokens: number): void {
    // It may have waited here for a while since it was received.
    if (buckets.readyMs(connection.slot, tokens) <= this.clock()) return
    if (this.closes) {
      connection.destroyFor(CloseReason.RATE_LIMITED, rateLimited(buckets.what, buckets.rate.perSecond))
      return
    }
    connection.hold(Hold.RATE)
    this.held.add(connection)
    // The socket keeps the process alive, not its limit.
    this.timer ??= setInterval(() => this.review(), REVIEW_MS).unref()
  }

  private stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }
}
