/** The `onread` option: what arrives goes into memory of the user's, and to a callback in place of `data`. */
import type { OnReadOpts } from 'node:net'
import { kIsReading } from './internals.js'

/** Whose bytes they are. */
export interface Reader {
  readonly [kIsReading]: boolean
}

export class ReadBuffer {
  private buffer: Uint8Array
  private readonly next: (() => Uint8Array) | null
  private readonly callback: OnReadOpts['callback']
  /** What came while the user had enough. */
  private rest: Buffer | null = null

  /** Undefined where the option is not what Node takes it for. */
  static from(option: unknown): ReadBuffer | undefined {
    if (typeof option !== 'object' || option === null) return undefined
    const { buffer, callback } = option as Partial<OnReadOpts>
    if (typeof callback !== 'function') return undefined
    return buffer instanceof Uint8Array || typeof buffer === 'function'
      ? new ReadBuffer(buffer, callback)
      : undefined
  }

  private constructor(buffer: OnReadOpts['buffer'], callback: OnReadOpts['callback']) {
    this.next = typeof buffer === 'function' ? buffer : null
    this.buffer = typeof buffer === 'function' ? buffer() : buffer
    this.callback = callback
  }

  /** Whether the user's memory takes no byte. */
  get isEmpty(): boolean {
    return this.buffer.length === 0
  }

  /** Whether something waits for the user to read on. */
  get hasRest(): boolean {
    return this.rest !== null
  }

  /**
   * Hands out a chunk, or the rest of one, in pieces that fit. False: the user has enough for now, or no room.
   *
   * @param chunk not kept: it may be borrowed
   * @param reader who is asked before each piece whether it is wanted, and is `this` of the callback
   */
  take(chunk: Buffer | null, reader: Reader): boolean {
    let bytes = chunk
    if (this.rest !== null) {
      bytes = chunk === null ? this.rest : Buffer.concat([this.rest, chunk])
      this.rest = null
    }
    let from = 0
    while (bytes !== null && from < bytes.length) {
      if (!reader[kIsReading] || this.isEmpty) {
        this.rest = Buffer.from(bytes.subarray(from))
        return false
      }
      const whole = from === 0 && bytes.length <= this.buffer.length
      const piece: Uint8Array = whole ? bytes : bytes.subarray(from, from + this.buffer.length)
      this.buffer.set(piece)
      from += piece.length
      const goOn = this.callback.call(reader, piece.length, this.buffer)
      if (this.next !== null) {
        const next = this.next()
        if (next instanceof Uint8Array) this.buffer = next
      }
      if (goOn === false || !reader[kIsReading]) {
        if (from < bytes.length) this.rest = Buffer.from(bytes.subarray(from))
        return false
      }
    }
    return true
  }
}
