/** One socket of a datagram server: what handlers get. */
import {
  DatagramChannel,
  DatagramError,
  type DatagramOptions,
  type EncodedAddress,
  type Endpoint,
  raiseUncaught,
  type SocketAddress,
  SocketError,
} from '@pollux/core'
import { CodecError } from '../codecs/codec-error.js'
import { Output } from '../codecs/output.js'
import { CloseReason, closeReasonOf } from '../connection/close-reason.js'
import { isThenable, raiseRejection } from '../connection/results.js'
import type { DatagramServer } from './datagram-server.js'
import type { DatagramSettings } from './datagram-settings.js'

/** Where messages are encoded; null while one is, so that one in the midst of it goes elsewhere. */
let spareOutput: Output | null = new Output()

/** Who a socket belongs to. */
export interface DatagramSocketOwner<State, In, Out> {
  readonly server: DatagramServer<State, In, Out>
  socketFailed(error: SocketError): void
  socketClosed(socket: DatagramSocket<State, In, Out>): void
}

/**
 * A bound socket of a datagram server.
 *
 * `State` is the type of `state`, which is the user's alone; `In` and `Out` are the messages of the codec.
 */
export class DatagramSocket<State = unknown, In = Buffer, Out = Uint8Array> {
  /** Whatever belongs to this socket: made by the `state` option, undefined without it. */
  state: State
  /** Where it receives, with the port that the system chose. */
  readonly address: SocketAddress
  /** The socket as `@pollux/core` has it, for what is not here. */
  readonly channel: DatagramChannel
  private readonly settings: DatagramSettings<State, In, Out>
  private readonly owner: DatagramSocketOwner<State, In, Out>
  /** Unsettled promises of handlers. */
  private pending = 0
  private userPaused = false
  private full = false
  private failure: SocketError | undefined = undefined
  /** Whether it came to be the server's. */
  private isOpened = false

  /** Internal: opens it. */
  constructor(
    options: DatagramOptions,
    settings: DatagramSettings<State, In, Out>,
    owner: DatagramSocketOwner<State, In, Out>,
  ) {
    this.settings = settings
    this.owner = owner
    this.state = undefined as State
    this.channel = DatagramChannel.open(options, {
      datagram: (_channel, data) => this.onDatagram(data),
      error: (_channel, error) => this.onError(error),
      drain: () => this.tell(() => settings.self.drain?.(this)),
      close: () => this.onClose(),
    })
    try {
      this.address = this.channel.localAddress
      const { self } = settings
      if (self.state !== undefined) this.state = self.state(this as never)
      this.isOpened = true
    } catch (error) {
      this.channel.destroy()
      throw error
    }
  }

  /** The server that it belongs to. */
  get server(): DatagramServer<State, In, Out> {
    return this.owner.server
  }

  /** Who sent the datagram that is being handled; undefined for an unbound Unix socket. */
  get sender(): SocketAddress | undefined {
    return this.channel.sender
  }

  /** The same as a copy in the kernel's form, to send to later. */
  copySender(): EncodedAddress {
    return this.channel.copySender()
  }

  /** Whether the datagram that is being handled came from there; allocates nothing. */
  isFrom(address: EncodedAddress): boolean {
    return this.channel.isFrom(address)
  }

  /** Whether the datagram that is being handled was longer than `maxDatagramBytes`, and cut. */
  get truncated(): boolean {
    return this.channel.truncated
  }

  /**
   * Answers the datagram that is being handled; without a message, with its own bytes, of which none is copied.
   *
   * @throws SocketError ERR_POLLUX_NO_DATAGRAM after the handler has returned (at its first `await`), ERR_POLLUX_CLOSED; what
   *   the codec throws
   */
  reply(message?: Out): void {
    const { channel, settings } = this
    if (message === undefined) channel.reply()
    else if (settings.codec === null) channel.reply(message as Uint8Array)
    else this.encoded(message, null)
    settings.statistics.messagesSent++
  }

  /**
   * Sends a message in a datagram of its own. It leaves with all others of this turn.
   *
   * @param to a numeric endpoint, or what `copySender` gave
   * @throws SocketError ERR_POLLUX_CLOSED; TypeError or RangeError; what the codec throws
   */
  sendTo(message: Out, to: EncodedAddress | Endpoint): void {
    const { channel, settings } = this
    if (settings.codec === null) channel.sendTo(message as Uint8Array, to)
    else this.encoded(message, to)
    settings.statistics.messagesSent++
  }

  /** Bytes that wait for the kernel to take them; bounded by `maxQueuedBytes`. */
  get queuedBytes(): number {
    return this.channel.queuedBytes
  }

  /** Bytes received in all. */
  get bytesRead(): number {
    return this.channel.bytesRead
  }

  /** Bytes that the kernel took in all. */
  get bytesWritten(): number {
    return this.channel.bytesWritten
  }

  /** Has `drain` be called once, as soon as `queuedBytes` is `markBytes` or less. */
  watchDrain(markBytes = 0): void {
    this.channel.watchDrain(markBytes)
  }

  /** Receives no more after the present batch, until `resume`; then the kernel's buffer fills. */
  pause(): void {
    this.userPaused = true
    this.channel.pause()
  }

  resume(): void {
    this.userPaused = false
    if (!this.full) this.channel.resume()
  }

  // From here on: called by the channel and the server.

  private onDatagram(data: Buffer): void {
    const { settings } = this
    const { codec } = settings
    let message: In | undefined
    if (codec === null) {
      message = (settings.borrow ? data : Buffer.from(data)) as In
    } else {
      try {
        message = codec.decode(data)
      } catch (error) {
        this.codecFailed(error)
        return
      }
      if (message === undefined) return
    }
    settings.statistics.messagesReceived++
    try {
      const result = settings.message.call(settings.self, this, message)
      if (result !== undefined) this.awaitHandler(result)
    } catch (error) {
      this.handlerFailed(error)
    }
  }

  /** A datagram that is no message: everybody may send one. What is not a codec's error is a bug of ours. */
  private codecFailed(error: unknown): void {
    this.settings.statistics.codecErrors++
    if (error instanceof CodecError) this.tell(() => this.settings.self.error?.(this, error))
    else this.handlerFailed(error)
  }

  private awaitHandler(result: unknown): void {
    if (!isThenable(result)) return
    if (++this.pending === this.settings.maxPending) this.setFull(true)
    result.then(
      () => this.handlerDone(),
      (error: unknown) => {
        this.handlerDone()
        this.handlerFailed(error)
      },
    )
  }

  private handlerDone(): void {
    if (--this.pending === this.settings.maxPending - 1) this.setFull(false)
  }

  private setFull(full: boolean): void {
    this.full = full
    if (full) this.channel.pause()
    else if (!this.userPaused) this.channel.resume()
  }

  private handlerFailed(error: unknown): void {
    const { settings } = this
    settings.statistics.handlerErrors++
    if (settings.self.error === undefined) settings.warnOfHandlerError(error)
    else this.tell(() => settings.self.error?.(this, error))
  }

  /** The network, the queue, or the end of the socket. */
  private onError(error: unknown): void {
    if (error instanceof DatagramError) {
      this.settings.statistics.droppedMessages += error.datagrams
      this.tell(() => this.settings.self.error?.(this, error))
    } else if (error instanceof SocketError) {
      this.failure = error
      this.tell(() => this.owner.socketFailed(error))
    }
  }

  private onClose(): void {
    if (!this.isOpened) return
    const { failure, settings } = this
    const reason = failure === undefined ? CloseReason.ENDED : closeReasonOf(failure)
    settings.statistics.countClosed(settings.loop.isClosed ? CloseReason.LOOP_CLOSED : reason, this)
    this.tell(() => settings.self.close?.(this))
    this.owner.socketClosed(this)
  }

  private encoded(message: Out, to: EncodedAddress | Endpoint | null): void {
    const codec = this.settings.codec as NonNullable<typeof this.settings.codec>
    const nested = spareOutput === null
    const output = spareOutput ?? new Output()
    spareOutput = null
    try {
      output.reopenDetached()
      codec.encode(message, output)
      // The channel copies it at once.
      if (to === null) this.channel.reply(output.view())
      else this.channel.sendTo(output.view(), to)
    } finally {
      if (!nested) spareOutput = output
    }
  }

  /** What these handlers throw is nobody's fault that could be told. */
  private tell(handler: () => unknown): void {
    try {
      raiseRejection(handler())
    } catch (error) {
      raiseUncaught(error)
    }
  }
}
