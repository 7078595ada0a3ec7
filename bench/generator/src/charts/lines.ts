/** What all charts with lines have alike. */
import { COLORS, PEER_COLORS } from './colors.js'
import { tick } from './numbers.js'

export interface Line {
  label: string
  /** Whether it is Pollux. */
  accent: boolean
  points: readonly (readonly [x: number, y: number])[]
}

const ACCENTS = [COLORS.accent, COLORS['accent-soft'], COLORS['accent-pale']]
const DASHES = ['solid', [6, 3], [2, 3]] as const

/** Width of a chart: on a page, and on a narrow screen, where a wide one would be too small to read. */
export const WIDTHS = { wide: 760, narrow: 380 }

/** Of ECharts, one for each line; what is Pollux's lies on top and is thicker. */
export function lineSeries(lines: readonly Line[], symbols: boolean) {
  let accents = 0
  let others = 0
  return lines.map(({ label, accent, points }) => {
    const index = accent ? accents++ : others++
    const colors = accent ? ACCENTS : PEER_COLORS
    const color = colors[index % colors.length] as string
    // Eight peers and more: the colours come again, dashed.
    const dash = accent ? 'solid' : DASHES[Math.floor(index / PEER_COLORS.length) % DASHES.length]
    return {
      type: 'line' as const,
      name: label,
      data: points.map(([x, y]) => [x, y]),
      silent: true,
      showSymbol: symbols,
      symbol: 'circle',
      symbolSize: 6,
      lineStyle: { color, width: accent ? 3 : 1.75, type: dash },
      itemStyle: { color },
      z: accent ? 4 : 3,
    }
  })
}

/** Above the plot; as many lines as its entries take. */
export function legend(lines: readonly Line[], width: number): { option: object; height: number } {
  let rows = 1
  let used = 0
  for (const { label } of lines) {
    const entry = 18 + 6 + label.length * 6.6 + 14
    if (used + entry > width - 16) {
      rows++
      used = 0
    }
    used += entry
  }
  return {
    height: rows * 20 + 8,
    option: {
      left: 8,
      top: 0,
      width: width - 16,
      itemWidth: 18,
      itemHeight: 8,
      itemGap: 14,
      textStyle: { color: COLORS.ink, fontSize: 12 },
      selectedMode: false,
    },
  }
}

export const AXIS = {
  nameTextStyle: { color: COLORS.muted, fontSize: 11 },
  axisLabel: { color: COLORS.muted, fontSize: 11 },
  axisLine: { lineStyle: { color: COLORS.grid } },
  axisTick: { lineStyle: { color: COLORS.grid } },
  splitLine: { lineStyle: { color: COLORS.grid } },
  minorSplitLine: { show: false },
}

/** The powers of ten around these values, so that the line fills its plot: 1, 2 and 5 of each are bounds. */
function logBounds(values: readonly number[]): { min: number; max: number } {
  const positive = values.filter((value) => value > 0)
  if (positive.length === 0) return { min: 1, max: 10 }
  const low = Math.min(...positive)
  const high = Math.max(...positive)
  const min = [5, 2, 1].map((step) => step * 10 ** Math.floor(Math.log10(low))).find((bound) => bound <= low)
  const max = [1, 2, 5, 10]
    .map((step) => step * 10 ** Math.floor(Math.log10(high)))
    .find((bound) => bound >= high)
  return { min: min ?? low, max: max ?? high }
}

/** The axis of the values, with its name above it. */
export function valueAxis(
  name: string,
  scale: 'log' | 'linear',
  values: readonly number[],
  format?: (value: number) => string,
): object {
  return {
    ...AXIS,
    ...(scale === 'log' ? { type: 'log', ...logBounds(values) } : { type: 'value', min: 0 }),
    name,
    nameGap: 10,
    nameTextStyle: { ...AXIS.nameTextStyle, align: 'left', padding: [0, 0, 0, -50] },
    axisLabel: { ...AXIS.axisLabel, formatter: (value: number) => tick(value, format) },
  }
}
