/**
 * What is sent where the content does not matter: slices of one long pattern, so that a byte which is lost, doubled,
 * swapped or sent to the wrong connection does not line up by accident. Its period is a prime.
 */
import { Random } from './random.js'

export const PATTERN_PERIOD = 65_521

/** How many places there are at which a message may begin; a prime as well. */
export const PATTERN_STARTS = 509

/** The distance between them: they are all over the pattern. */
const STEP = 7919

export class Pattern {
  /** The pattern, repeated so that `longest` bytes can be read from any start. */
  readonly bytes: Buffer
  private readonly views: Buffer[] = []
  private readonly viewLength: number

  constructor(longest: number) {
    const period = Buffer.alloc(PATTERN_PERIOD)
    const random = new Random(1)
    for (let i = 0; i < PATTERN_PERIOD; i++) period[i] = random.below(256)
    this.bytes = Buffer.alloc(PATTERN_PERIOD + longest, period)
    this.viewLength = longest
    for (let i = 0; i < PATTERN_STARTS; i++) {
      const at = this.offset(i)
      this.views.push(this.bytes.subarray(at, at + longest))
    }
  }

  /** Where the message of that number (below PATTERN_STARTS) begins in `bytes`. */
  offset(start: number): number {
    return (start * STEP) % PATTERN_PERIOD
  }

  /** The message of that number and length: made beforehand for the longest. */
  message(start: number, length: number): Buffer {
    const view = this.views[start] as Buffer
    return length === this.viewLength ? view : view.subarray(0, length)
  }
}
