/** The `onread` option: what arrives goes into memory of the user's, and to a callback in place of `data`. */
import type { OnReadOpts } from 'node:net'

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

  /** Whether something waits for the user to read on. */
  get hasRest(): boolean {
    return this.rest !== null
  }

  /** Hands out a chunk, or the rest of one. False: the user has enough for now. */
  take(chunk: Buffer | null, isWanted: () => boolean): boolean {
    let bytes = chunk ?? this.rest
    this.rest = null
    while (bytes !== null && bytes.length > 0) {
      const length = Math.min(bytes.length, this.buffer.length)
      this.buffer.set(bytes.subarray(0, length))
      const goOn = this.callback(length, this.buffer)
      if (this.next !== null) {
        const next = this.next()
        if (next instanceof Uint8Array) this.buffer = next
      }
      bytes = length < bytes.length ? bytes.subarray(length) : null
      if (goOn === false || !isWanted()) {
        this.rest = bytes
        return false
      }
    }
    return true
  }
}
