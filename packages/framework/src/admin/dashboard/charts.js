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
 * @property {string} [none] said where nothing but zeros is to be seen
 */

/** @type {readonly ChartDefinition[]} */
const CHARTS = [
  {
    title: 'Open connections',
    format: format.count,
    series: [{ label: 'open', colour: 1, read: (_, server) => server?.connections }],
    none: 'Nobody was connected in this time',
  },
  {
    title: 'Throughput',
    format: format.bytesPerSecond,
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
    series: [
      { label: 'turn p50', colour: 1, read: ({ process }) => process.turnP50 },
      { label: 'turn p99', colour: 2, read: ({ process }) => process.turnP99 },
      { label: 'lag p99', colour: 3, read: ({ process }) => process.lagP99 },
    ],
  },
  {
    title: 'Queued output',
    format: format.bytes,
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

/** All charts show the same moment under the pointer. */
const SYNC = 'pollux'

class Chart {
  /** @param {ChartDefinition} definition */
  constructor(definition) {
    this.definition = definition
    /** @type {HTMLElement[]} */
    this.values = []
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
    return element('header', 'card-head', element('h3', '', title), legend)
  }

  /** @param {[number[], ...(number | null)[][]]} data */
  draw(data) {
    // @ts-expect-error uPlot's script, which is no module, puts it there
    const UPlotClass = /** @type {typeof import('uplot')} */ (globalThis.uPlot)
    this.uplot ??= new UPlotClass(this.options(), data, this.plot)
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
    const at = uplot.cursor.idx ?? uplot.data[0].length - 1
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
        y: { range: (_, _min, max) => [0, max > 0 ? max * 1.12 : EMPTY_TOP] },
      },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map(clock), space: 80, size: 28 },
        {
          ...axis,
          size: 66,
          space: 32,
          values: (_, ticks) => ticks.map((tick) => format.text(definition.format(tick))),
        },
      ],
      series: [
        {},
        ...definition.series.map(({ label, colour: number }, i) => ({
          label,
          stroke: colour(`c${number}`),
          fill: i === 0 ? `${colour(`c${number}`)}1f` : undefined,
          width: 1.5,
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [() => this.showValues()] },
    }
  }
}

/** @type {[number, number]} seconds of the shown time */
let span = [0, 1]

const charts = CHARTS.map((definition) => new Chart(definition))

/** @param {number} seconds */
function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
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
