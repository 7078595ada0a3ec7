/**
 * The receiving half of a connection: from bytes to messages, and standing still while something holds it.
 *
 * ```
 *   chunk ──▶ Rest, if there is one or the connection is held ──▶ codec.decode ──▶ plugins ──▶ message
 *    └─────────────────────── straight, as a rule ────────────────────▲
 * ```
 */
import { Op, type SocketError } from '@pollux/core'
import type { Codec } from '../codecs/codec.js'
import { frameTooLong, incompleteFrame, malformedFrame } from '../codecs/codec-error.js'
import { Input } from '../codecs/input.js'
import type { PipeFrom } from './connection-info.js'
import { ConnectionOutput } from './connection-output.js'
import type { Deadlines } from './deadlines.js'
import {
  DECODING,
  DELIVERY_DUE,
  END_WAITS,
  FILTER_READS,
  HAD_MESSAGE,
  HANDLER_RUNS,
  READ_PAUSED,
} from './flags.js'
import { Hold } from './holds.js'
import { Lifecycle } from './lifecycle.js'
import { Rest } from './rest.js'
import { isThenable } from './results.js'

const { PEER_ENDED, ENDED, CLOSING } = Lifecycle

/** What keeps messages from handlers, but not bytes from a pipe. */
const NOT_OF_PIPES = Hold.HANDLER | Hold.ADAPTER | Hold.PIPE

const NOTHING = Buffer.alloc(0)

/** What stops a filter, too: it is for the socket's sake, and not for that of whoever takes the messages. */
const THROTTLES = Hold.OVERLOAD | Hold.RATE

/** What codecs read from; null while one does, so that another, further up the stack, has its own. */
let spareInput: Input | null = new Input(NOTHING)

export abstract class ConnectionInput<State, In, Out> extends ConnectionOutput<State, In, Out> {
  /** Bits of {@link Hold}. */
  private holds = 0
  private rest: Rest | null = null
  /** What it must have done by when; null where there is no such thing. */
  protected deadlines: Deadlines | null = null

  /** Whether `pause` is in force. */
  get isPaused(): boolean {
    return (this.holds & Hold.USER) !== 0
  }

  /** Internal: whether messages are made of what is received, and not chunks. */
  get hasCodec(): boolean {
    return this.codec !== null
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

  /** Filters: bytes for the codec and the handlers. Valid until this returns, unless the connection's chunks are kept. */
  deliver(chunk: Buffer): void {
    if (this.lifecycle > ENDED) return
    const { settings } = this
    if (settings.hooks.received !== null) this.tellReceived(chunk.length)
    if (this.holds !== 0) {
      if ((this.holds & Hold.PIPE) !== 0 && this.details.pipeFrom?.received(chunk)) return
      this.keep(chunk, 0, chunk.length)
      if (this.mayRead) return
      // One chunk more than was wanted, at most, was on its way.
      this.pauseReading()
    } else if (this.codec !== null) {
      this.decodeChunk(chunk)
    } else if (this.rest === null) {
      this.handleChunk(chunk)
    } else {
      this.keep(chunk, 0, chunk.length)
      this.decodeRest()
    }
  }

  /** Filters: the peer will send no more. */
  deliverEnd(): void {
    if ((this.holds & Hold.PIPE) !== 0) this.details.pipeFrom?.peerEnded()
    if (this.stands || (this.flags & DELIVERY_DUE) !== 0) {
      // What it sent before comes first, and a handler that is at work still has to answer.
      this.flags |= END_WAITS
      return
    }
    if (this.lifecycle > ENDED) return
    this.flags &= ~END_WAITS
    while (this.rest !== null && this.holds === 0 && this.lifecycle <= ENDED) this.decodeLast(this.rest)
    if (!this.stands) this.peerEnded()
    else this.flags |= END_WAITS
  }

  /**
   * Whether the peer's end has to wait, and so all else. Not where nobody takes messages and there are none: whoever only
   * sends has to see that the peer has left.
   */
  private get stands(): boolean {
    if (this.holds !== Hold.ADAPTER) return this.holds !== 0
    return this.rest !== null || this.settings.message !== null || this.settings.data !== null
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

  /** The peer's end is next for the handlers. */
  protected abstract peerEnded(): void

  /** A codec failed. */
  protected abstract codecFailed(error: unknown): void

  /** An adapter takes the messages: nothing is delivered before it asks. */
  protected inputAdapted(): void {
    if ((this.holds & Hold.HANDLER) !== 0) this.flags |= HANDLER_RUNS
    this.holds = (this.holds & ~Hold.HANDLER) | Hold.ADAPTER
    if (!this.mayRead) this.pauseReading()
    if (this.rest === null) return
    this.rest.startAfresh()
  }

  /** Nothing that was received matters any more. */
  protected dropInput(): void {
    this.rest = null
  }

  /** Other handlers or another codec are there: what waits is for them. */
  protected inputChanged(): void {
    const { settings } = this
    if (settings.message === null && settings.data === null) this.holdDelivery(Hold.ADAPTER)
    else this.release(Hold.ADAPTER)
    const { rest } = this
    if (rest === null || (this.flags & DECODING) !== 0) return
    // What the codec of before made of it means nothing to this one.
    rest.startAfresh()
    rest.beganMs = 0
    if ((this.flags & DELIVERY_DUE) !== 0) return
    this.flags |= DELIVERY_DUE
    queueMicrotask(() => this.deliverWaiting())
  }

  /** A handler's promise: until it is settled, nothing else is delivered. */
  protected awaitHandler(result: unknown): void {
    if (!isThenable(result)) return
    if (this.settings.adapter !== null) {
      // It asks for each message by itself, often from within this very handler.
      this.flags |= HANDLER_RUNS
      result.then(
        () => this.adaptedHandlerDone(),
        (error: unknown) => this.loop.contain(this, error),
      )
      return
    }
    // Reading is paused only if more comes meanwhile: most promises are faster.
    this.holds |= Hold.HANDLER
    result.then(
      () => this.handlerDone(),
      (error: unknown) => {
        this.holds &= ~Hold.HANDLER
        this.loop.contain(this, error)
      },
    )
  }

  /** Of a handler that holds nothing back: another, which an upgrade has brought, may hold by now. */
  private adaptedHandlerDone(): void {
    this.flags &= ~HANDLER_RUNS
    this.settings.adapter?.onHandlerDone()
  }

  private handlerDone(): void {
    if ((this.flags & HANDLER_RUNS) !== 0 && this.settings.adapter !== null) {
      this.adaptedHandlerDone()
      return
    }
    this.holds &= ~Hold.HANDLER
    if (this.stands || (this.flags & (DECODING | DELIVERY_DUE)) !== 0) return
    this.deliverWaiting()
  }

  /** Delivers what waited while the connection was held, and reads on. Not called from within a decoder. */
  private deliverWaiting(): void {
    this.flags &= ~DELIVERY_DUE
    if (this.stands || this.lifecycle > ENDED) return
    try {
      if (this.rest !== null && !this.rest.isLast) this.decodeRest()
      if (this.stands || this.lifecycle > ENDED) return
      if ((this.flags & END_WAITS) !== 0) this.deliverEnd()
      this.resumeReading()
    } catch (error) {
      this.loop.contain(this, error)
    }
  }

  private get mayRead(): boolean {
    const { holds } = this
    return (holds & Hold.PIPE) === 0 ? !this.stands : (holds & ~NOT_OF_PIPES) === 0
  }

  private pauseReading(): void {
    if ((this.flags & READ_PAUSED) !== 0 || this.filterReads) return
    this.flags |= READ_PAUSED
    this.submit(Op.PAUSE)
  }

  private resumeReading(): void {
    if ((this.flags & READ_PAUSED) === 0 || this.lifecycle > ENDED) return
    this.flags &= ~READ_PAUSED
    this.submit(Op.RESUME)
  }

  private get filterReads(): boolean {
    return (this.flags & FILTER_READS) !== 0 && (this.holds & THROTTLES) === 0
  }

  private handleChunk(chunk: Buffer): void {
    const { settings } = this
    if (settings.data === null) {
      this.keep(chunk, 0, chunk.length)
      return
    }
    this.flags |= HAD_MESSAGE
    const result = settings.data.call(settings.self, this as never, chunk)
    if (result !== undefined) this.awaitHandler(result)
  }

  private decodeChunk(chunk: Buffer): void {
    const { rest } = this
    if (rest !== null) {
      rest.append(chunk, 0, chunk.length)
      if (rest.length >= rest.needed) this.decodeRest()
      return
    }
    const input = this.takeInput()
    try {
      input.bytes = chunk
      input.start = 0
      input.end = chunk.length
      input.scanned = 0
      input.needed = 0
      this.decode(input)
      if (input.start < input.end && this.lifecycle <= ENDED) {
        const kept = new Rest()
        kept.needed = input.needed
        kept.scanned = input.scanned
        kept.append(chunk, input.start, input.end)
        this.rest = kept
        if (this.deadlines !== null) this.timeMessage(kept)
      }
    } finally {
      this.giveBack(input)
    }
  }

  private decodeRest(): void {
    const rest = this.rest as Rest
    if (this.codec === null) {
      this.rest = null
      this.handleChunk(rest.takeAll())
      return
    }
    const input = this.takeInput()
    try {
      this.readRest(input, rest)
      this.decode(input)
      this.keepRest(input, rest)
    } finally {
      this.giveBack(input)
    }
  }

  /** The peer has ended: what is left may still be a message, and is an error otherwise. */
  private decodeLast(rest: Rest): void {
    const { codec } = this
    if (codec === null) {
      this.rest = null
      return
    }
    const input = this.takeInput()
    rest.isLast = true
    this.flags |= DECODING
    try {
      this.readRest(input, rest)
      while (input.start < input.end && this.holds === 0 && this.lifecycle <= ENDED && this.codec === codec) {
        const before = input.start
        const message = this.guarded(codec, input, true)
        if (message === undefined) {
          if (input.start < input.end) this.codecFailed(incompleteFrame(input.end - input.start))
          input.start = input.end
        } else {
          if (input.start === before) throw this.stuck()
          input.scanned = 0
          input.needed = 0
          this.handleMessage(message)
        }
      }
      this.keepRest(input, rest)
    } finally {
      this.flags &= ~DECODING
      this.giveBack(input)
    }
    if (this.rest === null || this.codec === codec) return
    // A handler has gone on with another codec, which has not seen what is left.
    rest.startAfresh()
    if (this.holds === 0) this.decodeRest()
  }

  /** Decodes and delivers until a frame is incomplete, something holds the connection, or it has gone. */
  private decode(input: Input): void {
    this.flags |= DECODING
    try {
      while (input.start < input.end && this.holds === 0 && this.lifecycle <= ENDED) {
        const { codec } = this
        if (codec === null) return
        const before = input.start
        input.borrow = this.settings.borrow
        const message = this.guarded(codec, input, false)
        if (message === undefined) {
          if (input.start !== before) {
            // It left out what means nothing: what follows is a fresh frame.
            input.scanned = 0
            input.needed = 0
            continue
          }
          // It threw, and that was seen to.
          if (this.lifecycle > ENDED) return
          const length = input.end - before
          if (length > codec.maxFrameBytes || input.needed > codec.maxFrameBytes) {
            this.codecFailed(frameTooLong(codec.maxFrameBytes))
          }
          return
        }
        if (input.start === before) throw this.stuck()
        input.scanned = 0
        input.needed = 0
        this.handleMessage(message)
      }
    } finally {
      this.flags &= ~DECODING
    }
  }

  /** What the codec throws is the peer's fault, and what a handler throws is not. */
  private guarded(codec: Codec<In, Out>, input: Input, last: boolean): In | undefined {
    try {
      return last ? codec.end?.(input) : codec.decode(input)
    } catch (error) {
      this.codecFailed(error)
      return undefined
    }
  }

  private handleMessage(message: In): void {
    const { settings } = this
    settings.statistics.messagesReceived++
    this.flags |= HAD_MESSAGE
    if (settings.hooks.message !== null && !this.tellMessage(message)) return
    if (settings.message === null) return
    const result = settings.message.call(settings.self, this as never, message)
    if (result !== undefined) this.awaitHandler(result)
  }

  private keep(chunk: Buffer, from: number, to: number): void {
    this.rest ??= new Rest()
    this.rest.append(chunk, from, to)
  }

  private readRest(input: Input, rest: Rest): void {
    input.bytes = rest.bytes
    input.start = rest.start
    input.end = rest.end
    input.scanned = rest.scanned
    input.needed = rest.needed
  }

  private keepRest(input: Input, rest: Rest): void {
    // A message handler that failed has dropped it.
    if (this.rest !== rest) return
    if (input.start === input.end || this.lifecycle > ENDED) {
      this.rest = null
      return
    }
    if (rest.start !== input.start) rest.beganMs = 0
    if (this.deadlines !== null) this.timeMessage(rest)
    rest.start = input.start
    rest.scanned = input.scanned
    rest.needed = input.needed
    rest.shrink()
  }

  /** The deadline of a message begins with the message. */
  private timeMessage(rest: Rest): void {
    // While something holds the connection, what is there may be whole messages.
    if (rest.beganMs > 0 || this.holds !== 0 || this.settings.timeouts.messageMs === 0) return
    rest.beganMs = this.loop.now()
    this.deadlines?.messageBegan(rest.beganMs)
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

  private takeInput(): Input {
    const input = spareInput ?? new Input(NOTHING)
    spareInput = null
    input.borrow = this.settings.borrow
    return input
  }

  private giveBack(input: Input): void {
    input.bytes = NOTHING
    spareInput = input
  }

  private stuck(): SocketError {
    return malformedFrame('the codec made a message without consuming anything')
  }

  private tellReceived(bytes: number): void {
    for (const plugin of this.settings.hooks.received ?? []) plugin.received(this as never, bytes)
  }

  private tellMessage(message: In): boolean {
    for (const plugin of this.settings.hooks.message ?? []) {
      if (plugin.message(this as never, message) === false) return false
    }
    return true
  }
}
