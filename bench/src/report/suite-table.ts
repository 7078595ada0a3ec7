/** The table of a suite, as pages show it between markers. */
import { Figures } from '../comparison/figures.js'
import { describeCoverage } from '../comparison/table.js'
import { formatInterval } from '../format.js'
import type { FilePeer, FileWorkload, ResultsFile } from '../results-file.js'
import { difference, type Interval } from '../stats.js'
import { SUITES } from '../suites.js'
import { isPollux, lessIsBetter } from './findings.js'
import { table } from './markdown.js'
import { measuredBy, roundsOf, workloadsOf } from './method.js'
import { formatFigure, LOAD_BOUND, NONE } from './words.js'

const DISTURBED = '‡'

/**
 * A table, and under it what its marks mean and where Pollux loses.
 *
 * @param names of the workloads, in the order wanted; all where there are none
 * @param hasMethod whether how and on what it was measured stands below
 * @throws Error for a workload that the results do not have
 */
export function suiteTable(file: ResultsFile, names: readonly string[] = [], hasMethod = true): string {
  const workloads = workloadsOf(file, names)
  const peers = file.peers.filter(({ name }) => !name.includes('@') && !name.endsWith('-twin'))
  const figures = new Figures(file.trials)
  const suite = SUITES.find(({ name }) => name === file.name)
  const reference = peers.find(({ name }) => name === (suite?.reference ?? workloads[0]?.reference))
  const node = suite?.node === suite?.reference ? undefined : peers.find(({ name }) => name === suite?.node)
  const pairs = node === undefined ? [] : peers.filter(isPollux).map((peer) => [peer, node] as const)
  const hasCpu = workloads.some(({ name }) =>
    peers.some((peer) => figures.cpuUs(name, peer.name) !== undefined),
  )
  const head = [
    'a second; memory in bytes',
    ...peers.map((peer) =>
      reference === undefined || peer === reference ? peer.label : `${peer.label}, ÷ ${reference.label}`,
    ),
    ...pairs.map(([above, below]) => `${above.label} ÷ ${below.label}`),
    ...(hasCpu ? [`server's CPU for each, µs: ${peers.map(({ label }) => label).join(' · ')}`] : []),
  ]
  const rows = workloads.map((workload) => [
    workload.label,
    ...peers.map((peer) => valueCell(figures, workload, peer, reference)),
    ...pairs.map(([above, below]) => ratioText(figures.ratio(workload.name, above.name, below.name))),
    ...(hasCpu ? [cpuCell(figures, workload, peers)] : []),
  ])
  const lost = reference === undefined ? [] : losses(figures, workloads, peers, reference)
  const below = [
    ...(hasMethod ? methodNotes(file, figures, workloads, peers) : []),
    ...markNotes(figures, workloads, peers),
  ]
  return [
    table({ head, rows }),
    ...(below.length === 0 ? [] : [below.join(' ')]),
    ...(lost.length === 0 || file.name === 'knobs'
      ? []
      : [`Where Pollux is behind:\n\n${lost.map((line) => `- ${line}`).join('\n')}`]),
  ].join('\n\n')
}

function valueCell(
  figures: Figures,
  { name, unit }: FileWorkload,
  peer: FilePeer,
  reference: FilePeer | undefined,
): string {
  const value = figures.value(name, peer.name)
  if (value === undefined) return figures.of(name, peer.name).length === 0 ? NONE : 'failed'
  const marks =
    (figures.loadBound(name, peer.name) ? LOAD_BOUND : '') +
    (figures.disturbed(name, peer.name) ? DISTURBED : '')
  const text = `${formatFigure(value.median, unit)}${marks}`
  if (reference === undefined || peer === reference) return text
  return `${text}, ${ratioText(figures.ratio(name, peer.name, reference.name))}`
}

function ratioText(ratio: Interval | undefined): string {
  return ratio === undefined ? NONE : formatInterval(ratio)
}

function cpuCell(figures: Figures, { name }: FileWorkload, peers: readonly FilePeer[]): string {
  const costs = peers.map((peer) => figures.cpuUs(name, peer.name))
  if (costs.every((cost) => cost === undefined)) return NONE
  return costs.map((cost) => (cost === undefined ? NONE : cost.toFixed(2))).join(' · ')
}

function losses(
  figures: Figures,
  workloads: readonly FileWorkload[],
  peers: readonly FilePeer[],
  reference: FilePeer,
): string[] {
  if (isPollux(reference)) return []
  return workloads.flatMap((workload) =>
    peers.filter(isPollux).flatMap((peer) => {
      const ratio = figures.ratio(workload.name, peer.name, reference.name)
      if (ratio === undefined) return []
      const told = difference(ratio)
      const isMore = told === 'unknown' ? ratio.median > 1 : told === 'more'
      const isBehind = told !== 'none' && ratio.median !== 1 && isMore === lessIsBetter(workload)
      return isBehind
        ? [`${workload.label}: ${peer.label}, ${formatInterval(ratio)} of ${reference.label}`]
        : []
    }),
  )
}

function methodNotes(
  file: ResultsFile,
  figures: Figures,
  workloads: readonly FileWorkload[],
  peers: readonly FilePeer[],
): string[] {
  const { method, startedAt } = file
  const values = cellsOf(workloads, peers).flatMap((cell) => figures.value(...cell) ?? [])
  const coverage = Math.max(0, ...values.map((value) => value.coverage))
  return [
    `Medians of ${roundsOf(file)} of ${method.durationSeconds} s a trial; ratios are of the same round, ${describeCoverage(method.rounds, coverage)}.`,
    `Measured on ${startedAt.slice(0, 10)} by ${measuredBy(file)}.`,
  ]
}

/** What the marks in the table mean, of those that are there. */
function markNotes(
  figures: Figures,
  workloads: readonly FileWorkload[],
  peers: readonly FilePeer[],
): string[] {
  const cells = cellsOf(workloads, peers)
  return [
    ...(cells.some((cell) => figures.loadBound(...cell))
      ? [`${LOAD_BOUND} The load generator was the bottleneck: the server may be faster.`]
      : []),
    ...(cells.some((cell) => figures.disturbed(...cell))
      ? [`${DISTURBED} Other processes took more than 5% of the two cores now and then.`]
      : []),
  ]
}

function cellsOf(workloads: readonly FileWorkload[], peers: readonly FilePeer[]) {
  return workloads.flatMap(({ name }) => peers.map((peer) => [name, peer.name] as const))
}
