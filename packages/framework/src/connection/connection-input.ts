/**
 * The receiving half of a connection: from bytes to messages. Who gets them is `connection-handling.ts`.
 *
 * ```
 *   chunk ──▶ Rest, if there is one or the connection is held ──▶ codec.decode ──▶ plugins ──▶ message
 *    └─────────────────────── straight, as a rule ────────────────────▲
 * ```
 */

import type { Codec } from '../codecs/codec.js'
import { frameTooLong, incompleteFrame, malformedFrame } from '../codecs/codec-error.js'
import { Input } from '../codecs/input.js'
import { ConnectionHandling } from './connection-handling.js'
import type { Deadlines } from './deadlines.js'
import { DECODING, DELIVERY_DUE, END_WAITS, HANDLER_RUNS } from './flags.js'
import { Hold } from './holds.js'
import { Lifecycle } from './lifecycle.js'
import { Rest } from './rest.js'

const { ENDED } = Lifecycle

const NOTHING = Buffer.alloc(0)

/** What codecs read from; null while one does, so that another, further up the stack, has its own. */
let spareInput: Input | null = new Input(NOTHING)

export abstract class ConnectionInput<State, In, Out> extends ConnectionHandling<State, In, Out> {
  /** What it must have done by when; null where there is no such thing. */
  protected deadlines: Deadlines | null = null

  /** Internal: whether messages are made of what is received, and not chunks. */
  get hasCodec(): boolean {
    return this.codec !== null
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

  protected override deliverWaiting(): void {
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
        } else if (!this.accept(input, before, message)) {
          return
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
        if (!this.accept(input, before, message)) return
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

  /** Delivers a message, and what follows it is a fresh frame. False: the codec would make messages of nothing for ever. */
  private accept(input: Input, before: number, message: In): boolean {
    if (input.start === before) {
      this.codecFailed(malformedFrame('the codec made a message without consuming anything'))
      return false
    }
    input.scanned = 0
    input.needed = 0
    this.handleMessage(message)
    return true
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

  private tellReceived(bytes: number): void {
    for (const plugin of this.settings.hooks.received ?? []) plugin.received(this as never, bytes)
  }
}
