/**
 * Latency over percentiles, on a scale of nines: 90%, 99% and 99.9% are equally far apart, so that the rare cases, which
 * are what hurts, have as much room as the common ones.
 */
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { AXIS, type Line, legend, lineSeries, valueAxis, WIDTHS } from './lines.js'
import { time } from './numbers.js'
import { type Chart, draw } from './svg.js'

const STEP = 0.05
const MOST_NINES = 6

export interface Latencies {
  label: string
  accent: boolean
  points: readonly (readonly [nines: number, us: number])[]
}

/** What histograms say together, up to the percentile that they have one value for. */
export function readPercentiles(...base64: [string, ...string[]]): [nines: number, us: number][] {
  // The one with the highest value first, for it has room for all.
  const [histogram, ...more] = base64
    .map((text) => decodeFromCompressedBase64(text))
    .sort((a, b) => b.maxValue - a.maxValue) as [Histogram, ...Histogram[]]
  for (const other of more) histogram.add(other)
  if (histogram.totalCount === 0) return []
  const last = Math.min(Math.log10(histogram.totalCount), MOST_NINES)
  const points: [number, number][] = []
  for (let step = 0; step * STEP <= last; step++) {
    const nines = step * STEP
    const value = histogram.getValueAtPercentile(100 * (1 - 10 ** -nines))
    points.push([nines, Math.min(value, histogram.maxValue) / 1000])
  }
  return points
}

/** `90%`, `99%`, `99.9%`: the percentile that has so many nines. */
export function percentileOf(nines: number): string {
  if (nines === 0) return '0%'
  return `${(100 * (1 - 10 ** -nines)).toFixed(Math.max(0, nines - 2))}%`
}

export function percentileChart(
  name: string,
  description: string,
  latencies: readonly Latencies[],
  layout: keyof typeof WIDTHS,
): Chart {
  const width = WIDTHS[layout]
  const lines: readonly Line[] = latencies
  const { option, height: legendHeight } = legend(lines, width)
  const shown = lines.length > 1
  const top = shown ? legendHeight + 20 : 26
  const nines = Math.ceil(Math.max(1, ...lines.flatMap(({ points }) => points.map(([x]) => x))))
  const us = lines.flatMap(({ points }) => points.map(([, y]) => y))
  return draw(
    name,
    description,
    { width, height: top + (layout === 'wide' ? 300 : 250) },
    {
      ...(shown ? { legend: option } : {}),
      grid: { left: 62, right: 28, top, bottom: 44, outerBoundsMode: 'none' },
      xAxis: {
        ...AXIS,
        type: 'value',
        min: 0,
        max: nines,
        interval: 1,
        name: 'percentile',
        nameLocation: 'middle',
        nameGap: 28,
        axisLabel: {
          ...AXIS.axisLabel,
          // Six nines side by side have no room for their signs on a narrow screen.
          ...(layout === 'narrow' ? { fontSize: 10 } : {}),
          formatter: (value: number) => percentileOf(value).replace(layout === 'narrow' ? '%' : '', ''),
        },
      },
      yAxis: valueAxis('latency', 'log', us, time),
      series: lineSeries(lines, false),
    },
  )
}
