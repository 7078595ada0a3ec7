import { formatRatio, formatValue, markdownTable } from './format.js'
import type { Peer } from './peers/peer.js'
import type { Results } from './results.js'
import type { Shape } from './shapes.js'
import { ECHO, type Suite } from './suites.js'
import type { Verdict } from './targets.js'

const NONE = '–'
const LOAD_BOUND = '†'
const DISTURBED = '‡'
const LOST = '§'

/** Losses from here on are news: everything in flight has room in the kernel's buffers. */
const LOST_SHARE = 0.001

/** The one table of a run, with the notes that its marks refer to. */
export function resultTable(
  results: Results,
  shapes: readonly Shape[],
  peers: readonly Peer[],
  suite: Pick<Suite, 'reference' | 'referenceLabel' | 'node'> = ECHO,
): string {
  const names = peers.map((peer) => peer.name)
  const pairs = comparedPairs(peers, suite.node)
  const head = [
    'per second',
    ...peers.map((peer) =>
      comparesWith(suite.reference, peer, names) ? `${peer.label}, ÷ ${suite.referenceLabel}` : peer.label,
    ),
    ...pairs.map(([above, below]) => `${above.label} ÷ ${below.label}`),
    `server CPU, µs a message (outside the kernel): ${peers.map((peer) => peer.label).join(' · ')}`,
  ]
  const rows = shapes.map((shape) => [
    shape.label,
    ...peers.map((peer) => valueCell(results, shape, peer, names, suite.reference)),
    ...pairs.map(([above, below]) => {
      const ratio = results.ratio(shape.name, above.name, below.name)
      return ratio ? formatRatio(ratio) : NONE
    }),
    cpuCell(results, shape, peers),
  ])
  return [markdownTable(head, rows), ...notes(results, shapes, peers)].join('\n\n')
}

/** What is to be reached, and whether it was. */
export function targetTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ target, measured, met }) => {
    const digits = target.to === undefined ? 0 : 2
    const wanted =
      target.atLeast === undefined
        ? `≤ ${target.atMost?.toFixed(digits)}`
        : `≥ ${target.atLeast.toFixed(digits)}`
    const range = measured && measured.count > 1 ? [measured.min, measured.max] : []
    const spread = range.length === 0 ? '' : ` (${range.map((value) => value.toFixed(digits)).join('–')})`
    return [
      target.what,
      wanted,
      measured ? `${measured.median.toFixed(digits)}${spread}` : 'not measured',
      met === undefined ? NONE : met ? 'yes' : 'NO',
    ]
  })
  return markdownTable(['what', 'to reach', 'measured', 'met?'], rows)
}

/** Every Pollux with Node's own, and with its counterpart of another checkout where there is one. */
function comparedPairs(peers: readonly Peer[], node: string | undefined): [Peer, Peer][] {
  const find = (name: string | undefined) => peers.find((peer) => peer.name === name)
  const pairs: [Peer, Peer][] = []
  for (const peer of peers) {
    if (!peer.name.startsWith('pollux') || peer.name.includes('@')) continue
    for (const other of [find(node), find(`${peer.name}@against`)]) if (other) pairs.push([peer, other])
  }
  return pairs
}

function comparesWith(reference: string, peer: Peer, names: readonly string[]): boolean {
  return peer.name !== reference && names.includes(reference)
}

function valueCell(
  results: Results,
  shape: Shape,
  peer: Peer,
  names: readonly string[],
  reference: string,
): string {
  const value = results.value(shape.name, peer.name)
  if (!value) return 'failed'
  const marks =
    (results.loadBound(shape.name, peer.name) ? LOAD_BOUND : '') +
    (results.disturbed(shape.name, peer.name) ? DISTURBED : '') +
    (results.lost(shape.name, peer.name) > LOST_SHARE ? LOST : '')
  const absolute = `${formatValue(value.median, shape.unit)}${marks}`
  if (shape.unit === 'bytes') {
    return value.count === 1 ? absolute : `${absolute} (${value.min.toFixed(0)}–${value.max.toFixed(0)})`
  }
  if (!comparesWith(reference, peer, names)) return absolute
  const ratio = results.ratio(shape.name, peer.name, reference)
  return ratio ? `${absolute}, ${formatRatio(ratio)}` : absolute
}

function cpuCell(results: Results, shape: Shape, peers: readonly Peer[]): string {
  const costs = peers.map((peer) => results.cpu(shape.name, peer.name))
  if (costs.every((cost) => cost === undefined)) return NONE
  return costs.map((cost) => (cost ? `${cost.total.toFixed(2)} (${cost.user.toFixed(2)})` : NONE)).join(' · ')
}

function notes(results: Results, shapes: readonly Shape[], peers: readonly Peer[]): string[] {
  const any = (test: (shape: string, peer: string) => boolean) =>
    shapes.some((shape) => peers.some((peer) => test(shape.name, peer.name)))
  const lines = [
    'Medians of all rounds; ratios are of the same round, with the lowest and the highest in parentheses.',
  ]
  if (shapes.some((shape) => shape.mode === 'idle')) {
    lines.push(
      'Memory: anonymous and shared-memory pages of the server with all connections open (each has been answered ' +
        'once), less those after a warm-up of 500 connections, by their number; what the collector has not ' +
        'collected is counted, except where it says so. Less is better, in the ratios too.',
    )
  }
  if (any((shape, peer) => results.loadBound(shape, peer))) {
    lines.push(`${LOAD_BOUND} The load generator was the bottleneck: the server may be faster than this.`)
  }
  if (any((shape, peer) => results.disturbed(shape, peer))) {
    lines.push(`${DISTURBED} Other processes took more than 5% of the two cores: not a quiet machine.`)
  }
  if (any((shape, peer) => results.lost(shape, peer) > LOST_SHARE)) {
    lines.push(`${LOST} More than 0.1% of the datagrams did not come back: a buffer was full.`)
  }
  return lines
}
