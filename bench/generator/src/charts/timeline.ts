/** What happened while it ran: each figure over the seconds of the measurement. */
import { AXIS, type Line, legend, lineSeries, valueAxis, WIDTHS } from './lines.js'
import { count } from './numbers.js'
import { type Chart, draw } from './svg.js'

export interface Timeline {
  /** Of the axis. */
  axis: string
  lines: readonly Line[]
  /** A log scale from what is lowest, or a linear one from zero. */
  scale: 'log' | 'linear'
  format?: (value: number) => string
  /** Seconds at which one round ended and the next began. */
  bounds: readonly number[]
}

export function timelineChart(
  name: string,
  description: string,
  { axis, lines, scale, format = count, bounds }: Timeline,
  layout: keyof typeof WIDTHS,
): Chart {
  const width = WIDTHS[layout]
  const shown = lines.length > 1
  const { option, height: legendHeight } = legend(lines, width)
  const top = shown ? legendHeight + 20 : 26
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y))
  const last = Math.max(0, ...lines.flatMap(({ points }) => points.map(([x]) => x)))
  const series = lineSeries(lines, false)
  return draw(
    name,
    description,
    { width, height: top + 210 },
    {
      ...(shown ? { legend: option } : {}),
      grid: { left: 62, right: 28, top, bottom: 44, outerBoundsMode: 'none' },
      xAxis: {
        ...AXIS,
        type: 'value',
        min: 0,
        max: last || 1,
        name: 'seconds',
        nameLocation: 'middle',
        nameGap: 28,
        splitLine: { show: false },
        axisLabel: { ...AXIS.axisLabel, showMaxLabel: false, formatter: (value: number) => String(value) },
      },
      yAxis: valueAxis(axis, scale, values, format),
      series: series.map((line, index) => ({
        ...line,
        ...(index === 0 && bounds.length > 0 ? { markLine: roundBounds(bounds) } : {}),
      })),
    },
  )
}

function roundBounds(bounds: readonly number[]): object {
  return {
    silent: true,
    symbol: 'none',
    label: { show: false },
    lineStyle: { color: AXIS.axisLine.lineStyle.color, type: 'dashed', width: 1 },
    data: bounds.map((xAxis) => ({ xAxis })),
  }
}
