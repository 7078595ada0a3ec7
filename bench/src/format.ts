import type { Shape } from './shapes.js'
import type { Interval, Spread } from './stats.js'

/** `4.71 M`, `309.2 k`, `395`. */
export function formatCount(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`
  return value.toFixed(0)
}

export function formatValue(value: number, unit: Shape['unit']): string {
  return unit === 'bytes' ? `${value.toFixed(0)} B` : formatCount(value)
}

/** `1.02 (0.99–1.05)`: the median and the extremes. */
export function formatRatio(ratio: Spread): string {
  if (ratio.count === 1) return ratio.median.toFixed(2)
  return `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`
}

/** `1.02 (0.99–1.05)`: the median and its confidence interval. */
export function formatInterval({ median, low, high, count }: Interval): string {
  return formatRatio({ median, min: low, max: high, count })
}

/** A Markdown table whose columns also line up in a terminal. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => (row[i] ?? '').length)))
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
