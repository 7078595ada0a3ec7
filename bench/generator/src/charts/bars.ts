/** Bars from left to right, the best on top, with what is known of how sure each is. */
import type { CustomSeriesRenderItem } from 'echarts'
import { COLORS } from './colors.js'
import { type Chart, draw } from './svg.js'

export interface Bar {
  label: string
  value: number
  /** Its interval; as the value where there is none. */
  low: number
  high: number
  /** Whether it is Pollux. */
  accent: boolean
  /** Behind the value: † and its like. */
  mark?: string
}

const WIDTH = 420
const BAR = 22
const LABEL = { fontSize: 12, character: 6.6 }

/**
 * @param format of the values behind the bars
 * @param best whether more or less is better: that end is on top
 */
export function barChart(
  name: string,
  description: string,
  bars: readonly Bar[],
  format: (value: number) => string,
  best: 'more' | 'less' = 'more',
): Chart {
  // ECharts counts from below.
  const rows = [...bars].sort((a, b) => (best === 'more' ? a.value - b.value : b.value - a.value))
  const values = rows.map(({ value, mark }) => `${format(value)}${mark === undefined ? '' : ` ${mark}`}`)
  const longest = (texts: string[]) => Math.max(...texts.map((text) => text.length)) * LABEL.character
  const left = Math.ceil(longest(rows.map(({ label }) => label))) + 14
  const right = Math.ceil(longest(values)) + 12
  return draw(
    name,
    description,
    { width: WIDTH, height: rows.length * BAR + 12 },
    {
      grid: { left, right, top: 4, bottom: 8, outerBoundsMode: 'none' },
      xAxis: {
        type: 'value',
        min: 0,
        max: Math.max(...rows.map(({ value, high }) => Math.max(value, high))) || 1,
        axisLabel: { show: false },
        splitLine: { show: false },
      },
      yAxis: {
        type: 'category',
        data: rows.map(({ label }) => label),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: COLORS.grid } },
        axisLabel: {
          interval: 0,
          margin: 8,
          fontSize: LABEL.fontSize,
          color: (_: string, index: number) => (rows[index]?.accent ? COLORS.accent : COLORS.ink),
        },
      },
      series: [
        {
          type: 'bar',
          silent: true,
          barWidth: 13,
          data: rows.map(({ value, accent }) => ({
            value,
            itemStyle: { color: accent ? COLORS.accent : COLORS.bar, borderRadius: [0, 2, 2, 0] },
          })),
        },
        {
          type: 'custom',
          silent: true,
          clip: false,
          renderItem: whisker(values),
          data: rows.map(({ value, low, high, accent }, index) => [value, index, low, high, accent ? 1 : 0]),
          encode: { x: [0, 2, 3], y: 1 },
          z: 3,
        },
      ],
    },
  )
}

/** The interval as a line with two ends, and the value behind whatever is longer, it or the bar. */
function whisker(values: readonly string[]): CustomSeriesRenderItem {
  return (params, api) => {
    const row = api.value(1)
    const at = (dimension: number) => api.coord([api.value(dimension), row]) as [number, number]
    const [barEnd, y] = at(0)
    const [low] = at(2)
    const [high] = at(3)
    const style = { stroke: COLORS.ink, lineWidth: 1.2, opacity: 0.75 }
    const line = (x1: number, y1: number, x2: number, y2: number) => ({
      type: 'line' as const,
      shape: { x1, y1, x2, y2 },
      style,
    })
    const hasInterval = high - low > 0.5
    return {
      type: 'group',
      children: [
        ...(hasInterval
          ? [line(low, y, high, y), line(low, y - 3, low, y + 3), line(high, y - 3, high, y + 3)]
          : []),
        {
          type: 'text',
          style: {
            text: values[params.dataIndex] ?? '',
            x: Math.max(barEnd, high) + 6,
            y,
            verticalAlign: 'middle',
            fontSize: LABEL.fontSize,
            fontWeight: api.value(4) === 1 ? 'bold' : 'normal',
            fill: COLORS.ink,
          },
        },
      ],
    }
  }
}
