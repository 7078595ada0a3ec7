/** Received bytes as codecs see them. */
import { bufferView } from '@pollux/core'

/** The methods behind `toString`, without its checks: this is where text protocols spend their time. */
type SlicingBuffer = Buffer & {
  utf8Slice(from: number, to: number): string
  latin1Slice(from: number, to: number): string
}

/**
 * What a connection has received and its codec has not consumed.
 *
 * ```
 *   bytes: [ .... | a b c d e f g | .... ]
 *                 ^ start   ^     ^ end
 *                           start + scanned
 * ```
 *
 * It is lent to `decode` for the call: nothing of it may be kept but what `take` and `text` made, and with `borrow`
 * the `bytes` of a message until its handler returns.
 */
export class Input {
  /** Memory around the bytes; only positions from `start` to before `end` mean anything. Don't write to it. */
  bytes: Buffer
  /** Where the next frame begins. `decode` moves it behind what it consumes. */
  start = 0
  /** One past the last byte that was received. */
  end = 0
  /**
   * The decoder's own: how many bytes from `start` on it needn't look at again. It comes back with the same frame once
   * more bytes are there, and is 0 for a fresh one.
   */
  scanned = 0
  /**
   * Set by a decoder that knows it: no call is of use before so many bytes from `start` on are there. 0 for each fresh
   * frame. More than `maxFrameBytes` fails the connection.
   */
  needed = 0
  /** Whether messages may be views of these bytes, which last until the handler returns. */
  borrow = false

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** How many bytes are there. */
  get length(): number {
    return this.end - this.start
  }

  /** Bytes of a message: with `borrow: true` a view that is valid until the handler returns, else a copy. */
  take(from: number, to: number): Buffer {
    const { bytes } = this
    const length = to - from
    if (this.borrow) return bufferView(bytes.buffer as ArrayBuffer, bytes.byteOffset + from, length)
    const copy = Buffer.allocUnsafe(length)
    bytes.copy(copy, 0, from, to)
    return copy
  }

  /** Text of a message. */
  text(from: number, to: number, encoding: BufferEncoding = 'utf8'): string {
    const bytes = this.bytes as SlicingBuffer
    if (encoding === 'utf8') return bytes.utf8Slice(from, to)
    if (encoding === 'latin1') return bytes.latin1Slice(from, to)
    return bytes.toString(encoding, from, to)
  }
}
