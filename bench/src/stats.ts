/** Several measurements of one thing. */
export interface Spread {
  median: number
  min: number
  max: number
  count: number
}

/** The median, and where the true one lies. */
export interface Interval {
  median: number
  low: number
  high: number
  count: number
  /** How sure that is: at least 0.95 from six values on, less with fewer; 0 of one. */
  coverage: number
}

/** What an interval of ratios says: both are alike as far as one can tell, or one of them is not. */
export type Difference = 'more' | 'less' | 'none' | 'unknown'

const CONFIDENCE = 0.95

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

/** Median and extremes, or nothing where nothing was measured. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), count: values.length }
}

/**
 * The confidence interval of the median by order statistics: from the k-th lowest to the k-th highest value, with the
 * largest k that still covers the median with 95%. It assumes nothing of how the values are distributed, only that
 * they are independent, and it is exact: the true median is missed when all but k - 1 values fall to one side of it,
 * as coins do. Six values are the fewest that reach 95% (their extremes: 96.9%); of fewer it gives the extremes, with
 * the coverage that those have.
 */
export function interval(values: readonly number[]): Interval | undefined {
  const count = values.length
  if (count === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  // Of the count coins, how likely are fewer than k heads?
  let probability = 0.5 ** count
  let missed = probability
  let k = 1
  for (;;) {
    probability *= (count - k + 1) / k
    if (2 * (missed + probability) > 1 - CONFIDENCE) break
    missed += probability
    k++
  }
  return {
    median: median(sorted),
    low: sorted[k - 1] as number,
    high: sorted[count - k] as number,
    count,
    coverage: 1 - 2 * missed,
  }
}

/** Whether a ratio is not 1, as far as its interval tells. Nothing is told of less than 95%. */
export function difference(ratio: Interval): Difference {
  if (ratio.coverage < CONFIDENCE) return 'unknown'
  return ratio.low > 1 ? 'more' : ratio.high < 1 ? 'less' : 'none'
}

/** Ratios of values that were measured in the same round; a round that lacks one of them gives none. */
export function pairedRatios(
  above: ReadonlyMap<number, number>,
  below: ReadonlyMap<number, number>,
): number[] {
  const ratios: number[] = []
  for (const [round, value] of above) {
    const divisor = below.get(round)
    if (divisor !== undefined && divisor !== 0) ratios.push(value / divisor)
  }
  return ratios
}
