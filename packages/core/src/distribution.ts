/** How values are distributed: a histogram that the reactor keeps, as it was when it was asked for. */

/**
 * A histogram.
 *
 * ```
 *   bounds:   [    25,     50,    100 ]
 *   counts:   [ 1204,   117,      3,      0 ]
 *               ≤ 25   ≤ 50   ≤ 100   > 100
 * ```
 */
export interface Distribution {
  /** Upper bounds of the buckets, inclusive and rising. */
  readonly bounds: readonly number[]
  /** How many values each bucket has; one more than bounds, the last for what is past them all. */
  readonly counts: readonly number[]
  /** All values added up. */
  readonly sum: number
}

/** Reads the buckets that begin at `first` in the counters of a loop. */
export function readDistribution(
  counters: Float64Array,
  first: number,
  bounds: readonly number[],
  sum: number,
): Distribution {
  return { bounds, counts: Array.from(counters.subarray(first, first + bounds.length + 1)), sum }
}
