/** The sending half of a connection: writes, messages, watermarks and the cap. */
import { isUint8Array } from 'node:util/types'
import {
  Column,
  type EventLoop,
  invalidArgType,
  MAX_BYTES_PER_UNIT,
  Op,
  type SocketError,
  TABLE_COLUMNS,
} from '@pollux/core'
import type { Codec } from '../codecs/codec.js'
import { Output } from '../codecs/output.js'
import { closedBeforeDrain, queueFull, writeAfterEnd } from '../failures.js'
import { ConnectionInfo, type PromiseWithResolvers } from './connection-info.js'
import { AWAITS_DRAIN, USER_ENDED } from './flags.js'
import { Hold } from './holds.js'
import { Lifecycle } from './lifecycle.js'
import type { Settings } from './settings.js'

const { PEER_ENDED, DESTROYED } = Lifecycle
const { QUEUED } = Column

/** `writeLimit` while no write may take the short way. */
const NEVER = -1

/** Where messages are encoded; null while a message is, so that one in the midst of it goes elsewhere. */
let spareOutput: Output | null = new Output()

export abstract class ConnectionOutput<State, In, Out> extends ConnectionInfo {
  protected settings: Settings<State, In, Out>
  protected flags = 0
  /** What turns bytes into messages and back; null: nothing does. */
  protected codec: Codec<In, Out> | null = null
  /** A write that leaves the queue below this takes the short way. */
  private writeLimit = NEVER

  /** Internal. */
  constructor(loop: EventLoop, slot: number, generation: number, settings: Settings<State, In, Out>) {
    super(loop, slot, generation)
    this.settings = settings
  }

  /**
   * Sends bytes or a string, now or as soon as the peer takes them. Nothing is lost or reordered while the connection
   * lives; what is written in one turn leaves together.
   *
   * Received chunks may be passed on as they are, and are not copied; they must stay unchanged until the turn
   * is over (setImmediate is late enough). All other bytes are copied before this returns.
   *
   * @param encoding of a string. Default 'utf8'.
   * @returns false from the high watermark on, until `drain`: stop writing until then, or memory is used up. Also
   *   false once the connection has closed under the writer, where the bytes are dropped and counted
   *   (`server.droppedBytes`), and where `overflow: 'drop'` left them out.
   * @throws SocketError ERR_POLLUX_WRITE_AFTER_END after `end`; ERR_POLLUX_QUEUE_FULL with `overflow: 'error'`; TypeError
   *   for anything but bytes and strings
   */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    const { loop, slot } = this
    const room = this.writeLimit - loop.table[slot * TABLE_COLUMNS + QUEUED]
    if (typeof data === 'string') {
      if (data.length * MAX_BYTES_PER_UNIT < room) {
        loop.submissions.text(slot, this.generation, data, encoding)
        return true
      }
    } else {
      if (!(data instanceof Uint8Array)) checkBytes(data)
      const length = data.length
      if (length < room) {
        loop.submissions.bytes(slot, this.generation, data, length)
        return true
      }
    }
    const bytes = typeof data === 'string' ? Buffer.from(data, encoding) : data
    return this.writeWithCare(bytes, bytes.length)
  }

  /**
   * Encodes a message with the connection's codec and sends it; without a codec, the same as {@link write}.
   *
   * @returns as `write`
   * @throws what the codec throws at a message that can't be sent, and nothing of it is; and what `write` throws
   */
  send(message: Out): boolean {
    const { codec } = this
    if (codec === null) return this.write(message as string | Uint8Array)
    const nested = spareOutput === null
    const output = spareOutput ?? new Output()
    spareOutput = null
    try {
      const { loop, slot } = this
      if (nested) output.openDetached()
      else output.open(loop.submissions)
      codec.encode(message, output)
      if (!nested) loop.submissions.endMessage()
      const length = output.at - output.start
      const { statistics } = this.settings
      if (output.inSlab && length < this.writeLimit - loop.table[slot * TABLE_COLUMNS + QUEUED]) {
        if (length > 0) loop.submissions.sendMessage(slot, this.generation, output.start, length)
        statistics.messagesSent++
        return true
      }
      const { droppedBytes } = statistics
      const below = this.writeWithCare(output.detached(), length)
      if (statistics.droppedBytes === droppedBytes) statistics.messagesSent++
      return below
    } finally {
      if (!nested) {
        spareOutput = output
        this.loop.submissions.endMessage()
      }
    }
  }

  /**
   * A promise that is kept once queued output is at the low watermark: at once, unless `write` has returned false.
   *
   * @throws SocketError ERR_POLLUX_CLOSED if the connection closes before; its `cause` says why
   *
   * @example
   * ```ts
   * for (const row of rows) if (!conn.send(row)) await conn.drained()
   * ```
   */
  drained(): Promise<void> {
    if (this.lifecycle >= DESTROYED) return Promise.reject(closedBeforeDrain(this.details.error))
    if ((this.flags & AWAITS_DRAIN) === 0) return Promise.resolve()
    const { details } = this
    details.drained ??= withResolvers()
    return details.drained.promise
  }

  /** Reading stops until `release` of the same {@link Hold}. */
  abstract hold(reason: number): void

  /** Undoes `hold`. */
  abstract release(reason: number): void

  /** Fails and destroys it, with a reason for the counters. */
  abstract destroyFor(reason: string, error?: unknown): void

  abstract reset(): void

  /** Whether the short way is open: the lifecycle or the queue has changed. */
  protected setWriteLimit(): void {
    const { flags, lifecycle } = this
    const short = lifecycle <= PEER_ENDED && (flags & AWAITS_DRAIN) === 0 && this.through === null
    this.writeLimit = short ? this.settings.highWaterMark : NEVER
  }

  /** Queued output fell to the low watermark. */
  protected outputDrained(): void {
    this.flags &= ~AWAITS_DRAIN
    this.takeDrained()?.resolve()
    if (this.lifecycle > PEER_ENDED) return
    const { settings } = this
    settings.statistics.drains++
    this.setWriteLimit()
    if (settings.hooks.watermark !== null) this.tellWatermark(false)
    this.release(Hold.OUTPUT)
  }

  /** Nothing drains any more. */
  protected abandonDrained(): void {
    this.takeDrained()?.reject(closedBeforeDrain(this.details.error))
  }

  /** Filters: sends bytes past the filter. False: no more until `Filter.drained`. */
  rawWrite(bytes: Uint8Array): boolean {
    if (this.lifecycle >= DESTROYED) return false
    const { loop, settings } = this
    if (bytes.length > 0) loop.submissions.bytes(this.slot, this.generation, bytes, bytes.length)
    if (this.column(QUEUED) < settings.highWaterMark) return true
    loop.submissions.flush()
    if (this.column(QUEUED) < settings.highWaterMark) return true
    this.submit(Op.WATCH_DRAIN, settings.lowWaterMark)
    return false
  }

  /** Filters: bytes that the socket has not taken. */
  get rawQueuedBytes(): number {
    return this.column(QUEUED)
  }

  /** A write near or above the watermark, or to a connection that takes none. */
  private writeWithCare(bytes: Uint8Array, length: number): boolean {
    const { loop, settings, through } = this
    if (this.lifecycle > PEER_ENDED) return this.refuse(length)
    const max = settings.maxQueuedBytes
    if (this.queuedBytes + length > max) {
      // What was counted may be with the kernel by now.
      loop.submissions.flush()
      if (this.queuedBytes + length > max) return this.overflow(length)
    }
    if (through === null) loop.submissions.bytes(this.slot, this.generation, bytes, length)
    else through.write(bytes)
    return this.isBelowMark()
  }

  /** Files on their way to a filter: as `write`, and also after `end`, which waits behind them. */
  writeToFilter(bytes: Uint8Array): boolean {
    this.through?.write(bytes)
    return this.isBelowMark()
  }

  /** After a write: whether more may come now. If not, `drain` follows. */
  private isBelowMark(): boolean {
    const { loop, settings } = this
    if ((this.flags & AWAITS_DRAIN) !== 0) return false
    if (this.queuedBytes < settings.highWaterMark) return true
    // What this turn wrote is not a queue yet: only what the kernel refuses is.
    loop.submissions.flush()
    if (this.queuedBytes < settings.highWaterMark) return true
    this.awaitDrain()
    return false
  }

  private awaitDrain(): void {
    const { settings } = this
    this.flags |= AWAITS_DRAIN
    this.writeLimit = NEVER
    settings.statistics.highWaterCrossings++
    // A filter tells by itself when it and the socket have drained.
    if (this.through === null) this.submit(Op.WATCH_DRAIN, settings.lowWaterMark)
    if (settings.pauseOnBackpressure) this.hold(Hold.OUTPUT)
    if (settings.hooks.watermark !== null) this.tellWatermark(true)
  }

  private tellWatermark(above: boolean): void {
    for (const plugin of this.settings.hooks.watermark ?? []) plugin.watermark(this as never, above)
  }

  private refuse(length: number): boolean {
    if ((this.flags & USER_ENDED) !== 0 && this.lifecycle < DESTROYED) throw writeAfterEnd()
    this.settings.statistics.droppedBytes += length
    return false
  }

  private overflow(length: number): boolean {
    const { settings } = this
    const { statistics } = settings
    const error = queueFull(this.queuedBytes, length, settings.maxQueuedBytes)
    statistics.droppedBytes += length
    if (settings.overflow === 'error') throw error
    if (settings.overflow === 'drop') statistics.droppedMessages++
    else this.failWithReset(error)
    return false
  }

  /** Before `error` is called: the peer must see that something is missing, so nothing may follow. */
  abstract failWithReset(error: SocketError): void
}

/** A Uint8Array of another realm is one too. */
function checkBytes(data: unknown): void {
  if (!isUint8Array(data)) throw invalidArgType('data', 'of type string or an instance of Uint8Array', data)
}

function withResolvers(): PromiseWithResolvers {
  let resolve!: () => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<void>((keep, breakIt) => {
    resolve = keep
    reject = breakIt
  })
  // Whoever asked is told; nobody else need be.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
