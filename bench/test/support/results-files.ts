// Files of results as runs would have written them: figures are made up, and the same every time.
import type { Result } from '../../generator/dist/result.js'
import { encodeLatencies } from '../../generator/test/support/results.js'
import { WORKLOADS } from '../../src/comparison/workloads.js'
import type { FilePeer, FileTrial, FileWorkload, ResultsFile } from '../../src/results-file.js'

/** mulberry32: a small generator of numbers from 0 to 1. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Of the others by C on epoll: how many messages a second. */
const SPEEDS: Record<string, number> = {
  'pollux-borrowed': 1.02,
  'pollux-owned': 0.96,
  'pollux-net': 0.85,
  node: 0.45,
  bun: 0.7,
  deno: 0.4,
  'c-epoll': 1,
  'c-uring': 1.01,
  go: 0.8,
  nginx: 0.9,
}

export const PEERS: FilePeer[] = [
  { name: 'pollux-borrowed', label: 'Pollux, borrowed', group: 'pollux', version: '0.1.0' },
  { name: 'pollux-owned', label: 'Pollux, owned', group: 'pollux', version: '0.1.0' },
  { name: 'pollux-net', label: '@pollux/net', group: 'pollux', version: '0.1.0' },
  { name: 'node', label: 'Node.js 20', group: 'javascript', version: 'Node.js 20.20.2' },
  { name: 'bun', label: 'Bun', group: 'javascript', version: 'Bun 1.3' },
  { name: 'deno', label: 'Deno', group: 'javascript', version: 'Deno 2.5' },
  { name: 'c-epoll', label: 'C, epoll', group: 'native', version: 'gcc 12.2' },
  { name: 'c-uring', label: 'C, io_uring', group: 'native', version: 'liburing 2.3' },
  { name: 'go', label: 'Go', group: 'native', version: 'Go 1.19' },
  { name: 'nginx', label: 'nginx', group: 'product', version: 'nginx 1.22' },
]

export interface Made {
  workloads?: readonly FileWorkload[]
  peers?: readonly FilePeer[]
  rounds?: number
  /** In place of a made-up one. */
  value?: (workload: FileWorkload, peer: FilePeer, round: number) => number | undefined
}

const START = '2026-01-02T03:04:05.000Z'

/** A comparison of some servers under all loads, or of what is asked for. */
export function comparison({
  workloads = WORKLOADS,
  peers = PEERS,
  rounds = 6,
  value,
}: Made = {}): ResultsFile {
  const next = random(7)
  const trials: FileTrial[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const workload of workloads) {
      for (const peer of peers) {
        const speed = (SPEEDS[peer.name] ?? 1) * (0.97 + 0.06 * next())
        const madeUp =
          workload.unit === 'bytes' ? 400 / speed : (300_000 * speed) / (1 + workload.connections / 2e4)
        const measured = value === undefined ? madeUp : value(workload, peer, round)
        if (measured === undefined) continue
        trials.push({
          workload: workload.name,
          peer: peer.name,
          round,
          order: trials.length,
          startedAt: START,
          value: measured,
          ...(workload.unit === 'bytes'
            ? {}
            : { cpuUs: { total: 3.3 / speed, user: 0.3 / speed }, result: resultOf(speed, next) }),
          memory: { startBytes: 40e6, peakBytes: 40e6 + (workload.connections * 2000) / speed },
          loadBound: peer.name === 'c-uring',
          disturbed: false,
        })
      }
    }
  }
  return {
    format: 1,
    name: 'comparison',
    command: ['--seed', '7'],
    startedAt: START,
    seconds: 2400,
    revision: '0123456789ab',
    environment: {
      cpu: 'a CPU',
      coreCount: 2,
      cores: { server: 0, load: 1 },
      memoryGiB: 8,
      kernel: '6.1.0',
      node: 'v20.20.2',
      v8: '11.3',
      compiler: 'cc 12.2',
      congestionControl: 'cubic',
      mitigations: { meltdown: 'Not affected' },
      maxFiles: 20_000,
      interruptsApart: true,
      sysctls: { 'net.core.somaxconn': '4096' },
      loadAverage: 0.1,
      tools: { wrk: '4.1.0' },
    },
    method: { rounds, durationSeconds: 0.8, warmupSeconds: 0.3, seed: 7, quick: rounds === 1 },
    peers: [...peers],
    skipped: [
      {
        peer: 'uwebsockets',
        why: 'uWebSockets.js is only on GitHub: npm install uNetworking/uWebSockets.js#v20',
      },
    ],
    workloads: workloads.map(({ name, label, unit, family, connections, size, depth, reference }) => ({
      name,
      label,
      unit,
      ...(family === undefined ? {} : { family }),
      connections,
      size,
      depth,
      ...(reference === undefined ? {} : { reference }),
    })),
    trials,
  }
}

/** What the report reads of a trial's result. */
function resultOf(speed: number, next: () => number): Result {
  const { histogram, p99Us } = encodeLatencies(
    Array.from({ length: 2000 }, () => (160e3 / speed) * (1 + 0.2 / (next() + 0.002))),
  )
  return {
    rounds: [{ seconds: 0.8, messages: 1000, lost: 0 }],
    percentilesUs: { p99: p99Us },
    latency: { unit: 'ns', corrected: false, histogram },
  } as unknown as Result
}

/** Two tools at one server: they agree about echoes, and do not about HTTP. */
export function crosscheck(): ResultsFile {
  const peers = PEERS.filter(({ name }) => name === 'c-epoll' || name === 'nginx')
  const file = comparison({
    workloads: WORKLOADS.filter(({ name }) => name === 'echo-64Bx50' || name === 'http-hello'),
    peers,
  })
  const both = file.trials
    .filter(({ workload, peer }) => (workload === 'echo-64Bx50') === (peer === 'c-epoll'))
    .flatMap((trial) => {
      const isEcho = trial.workload === 'echo-64Bx50'
      const value = trial.value as number
      return [
        { ...trial, tool: 'pollux-bench' },
        { ...trial, tool: isEcho ? 'load (C)' : 'wrk', value: value * (isEcho ? 1.01 : 0.8) },
      ]
    })
  return { ...file, name: 'crosscheck', skipped: [], trials: both }
}
