/** Several measurements of one thing. */
export interface Spread {
  median: number
  min: number
  max: number
  count: number
}

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
