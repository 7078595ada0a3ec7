import type { Results } from './results.js'
import type { Spread } from './stats.js'

/** A figure that Pollux wants to reach. Missing it is news, not a failure: a time never fails a run. */
export interface Target {
  what: string
  shape: string
  /** The ratio of these two peers (of several, to the fastest), or the plain value of the first. */
  peer: string
  to?: string | readonly string[]
  /** The ratio of the servers' CPU time for one message, in place of that of the rates. */
  of?: 'cpu'
  atLeast?: number
  atMost?: number
}

const BORROWED = 'pollux-borrowed'
const OWNED = 'pollux-owned'
const C = 'c-epoll'
const NODE = 'node-net'

function ratio(what: string, shape: string, peer: string, to: string, atLeast: number): Target {
  return { what, shape, peer, to, atLeast }
}

export const TARGETS: Target[] = [
  ratio('borrowed ÷ C epoll, 64 B × 1', '64Bx1', BORROWED, C, 1),
  ratio('borrowed ÷ C epoll, 64 B × 50', '64Bx50', BORROWED, C, 1),
  ratio('borrowed ÷ C epoll, 64 B × 500', '64Bx500', BORROWED, C, 1),
  ratio('borrowed ÷ C epoll, 64 B × 50, 16 in flight', '64Bx50x16', BORROWED, C, 1),
  ratio('borrowed ÷ C epoll, 64 KiB × 10', '64KiBx10', BORROWED, C, 0.93),
  ratio('owned ÷ C epoll, 64 B × 1', '64Bx1', OWNED, C, 0.92),
  ratio('owned ÷ C epoll, 64 B × 50', '64Bx50', OWNED, C, 0.92),
  ratio('owned ÷ C epoll, 64 B × 500', '64Bx500', OWNED, C, 0.92),
  ratio('owned ÷ C epoll, 64 B × 50, 16 in flight', '64Bx50x16', OWNED, C, 0.92),
  ratio('owned ÷ C epoll, 4 KiB × 50', '4KiBx50', OWNED, C, 0.85),
  ratio('owned ÷ C epoll, 64 KiB × 10', '64KiBx10', OWNED, C, 0.7),
  ratio('borrowed ÷ node:net, 64 B × 50', '64Bx50', BORROWED, NODE, 1.65),
  ratio('borrowed ÷ node:net, 64 KiB × 10', '64KiBx10', BORROWED, NODE, 2),
  ratio('borrowed ÷ node:net, connections', 'churn', BORROWED, NODE, 2.2),
  ratio('owned ÷ node:net, connections', 'churn', OWNED, NODE, 2.2),
  { what: 'bytes for an idle connection, borrowed', shape: 'idle', peer: BORROWED, atMost: 600 },
  { what: 'bytes for an idle connection, owned', shape: 'idle', peer: OWNED, atMost: 600 },
]

const UDP = 'pollux-udp'
const C_SERVERS = ['c-batch', 'c-plain'] as const

export const UDP_TARGETS: Target[] = [
  { what: 'Pollux ÷ the better C, 64 B', shape: '64B', peer: UDP, to: C_SERVERS, atLeast: 0.97 },
  { what: 'Pollux ÷ the better C, 1,200 B', shape: '1200B', peer: UDP, to: C_SERVERS, atLeast: 0.97 },
  ratio('Pollux ÷ node:dgram, 64 B', '64B', UDP, 'node-dgram', 2.8),
  ratio('Pollux ÷ node:dgram, 1,200 B', '1200B', UDP, 'node-dgram', 2.8),
  ratio('Pollux with GSO and GRO ÷ C recvfrom, 1,200 B', '1200Bseg', UDP, 'c-plain', 6),
]

const RAW = 'pollux-raw'

export const CODEC_TARGETS: Target[] = [
  ratio('lines ÷ raw, 64 B × 50', '64Bx50', 'pollux-lines', RAW, 0.85),
  ratio('lines ÷ raw, 64 B × 50, 16 in flight', '64Bx50x16', 'pollux-lines', RAW, 0.85),
  ratio('lengthPrefixed ÷ raw, 64 B × 50', '64Bx50', 'pollux-length', RAW, 0.85),
  ratio('lengthPrefixed ÷ raw, 64 B × 50, 16 in flight', '64Bx50x16', 'pollux-length', RAW, 0.85),
  ratio(
    'lines with metrics, logs and limits ÷ without',
    '64Bx50',
    'pollux-lines-observed',
    'pollux-lines',
    0.97,
  ),
]

export interface Verdict {
  target: Target
  measured: Spread | undefined
  /** Undefined when it was not measured. */
  met: boolean | undefined
}

export function judge(results: Results, targets: readonly Target[] = TARGETS): Verdict[] {
  return targets.map((target) => {
    const { shape, peer, to } = target
    const below = typeof to === 'object' ? results.fastest(shape, to) : to
    const ratio = () =>
      target.of === 'cpu'
        ? results.cpuRatio(shape, peer, below as string)
        : results.ratio(shape, peer, below as string)
    const measured = below === undefined ? results.value(shape, peer) : ratio()
    if (measured === undefined) return { target, measured, met: undefined }
    const enough = target.atLeast === undefined || measured.median >= target.atLeast
    const notTooMuch = target.atMost === undefined || measured.median <= target.atMost
    return { target, measured, met: enough && notTooMuch }
  })
}
