// What the tests of faults have measured: printed, so that a reader of a run's log sees it. A figure fails no test.

/** One line: what was measured, and how it came out. */
export function record(what: string, figures: Record<string, number | string>) {
  const list = Object.entries(figures).map(([name, value]) => `${name} ${rounded(value)}`)
  console.log(`${what}: ${list.join(', ')}`)
}

function rounded(value: number | string): string {
  if (typeof value === 'string' || Number.isInteger(value)) return String(value)
  return value.toFixed(2)
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}
