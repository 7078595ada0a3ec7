/**
 * Standing still: why a connection reads and delivers nothing for now, and what waits with it meanwhile.
 *
 * ```
 *   hold(reason)    ─▶ one reason or more ─▶ reading pauses, what has come waits in `rest`
 *   release(reason) ─▶ none is left       ─▶ deliverWaiting, in a microtask; reading goes on
 * ```
 *
 * Some go past it: a filter reads for its handshake, and a pipe takes bytes while handlers get none.
 */
import { Op } from '@pollux/core'
import type { PipeFrom } from './connection-info.js'
import { ConnectionOutput } from './connection-output.js'
import { DECODING, DELIVERY_DUE, END_WAITS, FILTER_READS, READ_PAUSED } from './flags.js'
import { Hold } from './holds.js'
import { Lifecycle } from './lifecycle.js'
import { Rest } from './rest.js'

const { PEER_ENDED, ENDED, CLOSING } = Lifecycle

/** What keeps messages from handlers, but not bytes from a pipe. */
const NOT_OF_PIPES = Hold.HANDLER | Hold.ADAPTER | Hold.PIPE

/** What stops a filter, too: it is for the socket's sake, and not for that of whoever takes the messages. */
const THROTTLES = Hold.OVERLOAD | Hold.RATE

export abstract class ConnectionHolds<State, In, Out> extends ConnectionOutput<State, In, Out> {
  /** Bits of {@link Hold}. */
  protected holds = 0
  /** What was received and not delivered. */
  protected rest: Rest | null = null

  /** Whether `pause` is in force. */
  get isPaused(): boolean {
    return (this.holds & Hold.USER) !== 0
  }

  /** Bits of {@link Hold}: why nothing is read or delivered; 0 if that is not so. */
  get heldBy(): number {
    return this.holds
  }

  /**
   * Stops reading and delivering: the peer's bytes wait in the kernel, and then in the peer. Its end is not noticed
   * meanwhile.
   */
  pause(): void {
    this.hold(Hold.USER)
  }

  /** Reads again. */
  resume(): void {
    this.release(Hold.USER)
  }

  /**
   * Plugins: nothing is read or delivered until this reason, one of {@link Hold}, is released, and all others are.
   */
  override hold(reason: number): void {
    if (this.lifecycle > ENDED) return
    if (this.holds === 0) this.stopMessageClock()
    this.holds |= reason
    if (!this.mayRead) this.pauseReading()
  }

  /** Plugins: undoes `hold`. What has waited is delivered soon after this returns. */
  override release(reason: number): void {
    if ((this.holds & reason) === 0) return
    this.holds &= ~reason
    if (this.lifecycle > ENDED) return
    if (this.stands) {
      const isPiped = (this.holds & Hold.PIPE) !== 0
      if (this.filterReads || (isPiped && this.mayRead)) this.resumeReading()
      return
    }
    this.startMessageClock()
    // A decoder further down the stack sees by itself that it may go on, but not that reading stands still.
    const { flags } = this
    if ((this.rest === null && (flags & END_WAITS) === 0) || (flags & DECODING) !== 0) this.resumeReading()
    else if ((flags & DELIVERY_DUE) === 0) {
      this.flags |= DELIVERY_DUE
      queueMicrotask(() => this.deliverWaiting())
    }
  }

  /** Internal: as `hold`, but reading stops only when more has come: whoever holds is mostly faster than the peer. */
  holdDelivery(reason: number): void {
    if (this.lifecycle <= ENDED) this.holds |= reason
  }

  /**
   * Filters: whether the socket is read although somebody holds the connection, so that a handshake can go on while a
   * handler waits for its end.
   */
  readForFilter(reads: boolean): void {
    if (this.lifecycle > ENDED) return
    if (reads) {
      this.flags |= FILTER_READS
      if (this.filterReads) this.resumeReading()
    } else {
      this.flags &= ~FILTER_READS
      // The opening is about to go on, as a rule.
      if ((this.holds & ~Hold.OPENING) !== 0) this.pauseReading()
    }
  }

  /** Filters: what was received and not delivered; it is the filter's from then on. */
  takeUndelivered(): Buffer | undefined {
    const { rest } = this
    this.rest = null
    return rest === null || rest.length === 0 ? undefined : rest.takeAll()
  }

  /** Pipes: what is received from now on is theirs, until `endPipe`. Not from within a decoder: what it leaves is theirs. */
  beginPipe(pipe: PipeFrom): void {
    this.details.pipeFrom = pipe
    this.holds |= Hold.PIPE
  }

  /** Pipes: what was received and not delivered; null: nothing. Reading goes on. */
  takeReceived(): Buffer | null {
    const { rest } = this
    this.rest = null
    if (this.mayRead) this.resumeReading()
    return rest === null ? null : rest.takeAll()
  }

  /** Pipes: whether the peer has ended, after what `takeReceived` gives. */
  get peerHasEnded(): boolean {
    const { lifecycle } = this
    return (this.flags & END_WAITS) !== 0 || lifecycle === PEER_ENDED || lifecycle === CLOSING
  }

  /**
   * Pipes: the handlers get what is received again.
   *
   * @param finished the pipe has moved all there was, up to the peer's end
   */
  endPipe(finished: boolean): void {
    this.details.pipeFrom = undefined
    // Without handlers the end would wait for an iterator that has nothing to wait for, and the connection stay for ever.
    if (finished && this.settings.adapter === null) this.release(Hold.ADAPTER)
    this.release(Hold.PIPE_FULL)
    this.release(Hold.PIPE)
  }

  /** When the message began that is incomplete, on the peer's own clock; 0: there is none. */
  protected messageBeganMs(nowMs: number): number {
    const { rest } = this
    if (rest === null || rest.beganMs === 0) return 0
    return rest.heldMs === 0 ? rest.beganMs : rest.beganMs + nowMs - rest.heldMs
  }

  /** Delivers what waited while the connection was held, and reads on. Not called from within a decoder. */
  protected abstract deliverWaiting(): void

  /** Nothing that was received matters any more. */
  protected dropInput(): void {
    this.rest = null
  }

  /**
   * Whether the peer's end has to wait, and so all else. Not where nobody takes messages and there are none: whoever only
   * sends has to see that the peer has left.
   */
  protected get stands(): boolean {
    if (this.holds !== Hold.ADAPTER) return this.holds !== 0
    return this.rest !== null || this.settings.message !== null || this.settings.data !== null
  }

  protected get mayRead(): boolean {
    const { holds } = this
    return (holds & Hold.PIPE) === 0 ? !this.stands : (holds & ~NOT_OF_PIPES) === 0
  }

  protected pauseReading(): void {
    if ((this.flags & READ_PAUSED) !== 0 || this.filterReads) return
    this.flags |= READ_PAUSED
    this.submit(Op.PAUSE)
  }

  protected resumeReading(): void {
    if ((this.flags & READ_PAUSED) === 0 || this.lifecycle > ENDED) return
    this.flags &= ~READ_PAUSED
    this.submit(Op.RESUME)
  }

  protected keep(chunk: Buffer, from: number, to: number): void {
    this.rest ??= new Rest()
    this.rest.append(chunk, from, to)
  }

  private get filterReads(): boolean {
    return (this.flags & FILTER_READS) !== 0 && (this.holds & THROTTLES) === 0
  }

  /** The peer is kept waiting: that time is not its own. */
  private stopMessageClock(): void {
    const { rest } = this
    if (rest !== null && rest.beganMs > 0) rest.heldMs = this.loop.now()
  }

  private startMessageClock(): void {
    const { rest } = this
    if (rest === null || rest.heldMs === 0) return
    if (rest.beganMs > 0) rest.beganMs += this.loop.now() - rest.heldMs
    rest.heldMs = 0
  }
}
