/** What a client keeps while it has no connection. */
import { isUint8Array } from 'node:util/types'
import { invalidArgType } from '@pollux/core'
import type { Codec } from '../codecs/codec.js'
import { encodeToBuffer } from '../codecs/encode.js'
import type { Connection } from '../connection/connection.js'
import { notConnected, offlineFull } from '../failures.js'
import type { Unsent } from './client-options.js'
import { Fifo } from './fifo.js'

/** One `send` or `write`. */
interface Kept<Out> {
  message: Out | undefined
  /** Of a `write`. */
  bytes: Uint8Array | undefined
  size: number
}

export class OfflineQueue<In, Out> {
  private readonly kept = new Fifo<Kept<Out>>()
  private total = 0
  private readonly maxBytes: number
  /** Measures messages. They are encoded again when they leave: the connection's own codec may have a state by then. */
  private readonly codec: Codec<In, Out> | null

  constructor(maxBytes: number, codec: Codec<In, Out> | null) {
    this.maxBytes = maxBytes
    this.codec = codec
  }

  get length(): number {
    return this.kept.length
  }

  get bytes(): number {
    return this.total
  }

  /**
   * Keeps a message until there is a connection. It must stay as it is until then.
   *
   * @throws SocketError ERR_POLLUX_NOT_CONNECTED, ERR_POLLUX_QUEUE_FULL; what the codec throws
   */
  addMessage(message: Out): void {
    if (this.maxBytes === 0) throw notConnected()
    if (this.codec === null) {
      this.addBytes(message as string | Uint8Array)
    } else {
      this.add({ message, bytes: undefined, size: encodeToBuffer(this.codec, message).length })
    }
  }

  /** Keeps a copy of bytes until there is a connection. */
  addBytes(data: string | Uint8Array, encoding?: BufferEncoding): void {
    if (this.maxBytes === 0) throw notConnected()
    if (typeof data !== 'string' && !isUint8Array(data)) {
      throw invalidArgType('data', 'of type string or an instance of Uint8Array', data)
    }
    const bytes = typeof data === 'string' ? Buffer.from(data, encoding) : Buffer.from(data)
    this.add({ message: undefined, bytes, size: bytes.length })
  }

  /**
   * Sends what is kept, in order, as far as the connection takes it.
   *
   * @returns whether that was all; if not, the connection is above its watermark, or not open
   * @throws what the codec throws: the message is the connection's failure, and not kept any more
   */
  sendTo<State>(connection: Connection<State, In, Out>): boolean {
    while (connection.readyState === 'open') {
      const next = this.kept.shift()
      if (next === undefined) return true
      this.total -= next.size
      const { bytes } = next
      const goOn = bytes === undefined ? connection.send(next.message as Out) : connection.write(bytes)
      if (!goOn) return false
    }
    return false
  }

  /** Forgets all of it; how much that was. */
  drop(): Unsent {
    const unsent = { messages: this.kept.length, bytes: this.total }
    while (this.kept.length > 0) this.kept.shift()
    this.total = 0
    return unsent
  }

  private add(kept: Kept<Out>): void {
    if (this.total + kept.size > this.maxBytes) throw offlineFull(this.total, kept.size, this.maxBytes)
    this.total += kept.size
    this.kept.push(kept)
  }
}
