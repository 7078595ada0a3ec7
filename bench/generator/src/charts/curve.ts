/** How a figure changes as connections grow: points with their intervals on a logarithmic axis. */
import type { CustomSeriesRenderItem } from 'echarts'
import { AXIS, type Line, legend, lineSeries, valueAxis, WIDTHS } from './lines.js'
import { count, grouped } from './numbers.js'
import { type Chart, draw } from './svg.js'

export interface CurvePoint {
  connections: number
  value: number
  low: number
  high: number
}

export interface Curve {
  label: string
  accent: boolean
  points: readonly CurvePoint[]
}

export interface CurveStyle {
  axis: string
  scale: 'log' | 'linear'
  format?: (value: number) => string
}

export function curveChart(
  name: string,
  description: string,
  curves: readonly Curve[],
  { axis, scale, format = count }: CurveStyle,
  layout: keyof typeof WIDTHS,
): Chart {
  const width = WIDTHS[layout]
  const lines: Line[] = curves.map(({ label, accent, points }) => ({
    label,
    accent,
    points: points.map(({ connections, value }) => [connections, value] as const),
  }))
  const { option, height: legendHeight } = legend(lines, width)
  const connections = [
    ...new Set(curves.flatMap(({ points }) => points.map((point) => point.connections))),
  ].sort((a, b) => a - b)
  const values = curves.flatMap(({ points }) => points.flatMap(({ low, high }) => [low, high]))
  const series = lineSeries(lines, true)
  return draw(
    name,
    description,
    { width, height: legendHeight + 300 },
    {
      legend: { ...option, data: lines.map(({ label }) => label) },
      grid: { left: 66, right: 30, top: legendHeight + 22, bottom: 46, outerBoundsMode: 'none' },
      xAxis: {
        ...AXIS,
        type: 'log',
        min: connections[0] ?? 1,
        max: connections.at(-1) ?? 10,
        name: 'connections',
        nameLocation: 'middle',
        nameGap: 28,
        axisLabel: {
          ...AXIS.axisLabel,
          // Where it was measured, and nowhere else.
          customValues: connections,
          hideOverlap: true,
          formatter: (value: number) => grouped(value),
        },
        axisTick: { ...AXIS.axisTick, customValues: connections },
        splitLine: { show: false },
      },
      yAxis: valueAxis(axis, scale, values, format),
      series: [
        ...series,
        ...curves.map(({ points }, index) => ({
          type: 'custom' as const,
          silent: true,
          data: points.map(({ connections: x, low, high }) => [x, low, high]),
          encode: { x: 0, y: [1, 2] },
          renderItem: whisker(series[index]?.itemStyle.color as string),
          z: 5,
        })),
      ],
    },
  )
}

function whisker(color: string): CustomSeriesRenderItem {
  return (_, api) => {
    const [x, low] = api.coord([api.value(0), api.value(1)]) as [number, number]
    const [, high] = api.coord([api.value(0), api.value(2)]) as [number, number]
    if (low - high < 1) return { type: 'group', children: [] }
    const line = (x1: number, y1: number, x2: number, y2: number) => ({
      type: 'line' as const,
      shape: { x1, y1, x2, y2 },
      style: { stroke: color, lineWidth: 1.2 },
    })
    return {
      type: 'group',
      children: [line(x, low, x, high), line(x - 3, low, x + 3, low), line(x - 3, high, x + 3, high)],
    }
  }
}
