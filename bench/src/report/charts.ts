/** The charts of a comparison. */
import { type Bar, barChart } from '../../generator/dist/charts/bars.js'
import { type Curve, type CurveStyle, curveChart } from '../../generator/dist/charts/curve.js'
import { bytes, digits, time } from '../../generator/dist/charts/numbers.js'
import { percentileChart, readPercentiles } from '../../generator/dist/charts/percentiles.js'
import type { Chart } from '../../generator/dist/charts/svg.js'
import { Figures } from '../comparison/figures.js'
import type { FilePeer, FileTrial, ResultsFile } from '../results-file.js'
import { interval } from '../stats.js'
import { type Finding, isPollux, lessIsBetter } from './findings.js'
import { formatFigure, LOAD_BOUND, sentence } from './words.js'

export interface Figure {
  /** Its file, without an ending. */
  name: string
  title: string
  wide: Chart
  narrow: Chart
}

/** All peers of a workload. */
export function barFigure({ workload, peers, ...finding }: Finding, { trials }: ResultsFile): Figure {
  const figures = new Figures(trials)
  const bars = peers.flatMap((peer): Bar[] => {
    const value = figures.value(workload.name, peer.name)
    if (value === undefined) return []
    const mark = figures.loadBound(workload.name, peer.name) ? { mark: LOAD_BOUND } : {}
    return [
      {
        label: peer.label,
        value: value.median,
        low: value.low,
        high: value.high,
        accent: isPollux(peer),
        ...mark,
      },
    ]
  })
  const title = sentence({ workload, peers, ...finding })
  const chart = barChart(
    `bars-${workload.name}`,
    `${workload.label}. ${title}. ${bars.map(({ label, value }) => `${label} ${formatFigure(value, workload.unit)}`).join(', ')}.`,
    bars,
    (value) => formatFigure(value, workload.unit),
    lessIsBetter(workload) ? 'less' : 'more',
  )
  return { name: `bars-${workload.name}`, title, wide: chart, narrow: chart }
}

/** More lines than these can't be told apart. */
const MOST_LINES = 7

/** Latencies of the ways to use Pollux and of the best of each kind of the others, all rounds together. */
export function percentileFigure(finding: Finding, { trials }: ResultsFile): Figure | undefined {
  const { workload, peers } = finding
  const figures = new Figures(trials)
  const kinds = [finding.javascript, finding.native, finding.product].flatMap((versus) => versus?.peer ?? [])
  const reference = peers.filter(({ name }) => name === workload.reference)
  const chosen = [...new Set([...peers.filter(isPollux), ...reference, ...kinds])].slice(0, MOST_LINES)
  const lines = chosen.flatMap((peer) => {
    const [first, ...more] = figures
      .of(workload.name, peer.name)
      .flatMap(({ result, error }) =>
        error === undefined && result !== undefined ? result.latency.histogram : [],
      )
    const points = first === undefined ? [] : readPercentiles(first, ...more)
    return points.length < 2 ? [] : [{ label: peer.label, accent: isPollux(peer), points }]
  })
  if (lines.length === 0) return undefined
  const p99 = (peer: FilePeer) => figures.p99Us(workload.name, peer.name) ?? Number.POSITIVE_INFINITY
  const best = [...chosen].sort((a, b) => p99(a) - p99(b))[0] as FilePeer
  const name = `percentiles-${workload.name}`
  const title = `${best.label} has the lowest 99th percentile, ${time(p99(best))}`
  const chart = (layout: 'wide' | 'narrow') =>
    percentileChart(`${name}-${layout}`, `${workload.label}: latency by percentile. ${title}.`, lines, layout)
  return { name, title, wide: chart('wide'), narrow: chart('narrow') }
}

interface Cost {
  name: string
  what: string
  of: (trial: FileTrial) => number | undefined
  style: CurveStyle
  best: 'highest' | 'lowest'
}

const COSTS: Cost[] = [
  {
    name: 'throughput',
    what: 'throughput',
    of: ({ value }) => value,
    style: { axis: 'messages a second', scale: 'linear' },
    best: 'highest',
  },
  {
    name: 'p99',
    what: '99th percentile',
    of: ({ result }) => result?.percentilesUs.p99,
    style: { axis: '99th percentile of latency', scale: 'log', format: time },
    best: 'lowest',
  },
  {
    name: 'cpu',
    what: 'CPU time for a message',
    of: ({ cpuUs }) => cpuUs?.total,
    style: { axis: "µs of the server's CPU for a message", scale: 'linear', format: digits },
    best: 'lowest',
  },
  {
    name: 'memory',
    what: 'memory',
    of: ({ memory }) => memory?.peakBytes,
    style: { axis: 'resident memory of the server, at most', scale: 'log', format: bytes },
    best: 'lowest',
  },
]

/** Throughput, p99, CPU time and memory over the number of connections. */
export function costFigures(findings: readonly Finding[], { trials, peers }: ResultsFile): Figure[] {
  const rows = findings.filter(({ workload }) => workload.family === 'cost').map(({ workload }) => workload)
  if (rows.length < 2) return []
  const figures = new Figures(trials)
  const last = Math.max(...rows.map(({ connections }) => connections))
  return COSTS.flatMap(({ name, what, of, style, best }) => {
    const curves: Curve[] = peers.flatMap((peer) => {
      const points = rows.flatMap(({ name: workload, connections }) => {
        const values = figures
          .of(workload, peer.name)
          .flatMap((trial) => (trial.error === undefined ? (of(trial) ?? []) : []))
        const value = interval(values)
        return value === undefined
          ? []
          : [{ connections, value: value.median, low: value.low, high: value.high }]
      })
      return points.length === 0 ? [] : [{ label: peer.label, accent: isPollux(peer), points }]
    })
    if (curves.length === 0) return []
    const end = (curve: Curve) => curve.points.find(({ connections }) => connections === last)?.value
    const sign = best === 'lowest' ? 1 : -1
    const [leader] = curves
      .filter((curve) => end(curve) !== undefined)
      .sort((a, b) => sign * ((end(a) as number) - (end(b) as number)))
    const title = leader
      ? `With ${last.toLocaleString('en')} connections, ${leader.label} has the ${best} ${what}: ${(style.format ?? ((value) => formatFigure(value, 'messages/s')))(end(leader) as number)}${name === 'cpu' ? ' µs' : ''}`
      : what
    const chart = (layout: 'wide' | 'narrow') =>
      curveChart(
        `cost-${name}-${layout}`,
        `${what} over the number of connections. ${title}.`,
        curves,
        style,
        layout,
      )
    return [{ name: `cost-${name}`, title, wide: chart('wide'), narrow: chart('narrow') }]
  })
}
