/** The comparison on a terminal: a table for each workload, one line for each peer. */
import { formatInterval, formatValue, markdownTable } from '../format.js'
import type { FilePeer, FileTrial, FileWorkload } from '../results-file.js'
import { difference } from '../stats.js'
import { Figures } from './figures.js'

const NONE = '–'
const LOAD_BOUND = '†'
const DISTURBED = '‡'
const LOST = '§'
const LOST_SHARE = 0.001

export interface Tabled {
  peers: readonly FilePeer[]
  workloads: readonly FileWorkload[]
  trials: readonly FileTrial[]
}

/** All workloads, in the order of the file, and the notes that their marks refer to. */
export function comparisonTables({ peers, workloads, trials }: Tabled): string {
  const figures = new Figures(trials)
  const tables = workloads.flatMap((workload) => {
    const inRow = peers.filter(({ name }) => figures.of(workload.name, name).length > 0)
    return inRow.length === 0 ? [] : [workloadTable(workload, inRow, figures)]
  })
  return [...tables, notes(peers, workloads, figures)].join('\n\n')
}

function workloadTable(workload: FileWorkload, peers: readonly FilePeer[], figures: Figures): string {
  const { name, unit, family } = workload
  const reference = peers.find((peer) => peer.name === workload.reference)
  const isMemory = unit === 'bytes'
  const head = [
    workload.label,
    isMemory ? 'bytes' : unit,
    ...(reference === undefined ? [] : [`÷ ${reference.label}`]),
    ...(isMemory ? [] : ['CPU µs', 'p99 µs']),
    ...(family === 'cost' ? ['memory MiB'] : []),
  ]
  // The best first.
  const rank = (peer: FilePeer) => (figures.value(name, peer.name)?.median ?? 0) * (isMemory ? 1 : -1)
  const rows = [...peers]
    .sort((a, b) => rank(a) - rank(b))
    .map((peer) => {
      const ratio = reference && figures.ratio(name, peer.name, reference.name)
      const memory = figures.peakBytes(name, peer.name)
      return [
        peer.label,
        valueCell(workload, peer, figures),
        ...(reference === undefined ? [] : [ratio && peer !== reference ? formatInterval(ratio) : NONE]),
        ...(isMemory
          ? []
          : [decimal(figures.cpuUs(name, peer.name), 2), decimal(figures.p99Us(name, peer.name), 0)]),
        ...(family === 'cost' ? [decimal(memory && memory / 2 ** 20, 0)] : []),
      ]
    })
  return markdownTable(head, rows)
}

function valueCell({ name, unit }: FileWorkload, peer: FilePeer, figures: Figures): string {
  const value = figures.value(name, peer.name)
  if (value === undefined) return 'failed'
  const marks =
    (figures.loadBound(name, peer.name) ? LOAD_BOUND : '') +
    (figures.disturbed(name, peer.name) ? DISTURBED : '') +
    (figures.lost(name, peer.name) > LOST_SHARE ? LOST : '')
  return `${formatValue(value.median, unit)}${marks}`
}

function decimal(value: number | undefined, digits: number): string {
  return value === undefined ? NONE : value.toFixed(digits)
}

/** What the intervals are, in a sentence. */
export function describeCoverage(rounds: number, coverage: number): string {
  const percent = `${(coverage * 100).toFixed(1)}%`
  if (coverage >= 0.95)
    return `in parentheses their confidence interval of at least 95% (${percent}, order statistics)`
  return rounds === 1
    ? 'of one round, so without a confidence interval'
    : `in parentheses their interval, which holds the median with ${percent}: ${rounds} rounds are too few for 95%`
}

function notes(peers: readonly FilePeer[], workloads: readonly FileWorkload[], figures: Figures): string {
  const cells = workloads.flatMap((workload) => peers.map((peer) => [workload.name, peer.name] as const))
  const any = (test: (workload: string, peer: string) => boolean) =>
    cells.some(([workload, peer]) => test(workload, peer))
  const values = cells.flatMap(([workload, peer]) => figures.value(workload, peer) ?? [])
  const best = values.reduce((most, value) => (value.count > most.count ? value : most), {
    count: 1,
    coverage: 0,
  })
  const lines = [
    `Medians of the rounds. Ratios are of the same round, ${describeCoverage(best.count, best.coverage)}.`,
  ]
  if (any((workload, peer) => figures.loadBound(workload, peer))) {
    lines.push(`${LOAD_BOUND} The load generator was the bottleneck: the server may be faster than this.`)
  }
  if (any((workload, peer) => figures.disturbed(workload, peer))) {
    lines.push(`${DISTURBED} Other processes took more than 5% of the two cores: not a quiet machine.`)
  }
  if (any((workload, peer) => figures.lost(workload, peer) > LOST_SHARE)) {
    lines.push(`${LOST} More than 0.1% of the datagrams did not come back: a buffer was full.`)
  }
  return lines.join('\n')
}

const WORDS = {
  'messages/s': { more: 'FASTER', less: 'SLOWER' },
  'connections/s': { more: 'FASTER', less: 'SLOWER' },
  bytes: { more: 'MORE', less: 'LESS' },
}

/** Every Pollux of this checkout by the same of the other: what a change did, and whether that is more than noise. */
export function againstTable({ peers, workloads, trials }: Tabled, revision: string): string {
  const figures = new Figures(trials)
  const pairs = peers.filter(({ name }) => peers.some((other) => other.name === `${name}@against`))
  const rows = workloads.flatMap(({ name, label, unit }) =>
    pairs.flatMap((peer) => {
      const ratio = figures.ratio(name, peer.name, `${peer.name}@against`)
      if (ratio === undefined) return []
      const cpu = figures.cpuRatio(name, peer.name, `${peer.name}@against`)
      const found = difference(ratio)
      const inCpu = cpu === undefined ? 'none' : difference(cpu)
      const words = [
        ...(found === 'more' || found === 'less' ? [WORDS[unit][found]] : []),
        ...(inCpu === 'more' ? ['MORE CPU'] : inCpu === 'less' ? ['LESS CPU'] : []),
      ]
      const verdict = found === 'unknown' ? 'too few rounds to tell' : words.join(', ') || 'within noise'
      return [[label, peer.label, formatInterval(ratio), cpu ? formatInterval(cpu) : NONE, verdict]]
    }),
  )
  if (rows.length === 0) return `Nothing was measured on both sides of ${revision}.`
  const table = markdownTable(
    ['this checkout ÷ the other', 'peer', 'rate or memory', 'CPU a message', 'difference'],
    rows,
  )
  return (
    `Against ${revision}\n\n${table}\n\n` +
    'A difference is beyond noise where the interval of at least 95% leaves out 1. Of many rows a few do by chance (one in ' +
    'thirty at six rounds): run those again with more --rounds.'
  )
}
