/** Who meets which load, and how long that takes. */

import type { ComparisonPeer, Protocol } from '../peers/comparison-peer.js'
import type { Row } from '../plan.js'
import type { Method } from '../results-file.js'
import type { Workload } from './workloads.js'

/** Pollux in its ways, and of the others the one that the reader will ask for first. */
export const FEW = ['pollux-borrowed', 'pollux-owned', 'pollux-net', 'node', 'bun', 'c-epoll', 'go']

/** The curve costs the most time: connections must be opened. */
export const CURVE = ['pollux-borrowed', 'pollux-net', 'node', 'c-epoll', 'go']

/** Six rounds are the fewest whose median has a confidence interval of 95% (stats.ts). */
export const FULL = { rounds: 6, durationSeconds: 0.7, warmupSeconds: 0.25 }

/** One round of all of it. */
export const QUICK = { rounds: 1, durationSeconds: 0.4, warmupSeconds: 0.15 }

/**
 * The peers of each row; a row that none of them serves is left out.
 *
 * @param only these peers, wherever they serve what a row asks for, in place of those that the row names
 */
export function buildMatrix(
  workloads: readonly Workload[],
  peers: readonly ComparisonPeer[],
  only?: readonly string[],
): Row<Workload, ComparisonPeer>[] {
  return workloads.flatMap((shape) => {
    const names = only ?? NAMES[shape.who]
    const inRow = peers.filter(
      (peer) =>
        protocolFor(shape, peer) !== undefined &&
        (names === undefined || names.includes(peer.name.replace(/@against$|-twin$/, ''))),
    )
    return inRow.length === 0 ? [] : [{ shape, peers: inRow }]
  })
}

const NAMES: Record<Workload['who'], readonly string[] | undefined> = {
  all: undefined,
  few: FEW,
  curve: CURVE,
}

/** What the server of a peer shall speak in this row. */
export function protocolFor(workload: Workload, peer: Pick<ComparisonPeer, 'serves'>): Protocol | undefined {
  return workload.protocols.find((protocol) => peer.serves.includes(protocol))
}

// As measured on two cores at 3 GHz; an estimate is off by a tenth or two elsewhere.
/** Of starting and stopping both processes. */
const START_SECONDS = 0.4
/** Of opening one connection, exchanging a message and closing it. */
const CONNECTION_SECONDS = 0.000_06
/** Of an idle row: memory is waited for until it is steady, twice. */
const SETTLE_SECONDS = 0.9
/** Of slow readers: what waits for them is thrown away at the end. */
const SLOW_SECONDS = 1
/** Of filling a store. */
const FILL_SECONDS = 0.3

/** About how long a run will take. */
export function estimateSeconds(
  rows: readonly Row<Workload, unknown>[],
  { rounds, durationSeconds, warmupSeconds }: Pick<Method, 'rounds' | 'durationSeconds' | 'warmupSeconds'>,
): number {
  const seconds = rows.map(({ shape, peers }) => {
    const { connections, family, filled } = shape
    const measured = family === 'idle' ? SETTLE_SECONDS : durationSeconds + warmupSeconds
    const more = (filled ? FILL_SECONDS : 0) + (family === 'slow-readers' ? SLOW_SECONDS : 0)
    return peers.length * (START_SECONDS + connections * CONNECTION_SECONDS + more + measured)
  })
  return rounds * seconds.reduce((sum, each) => sum + each, 0)
}
