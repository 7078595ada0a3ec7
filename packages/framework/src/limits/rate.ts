/**
 * Token buckets that are one number each.
 *
 * A bucket is remembered as the time at which it will be full again ("virtual scheduling", the generic cell rate
 * algorithm of ITU-T I.371): the tokens that it lacks now are the time from now until then.
 *
 * ```
 *   tokens = burst - (fullAt - now) · perSecond / 1000
 *
 *   now ├──────────────┤ fullAt            windowMs is the time that an empty bucket takes to fill
 *       ├────── windowMs ──────┤
 *        lacking         there
 * ```
 *
 * Nothing has to tick, and an array of numbers is all that ten thousand connections need.
 */
import { outOfRange } from '@pollux/core'

/** The state of a bucket that was never used. */
export const FULL = Number.NEGATIVE_INFINITY

/** How fast buckets of one kind fill, and how much they hold. */
export class Rate {
  readonly perSecond: number
  readonly burst: number
  private readonly msPerToken: number
  private readonly windowMs: number

  /**
   * @param perSecond tokens that flow in; more than 0, and it may be less than 1
   * @param burst the most that a bucket holds; at least 1
   */
  constructor(perSecond: number, burst: number) {
    this.perSecond = perSecond
    this.burst = burst
    this.msPerToken = 1000 / perSecond
    this.windowMs = burst * this.msPerToken
  }

  /** The bucket's state after `tokens` were taken out at `nowMs`, whether they were there or are owed. */
  take(state: number, nowMs: number, tokens: number): number {
    return Math.max(state, nowMs) + tokens * this.msPerToken
  }

  /** When the bucket holds `tokens`, if nobody takes any; in the past if it does. */
  readyMs(state: number, tokens: number): number {
    return state - this.windowMs + tokens * this.msPerToken
  }

  /** Whether the bucket holds so many. */
  has(state: number, nowMs: number, tokens: number): boolean {
    return this.readyMs(state, tokens) <= nowMs
  }
}

/**
 * A rate out of options: `perSecond` and a burst, which is what flows in a second (at least 1) unless it is given.
 *
 * @returns null where there is no limit
 * @throws TypeError or RangeError that names the option
 */
export function rateOf(
  perSecond: number | undefined,
  name: string,
  burst: number | undefined,
  burstName: string,
): Rate | null {
  if (perSecond === undefined) {
    if (burst !== undefined) throw outOfRange(burstName, `given together with ${name}`, burst)
    return null
  }
  checkAmount(perSecond, name, Number.MIN_VALUE, '> 0 and finite')
  if (burst !== undefined) checkAmount(burst, burstName, 1, '>= 1 and finite')
  return new Rate(perSecond, burst ?? Math.max(perSecond, 1))
}

function checkAmount(value: number, name: string, min: number, range: string): void {
  if (typeof value !== 'number' || !(value >= min) || value === Number.POSITIVE_INFINITY) {
    throw outOfRange(name, range, value)
  }
}
