/** What a connection has received and not delivered: the beginning of a frame, or what waits while it is held. */

const NOTHING = Buffer.alloc(0)

/** Memory that is worth giving back, when only a little of it is in use. */
const LARGE_BYTES = 4096

/** As far as this, memory is there before the bytes: a peer that promises a long frame and sends nothing gets no more. */
const AHEAD_BYTES = 64 * 1024

/**
 * ```
 *   bytes: [ consumed | a b c d e f g |      ]
 *                     ^ start         ^ end
 * ```
 */
export class Rest {
  bytes: Buffer = NOTHING
  start = 0
  end = 0
  /** As in `Input`. */
  scanned = 0
  needed = 0
  /** When its incomplete message began, if somebody wants to know; 0: nobody does, or it may be a whole one. */
  beganMs = 0
  /** Since when the peer is kept waiting with it; 0: it is not. */
  heldMs = 0
  /** Whether the codec knows that the peer has ended, and is at the last messages. */
  isLast = false

  get length(): number {
    return this.end - this.start
  }

  /** What a codec has made of it so far means nothing to the next one. */
  startAfresh(): void {
    this.scanned = 0
    this.needed = 0
    this.isLast = false
  }

  /** Adds a copy of `chunk` from `from` to `to`. */
  append(chunk: Buffer, from: number, to: number): void {
    const length = to - from
    this.makeRoom(length)
    chunk.copy(this.bytes, this.end, from, to)
    this.end += length
  }

  /** All of it, to keep; nothing is left. */
  takeAll(): Buffer {
    const all = this.bytes.subarray(this.start, this.end)
    this.bytes = NOTHING
    this.start = 0
    this.end = 0
    return all
  }

  /** What was consumed needs no memory any more. */
  shrink(): void {
    const { bytes, start, end } = this
    const length = end - start
    if (bytes.length < LARGE_BYTES || length * 4 > bytes.length) return
    this.moveTo(Buffer.allocUnsafe(Math.max(length, Math.min(this.needed, AHEAD_BYTES))))
  }

  private makeRoom(more: number): void {
    const { bytes, start, end, needed } = this
    if (end + more <= bytes.length) return
    const length = end - start
    const wanted = Math.max(length + more, Math.min(needed, AHEAD_BYTES))
    // At least twice as much as before, so that a frame which comes byte by byte is not copied each time.
    if (wanted <= bytes.length && start >= length) this.moveTo(bytes)
    else
      this.moveTo(
        Buffer.allocUnsafe(Math.max(wanted, needed === 0 ? length * 2 : Math.min(length * 2, needed))),
      )
  }

  private moveTo(bytes: Buffer): void {
    this.bytes.copy(bytes, 0, this.start, this.end)
    this.end -= this.start
    this.start = 0
    this.bytes = bytes
  }
}
