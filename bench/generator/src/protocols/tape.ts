/**
 * What an echo connection sends: the pattern from a place of its own on, without a gap, so that messages which leave
 * together are one piece of memory, and so is what comes back.
 *
 * ```
 *   sizes vary     the pattern, again and again
 *   all alike      the same, and after so many messages from the beginning: each message was made beforehand
 *
 *   |  0 |  1 |  2 | …                     | n-1 |  0 |  1 | …
 *             ▲ a connection's first one
 * ```
 */
import { PATTERN_PERIOD, PATTERN_STARTS, Pattern } from '../pattern.js'
import type { Sizes } from '../sizes.js'

/** Messages are gathered up to so many bytes; a longer one travels alone. */
export const GATHERED_BYTES = 64 * 1024

export class Tape {
  private readonly pattern: Pattern
  /** After so many bytes it begins anew. */
  private readonly lap: number
  /** The length of all messages; 0 where it varies. */
  private readonly length: number
  /** Where they are all alike: each of a lap. */
  private readonly messages: Buffer[] = []

  constructor({ smallest, largest }: Sizes) {
    this.pattern = new Pattern(Math.max(largest, GATHERED_BYTES))
    this.length = smallest === largest ? largest : 0
    this.lap = this.length === 0 ? PATTERN_PERIOD : PATTERN_STARTS * largest
    if (this.length === 0) return
    for (let at = 0; at < this.lap; at += largest) this.messages.push(this.cut(at, largest))
  }

  get bytes(): Buffer {
    return this.pattern.bytes
  }

  /** Where the connection of that number begins. */
  startOf(connection: number): number {
    const start = (connection * 31) % PATTERN_STARTS
    return this.length === 0 ? this.pattern.offset(start) : start * this.length
  }

  /** Where what follows so many bytes begins. */
  after(position: number, length: number): number {
    return (position + length) % this.lap
  }

  /** The place of a position in `bytes`. */
  offset(position: number): number {
    return position % PATTERN_PERIOD
  }

  /** So many bytes from a position on are in one piece: a message at least. */
  inOnePiece(position: number): number {
    const left = this.bytes.length - this.offset(position)
    return this.length === 0 ? left : Math.min(left, this.lap - position)
  }

  /** So many bytes from a position on. */
  slice(position: number, length: number): Buffer {
    return length === this.length ? (this.messages[position / length] as Buffer) : this.cut(position, length)
  }

  private cut(position: number, length: number): Buffer {
    const from = this.offset(position)
    return this.bytes.subarray(from, from + length)
  }
}
