// The charts: what they show, and how uPlot draws it.
import { byId, element } from './dom.js'
import * as format from './format.js'
import { columns } from './samples.js'

/** @typedef {import('../history.js').Sample} Sample */
/** @typedef {import('../history.js').ServerSample} ServerSample */
/** @typedef {import('uplot')} UPlot */
/** @typedef {(sample: Sample, server: ServerSample | undefined) => number | null | undefined} Reader */

/**
 * @typedef {object} ChartDefinition
 * @property {string} title
 * @property {(value: number | null | undefined) => format.Figure} format
 * @property {readonly { label: string, colour: number, read: Reader }[]} series
 * @property {'bytes' | 'whole' | 'logarithmic'} [scale] how the y axis is divided
 * @property {string} [none] said where nothing but zeros is to be seen
 */

/** The bottom of a logarithmic scale, which has no 0; and the least top. */
const SHORTEST_S = 1e-5
const LEAST_TOP_S = 0.1

/**
 * @param {number} least
 * @param {number | null} value
 */
const atLeast = (least, value) => (value === null ? null : Math.max(value, least))

/** @type {readonly ChartDefinition[]} */
const CHARTS = [
  {
    title: 'Open connections',
    format: format.count,
    scale: 'whole',
    series: [{ label: 'open', colour: 1, read: (_, server) => server?.connections }],
    none: 'Nobody was connected in this time',
  },
  {
    title: 'Throughput',
    format: format.bytesPerSecond,
    scale: 'bytes',
    series: [
      { label: 'received', colour: 1, read: (_, server) => server?.receivedBytes },
      { label: 'sent', colour: 2, read: (_, server) => server?.sentBytes },
    ],
    none: 'No bytes moved in this time',
  },
  {
    title: 'Messages',
    format: format.perSecond,
    series: [
      { label: 'received', colour: 1, read: (_, server) => server?.receivedMessages },
      { label: 'sent', colour: 2, read: (_, server) => server?.sentMessages },
    ],
    none: 'No messages in this time: only servers with a codec have them',
  },
  {
    title: 'Turn duration and loop lag',
    format: format.duration,
    // From microseconds to seconds: all of it matters.
    scale: 'logarithmic',
    series: [
      { label: 'turn p50', colour: 1, read: ({ process }) => atLeast(SHORTEST_S, process.turnP50) },
      { label: 'turn p99', colour: 2, read: ({ process }) => atLeast(SHORTEST_S, process.turnP99) },
      { label: 'lag p99', colour: 3, read: ({ process }) => atLeast(SHORTEST_S, process.lagP99) },
    ],
  },
  {
    title: 'Queued output',
    format: format.bytes,
    scale: 'bytes',
    series: [{ label: 'queued', colour: 1, read: (_, server) => server?.queuedBytes }],
    none: 'Peers took everything at once in this time',
  },
  {
    title: 'Errors and refusals',
    format: format.perSecond,
    series: [
      { label: 'handler', colour: 4, read: (_, server) => server?.handlerErrors },
      { label: 'codec', colour: 2, read: (_, server) => server?.codecErrors },
      { label: 'network', colour: 3, read: (_, server) => server?.networkErrors },
      { label: 'refused', colour: 5, read: (_, server) => server?.refused },
    ],
    none: 'None in this time',
  },
]

const HEIGHT = 184
const MARGIN = 12
const FONT = '11px system-ui, sans-serif'
/** The least top of a scale whose values are all 0. */
const EMPTY_TOP = 1

/** Steps of an axis that counts bytes. */
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power)

/** Steps of an axis that counts what there is no half of. */
const WHOLE_STEPS = Array.from({ length: 8 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat()

/** Up to here the time axis shows seconds. */
const SHORT_SPAN_S = 90

/** All charts show the same moment under the pointer. */
const SYNC = 'pollux'

class Chart {
  /** @param {ChartDefinition} definition */
  constructor(definition) {
    this.definition = definition
    /** @type {HTMLElement[]} */
    this.values = []
    /** When what the legend says was, while the pointer is on a chart. */
    this.time = element('time', 'note')
    this.empty = element('p', 'empty', 'Collecting…')
    this.plot = element('div', 'plot', this.empty)
    this.plot.setAttribute('role', 'img')
    this.plot.setAttribute('aria-label', `Chart: ${definition.title}`)
    this.card = element('article', 'card', this.head(), this.plot)
    /** @type {UPlot | undefined} */
    this.uplot = undefined
  }

  head() {
    const { title, series } = this.definition
    const legend = element('div', 'legend')
    for (const { label, colour } of series) {
      const value = element('b', '', '–')
      this.values.push(value)
      legend.append(element('span', `k${colour}`, element('i', ''), label, value))
    }
    return element('header', 'chart-head', element('h3', '', title), this.time, legend)
  }

  /** @param {[number[], ...(number | null)[][]]} data */
  draw(data) {
    // uPlot's script, which is no module, puts it there.
    this.uplot ??= new globalThis.uPlot(this.options(), data, this.plot)
    this.uplot.setData(data)
    this.showEmpty(data)
    this.showValues()
  }

  /** Colours are of the scheme that it was drawn in. */
  forget() {
    this.uplot?.destroy()
    this.uplot = undefined
  }

  fit() {
    this.uplot?.setSize({ width: this.plot.clientWidth - MARGIN, height: HEIGHT })
  }

  /** @param {[number[], ...(number | null)[][]]} data */
  showEmpty([times, ...series]) {
    const { none } = this.definition
    const nothing = none !== undefined && series.every((values) => values.every((value) => !value))
    this.empty.textContent = times.length < 2 ? 'Collecting…' : nothing ? none : ''
  }

  /** At the pointer, or the latest. */
  showValues() {
    const { uplot } = this
    if (uplot === undefined) return
    const { idx } = uplot.cursor
    const at = idx ?? uplot.data[0].length - 1
    this.time.textContent =
      idx == null ? '' : new Date(uplot.data[0][idx] * 1000).toLocaleTimeString([], { hour12: false })
    this.values.forEach((element, i) => {
      element.textContent = format.text(this.definition.format(uplot.data[i + 1][at]))
    })
  }

  /** @returns {import('uplot').Options} */
  options() {
    const { definition } = this
    const style = getComputedStyle(document.documentElement)
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(`--${name}`).trim()
    const axis = {
      stroke: colour('muted'),
      font: FONT,
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { show: false },
    }
    return {
      width: this.plot.clientWidth - MARGIN,
      height: HEIGHT,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { time: true, range: () => span },
        y: definition.scale === 'logarithmic' ? LOGARITHMIC : LINEAR,
      },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map(clock), space: 62, size: 28 },
        {
          ...axis,
          size: 66,
          space: 30,
          ...(definition.scale === 'bytes' ? { incrs: POWERS_OF_TWO } : {}),
          ...(definition.scale === 'whole' ? { incrs: WHOLE_STEPS } : {}),
          ...(definition.scale === 'logarithmic' ? { grid: { ...axis.grid, filter: powersOfTen } } : {}),
          // Of a logarithmic scale null stands for ticks that are too many.
          values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : label(definition.format(tick)))),
        },
      ],
      series: [
        {},
        ...definition.series.map(({ label, colour: number }, i) => ({
          label,
          stroke: colour(`c${number}`),
          fill: i === 0 ? `${colour(`c${number}`)}1f` : undefined,
          width: 1.5,
          // Where as much is sent as received, both are to be seen.
          dash: i === 1 && definition.series.length === 2 ? [5, 4] : undefined,
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [() => this.showValues()] },
    }
  }
}

/** @type {import('uplot').Scale} */
const LINEAR = { range: (_, _min, max) => [0, max > 0 ? max * 1.12 : EMPTY_TOP] }

/** @type {import('uplot').Scale} */
const LOGARITHMIC = {
  distr: 3,
  range: (_, _min, max) => [SHORTEST_S, Math.max(LEAST_TOP_S, 10 ** Math.ceil(Math.log10(max || 1)))],
}

/** @type {import('uplot').Axis.Filter} */
function powersOfTen(_, splits) {
  return splits.map((split) => (Math.abs(Math.log10(split) % 1) < 1e-9 ? split : null))
}

/**
 * A tick's label: 20 MiB/s and not 20.0 MiB/s.
 *
 * @param {format.Figure} figure
 */
function label({ value, unit }) {
  return format.text({ value: String(Number(value)), unit })
}

/** @type {[number, number]} seconds of the shown time */
let span = [0, 1]

const charts = CHARTS.map((definition) => new Chart(definition))

/** @param {number} seconds */
function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    ...(span[1] - span[0] <= SHORT_SPAN_S ? { second: '2-digit' } : {}),
    hour12: false,
  })
}

/** Puts the charts into the page, and keeps them as wide as it. */
export function showCharts() {
  byId('charts').replaceChildren(...charts.map(({ card }) => card))
  const observer = new ResizeObserver(() => {
    for (const chart of charts) chart.fit()
  })
  observer.observe(byId('charts'))
}

/**
 * @param {number} untilMs
 * @param {number} spanMs how much time they show
 * @param {string} server
 */
export function drawCharts(untilMs, spanMs, server) {
  span = [(untilMs - spanMs) / 1000, untilMs / 1000]
  for (const chart of charts) {
    chart.draw(
      columns(
        untilMs - spanMs,
        server,
        chart.definition.series.map(({ read }) => read),
      ),
    )
  }
}

/** The colour scheme changed. */
export function forgetColours() {
  for (const chart of charts) chart.forget()
}
