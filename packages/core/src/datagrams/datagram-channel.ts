/** A datagram socket driven by the event loop: batches in, batches out, and no object for each datagram. */
import { Column, DATAGRAM_HEAD_BYTES, DATAGRAM_TRUNCATED, DatagramWord, Op } from '@pollux/native-poll'
import { type Endpoint, publicAddress, type SocketAddress } from '../address.js'
import { Channel } from '../channel.js'
import { debugRequested, revocableCopy, revoke } from '../debug.js'
import { EncodedAddress } from '../encoded-address.js'
import { ErrorCode, invalidArgType, SocketError } from '../errors.js'
import { EventLoop } from '../event-loop.js'
import { syscallName, systemError } from '../system-error.js'
import { checkInteger } from '../validate.js'
import { AddressBook } from './address-book.js'
import { datagramError } from './datagram-error.js'
import type { DatagramHandlers, DatagramStatistics } from './datagram-handlers.js'
import { DatagramMemory } from './datagram-memory.js'
import { ADDRESS, DatagramSender } from './datagram-sender.js'
import { openDatagrams } from './open.js'
import { type DatagramOptions, resolveDatagramOptions } from './options.js'

const { BYTES, ADDRESS_BYTES, SEGMENT_BYTES, FLAGS } = DatagramWord

/** In place of the header's offset: no datagram is being handled. */
const NONE = -1

/**
 * A datagram socket (UDP or Unix) for servers, forwarders and clients that handle many datagrams.
 *
 * @example
 * ```ts
 * import { DatagramChannel } from '@pollux/core'
 *
 * const channel = DatagramChannel.open(
 *   { bind: { host: '127.0.0.1', port: 0 } },
 *   {
 *     datagram(channel, data) {
 *       console.log(`${data.length} bytes from`, channel.sender)
 *       channel.reply()
 *       channel.close()
 *     },
 *   },
 * )
 * channel.sendTo(Buffer.from('hello, myself'), channel.localAddress)
 * ```
 */
export class DatagramChannel extends Channel {
  private readonly handlers: DatagramHandlers
  private readonly stride: number
  private readonly memory: DatagramMemory
  private readonly output: DatagramSender
  private readonly book: AddressBook
  private readonly debug: boolean
  private open = true
  /** The totals, once the row of the table is another socket's. */
  private totals: { bytesRead: number; bytesWritten: number } | undefined = undefined
  // The datagram that is being handled: where its header is, and the part of its payload that the handler got.
  private header = NONE
  private payload = 0
  private length = 0
  private segment = 0
  private current: Buffer | null = null

  /**
   * Opens a socket and receives on it from now on.
   *
   * @throws TypeError or RangeError for a bad option; SocketError where the system refuses (EADDRINUSE, EACCES, …)
   */
  static open(options: DatagramOptions, handlers: DatagramHandlers): DatagramChannel {
    if (typeof handlers?.datagram !== 'function') {
      throw invalidArgType('handlers.datagram', 'of type function', handlers?.datagram)
    }
    const resolved = resolveDatagramOptions(options)
    const loop = options.loop ?? EventLoop.default()
    const { slot, generation, stride } = openDatagrams(loop, options, resolved)
    return new DatagramChannel(loop, slot, generation, stride, handlers)
  }

  private constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    stride: number,
    handlers: DatagramHandlers,
  ) {
    super(loop, slot, generation)
    this.handlers = handlers
    this.stride = stride
    this.memory = new DatagramMemory(loop.chunks.slab)
    this.output = new DatagramSender(loop, slot, generation)
    this.book = new AddressBook()
    this.debug = debugRequested()
  }

  /** Whether `close` or `destroy` was called, or the socket failed. */
  get closed(): boolean {
    return !this.open
  }

  /** getsockname(2). */
  get localAddress(): SocketAddress {
    const address = this.loop.reactor.localAddress(this.handle)
    if (typeof address === 'number') throw systemError(address, 'getsockname')
    return publicAddress(address)
  }

  // --- the datagram that is being handled ---

  /** Who sent it, decoded now. Undefined for a sender without a name (an unbound Unix socket). */
  get sender(): SocketAddress | undefined {
    const address = this.loop.reactor.receivedAddress(this.mustHandle())
    return address === null ? undefined : publicAddress(address)
  }

  /** Who sent it, as a copy to send to later. */
  copySender(): EncodedAddress {
    const header = this.mustHandle()
    const bytes = this.memory.words[(header >> 2) + ADDRESS_BYTES]
    return EncodedAddress.of(new Uint8Array(this.loop.chunks.slab, header + ADDRESS * 4, bytes))
  }

  /** Whether that is where it came from; allocates nothing. */
  isFrom(address: EncodedAddress): boolean {
    const header = this.mustHandle()
    const { words, bytes } = this.memory
    const wanted = address.bytes
    if (words[(header >> 2) + ADDRESS_BYTES] !== wanted.length) return false
    const at = header + ADDRESS * 4
    for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false
    return true
  }

  /** Whether it was longer than `maxDatagramBytes`, and cut. */
  get truncated(): boolean {
    return (this.memory.words[(this.mustHandle() >> 2) + FLAGS] & DATAGRAM_TRUNCATED) !== 0
  }

  /**
   * Answers its sender: with `data`, or with the payload as it stands (no byte is copied; to change it in place first is
   * allowed). In `segments` all of them are answered, each with a datagram.
   */
  reply(data?: Uint8Array): void {
    const header = this.mustHandle()
    this.mustBeOpen()
    const whole = data === undefined || data === this.current
    if (whole && this.debug) this.keepChanges()
    if (whole && this.payload === header + DATAGRAM_HEAD_BYTES && (this.segment === 0 || this.inSegments)) {
      this.output.reply(header, this.length)
      return
    }
    const at = header >> 2
    const { words } = this.memory
    if (whole) {
      this.output.forward(words, at + ADDRESS, words[at + ADDRESS_BYTES], this.payload, this.length, 0)
    } else {
      this.output.transmit(data as Uint8Array, words, at + ADDRESS, words[at + ADDRESS_BYTES], 0)
    }
  }

  // --- sending ---

  /** The endpoint in the kernel's form. `sendTo` remembers those that it has met; this is for who keeps their own. */
  addressOf(endpoint: Endpoint): EncodedAddress {
    return this.book.find(endpoint)
  }

  /**
   * Sends a datagram. It leaves with all others of this turn when the handlers have returned; outside of handlers,
   * before the loop waits. The bytes are copied at once, but for those of a received datagram, which are not copied and
   * must stay as they are until then.
   *
   * @param to a numeric endpoint, or an address in the kernel's form
   * @param segmentBytes above 0: `data` is several datagrams of this size (the last may be shorter); with `gso` they
   *   leave in one
   */
  sendTo(data: Uint8Array, to: EncodedAddress | Endpoint, segmentBytes = 0): void {
    this.mustBeOpen()
    const address = EncodedAddress.is(to) ? to : this.book.find(to)
    this.output.transmit(data, address.words, 0, address.bytes.length, segmentBytes)
  }

  /** The same on a socket that was opened with `connect`, to its peer. */
  send(data: Uint8Array, segmentBytes = 0): void {
    this.mustBeOpen()
    this.output.transmit(data, this.memory.words, 0, 0, segmentBytes)
  }

  /** Bytes that wait for the kernel to take them, with those that tell them apart; bounded by `maxQueuedBytes`. */
  get queuedBytes(): number {
    return this.open ? this.column(Column.QUEUED) : 0
  }

  /** Has `drain` be called once, as soon as `queuedBytes` is `markBytes` or less: at once, where it is. */
  watchDrain(markBytes = 0): void {
    this.mustBeOpen()
    this.submit(Op.WATCH_DRAIN, checkInteger(markBytes, 'markBytes', 0, 2 ** 30))
  }

  // --- its life ---

  /** Receives no more until `resume`. What the present batch still holds is delivered; then the kernel's buffer fills. */
  pause(): void {
    if (this.open) this.submit(Op.PAUSE)
  }

  resume(): void {
    if (this.open) this.submit(Op.RESUME)
  }

  /** Sends what waits, then closes. Nothing is received any more. Idempotent. */
  close(): void {
    if (!this.open) return
    this.open = false
    this.submit(Op.PAUSE)
    this.submit(Op.CLOSE)
  }

  /** Closes at once: what the kernel does not take now is dropped. Idempotent, and also after `close`. */
  destroy(): void {
    this.open = false
    if (!this.loop.isClosed && this.loop.targets[this.slot] === this) this.submit(Op.DESTROY)
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  /** Whether the open socket keeps the process alive; it does at first. */
  ref(): this {
    this.loop.reactor.ref(this.handle)
    return this
  }

  unref(): this {
    this.loop.reactor.unref(this.handle)
    return this
  }

  /** Bytes received in all; stays readable after the close. */
  get bytesRead(): number {
    return this.totals?.bytesRead ?? this.column(Column.BYTES_READ)
  }

  /** Bytes that the kernel took in all; stays readable after the close. */
  get bytesWritten(): number {
    return this.totals?.bytesWritten ?? this.column(Column.BYTES_WRITTEN)
  }

  /** What it has done so far; undefined once it is closed. */
  statistics(): DatagramStatistics | undefined {
    const found = this.loop.reactor.datagramStatistics(this.handle)
    if (found === null) return undefined
    const { received, sent, truncated, dropped, errors, gro, gso } = found
    const { bytesRead: bytesReceived, bytesWritten: bytesSent } = this
    return { received, sent, truncated, dropped, errors, bytesReceived, bytesSent, gro, gso }
  }

  // --- called by the loop ---

  override onDatagrams(offset: number, count: number): void {
    const { stride, memory } = this
    const end = offset + count * stride
    let header = offset
    let place = Math.floor(offset / stride)
    memory.use(this.loop.chunks.slab)
    // The try stands outside of the loop, and `header` is past the datagram whose handler threw.
    for (;;) {
      try {
        while (header < end && this.open) {
          const at = header >> 2
          const words = memory.words
          this.header = header
          this.payload = header + DATAGRAM_HEAD_BYTES
          this.length = words[at + BYTES]
          this.segment = words[at + SEGMENT_BYTES]
          header += stride
          if (this.segment === 0 && !this.debug) {
            const data = memory.payload(place++, this.payload, this.length)
            this.current = data
            this.handlers.datagram(this, data)
          } else {
            this.deliverOther(place++)
          }
        }
        break
      } catch (error) {
        this.loop.contain(this, error)
      }
    }
    this.header = NONE
    this.current = null
  }

  override onDatagramError(_errno: number, _syscall: number): void {
    const failure = this.loop.reactor.takeDatagramFailure(this.handle)
    if (failure !== null) this.handlers.error?.(this, datagramError(failure))
  }

  override onError(errno: number, syscall: number): void {
    this.destroy()
    this.handlers.error?.(this, systemError(errno, syscallName(syscall)))
  }

  override onDrain(): void {
    this.handlers.drain?.(this)
  }

  override onClosed(): void {
    this.open = false
    const { bytesRead, bytesWritten } = this
    this.totals = { bytesRead, bytesWritten }
    this.handlers.close?.(this)
  }

  override fail(error: unknown): void {
    if (this.handlers.error === undefined) throw error
    this.handlers.error(this, error)
  }

  /** Whether the handler got several datagrams in one. */
  private get inSegments(): boolean {
    return this.handlers.segments !== undefined
  }

  /** Several datagrams in one, or debugging. */
  private deliverOther(place: number): void {
    const { payload, length, segment } = this
    if (segment === 0) {
      this.deliver(this.memory.part(payload, length), 0)
    } else if (this.inSegments) {
      this.deliver(
        this.debug ? this.memory.part(payload, length) : this.memory.payload(place, payload, length),
        segment,
      )
    } else {
      this.deliverApart(payload, payload + length, segment)
    }
  }

  private deliverApart(from: number, end: number, segment: number): void {
    for (let at = from; at < end && this.open; at += segment) {
      this.payload = at
      this.length = Math.min(segment, end - at)
      try {
        this.deliver(this.memory.part(at, this.length), 0)
      } catch (error) {
        this.loop.contain(this, error)
      }
    }
  }

  private deliver(view: Buffer, segment: number): void {
    const data = this.debug ? revocableCopy(view) : view
    this.current = data
    try {
      if (segment > 0) this.handlers.segments?.(this, data, segment)
      else this.handlers.datagram(this, data)
    } finally {
      if (this.debug) revoke(data)
    }
  }

  /** With POLLUX_DEBUG the handler got a copy, whose changes belong to the answer. */
  private keepChanges(): void {
    if (this.current !== null) this.memory.part(this.payload, this.length).set(this.current)
  }

  private mustHandle(): number {
    if (this.header !== NONE) return this.header
    throw new SocketError(
      'no datagram is being handled; keep `copySender()` and use `sendTo` to answer later',
      { code: ErrorCode.NO_DATAGRAM },
    )
  }

  private mustBeOpen(): void {
    if (this.open) return
    throw new SocketError('the datagram channel is closed', { code: ErrorCode.CLOSED })
  }
}
