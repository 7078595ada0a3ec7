// Byte streams that both ends know beforehand: a chunk is checked where it arrives, so that a byte that is lost, twice
// there or from elsewhere is found at its offset. Stronger than a hash at the end, which a cut-off stream has not.
import { createCipheriv } from 'node:crypto'
import type { Random } from './random.js'

/** No stream is longer, so that none repeats itself. */
export const MAX_STREAM_BYTES = 1_000_000
const MAX_PIECE_BYTES = 1_000_000

const NOISE = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(
  Buffer.alloc(2 * MAX_STREAM_BYTES + MAX_PIECE_BYTES),
)
/** The same in ASCII: each string encoding gives the same bytes. */
const TEXT = Buffer.from(NOISE.map((byte) => byte & 0x7f))

export class Stream {
  constructor(
    readonly length: number,
    readonly isText: boolean,
    private readonly start: number,
  ) {}

  static random(random: Random, maxBytes: number): Stream {
    return new Stream(random.magnitude(maxBytes), random.chance(0.3), random.int(0, MAX_STREAM_BYTES))
  }

  slice(from: number, to: number): Buffer {
    return (this.isText ? TEXT : NOISE).subarray(this.start + from, this.start + Math.min(to, this.length))
  }
}

/** The receiving end of a stream. */
export class Checker {
  received = 0
  /** What was wrong first. */
  problem: string | undefined = undefined

  constructor(
    private readonly stream: Stream,
    private readonly name: string,
  ) {}

  take(chunk: Uint8Array) {
    const end = this.received + chunk.length
    if (this.problem === undefined) {
      if (end > this.stream.length) this.problem = `${this.name}: ${end} of ${this.stream.length} bytes`
      const expected = this.stream.slice(this.received, end)
      if (expected.compare(chunk) !== 0) this.problem ??= this.describe(chunk, expected)
    }
    this.received = end
  }

  get isComplete(): boolean {
    return this.problem === undefined && this.received === this.stream.length
  }

  private describe(chunk: Uint8Array, expected: Uint8Array): string {
    const at = chunk.findIndex((byte, i) => byte !== expected[i])
    const found = this.stream.slice(0, this.stream.length).indexOf(chunk.subarray(at, at + 16))
    const where = found < 0 ? 'from elsewhere' : `those of offset ${found}`
    return `${this.name}: wrong bytes at ${this.received + at} of ${this.stream.length}, ${where}`
  }
}
