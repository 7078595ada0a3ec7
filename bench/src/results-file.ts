/** The files in `bench/results/`: everything that a run measured, raw. The report is made from them alone. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Result } from '../generator/dist/result.js'
import type { Environment } from './environment.js'
import { BENCH_DIR } from './paths.js'
import type { Skipped } from './peers/comparison-peer.js'

export interface ResultsFile {
  format: 1
  /** `comparison`, `crosscheck`, or that of a suite. */
  name: string
  /** The flags, as they were given. */
  command: string[]
  startedAt: string
  /** How long all of it took. */
  seconds: number
  /** The commit that was measured, followed by ` (dirty)` where files differed from it. */
  revision: string
  /** What it was compared with by `--against`, written alike. */
  against?: string
  environment: Environment
  method: Method
  peers: FilePeer[]
  /** Peers that are not on this machine. */
  skipped: Skipped[]
  workloads: FileWorkload[]
  /** In the order in which they ran. */
  trials: FileTrial[]
}

export interface Method {
  rounds: number
  /** Of one trial. */
  durationSeconds: number
  warmupSeconds: number
  /** Of the order. */
  seed: number
  quick: boolean
}

export interface FilePeer {
  name: string
  label: string
  /** Of the comparison: `pollux`, `javascript`, `native` or `product`. Missing in suites. */
  group?: string
  /** Empty where it is not known. */
  version: string
}

export type Unit = 'messages/s' | 'connections/s' | 'bytes'

export interface FileWorkload {
  name: string
  label: string
  /** Of `value`. Bytes are better when fewer, the others when more. */
  unit: Unit
  /** Of the comparison: which chapter of the report it belongs to. */
  family?: Family
  connections: number
  /** Bytes of a message. */
  size: number
  /** Requests of a connection that are under way at once. */
  depth: number
  /** All others are compared with this peer. Missing where the reader chooses. */
  reference?: string
}

export type Family =
  | 'echo'
  | 'churn'
  | 'idle'
  | 'fanout'
  | 'udp'
  | 'unix'
  | 'http'
  | 'store'
  | 'slow-readers'
  | 'cost'

/** One server under one load, once. */
export interface FileTrial {
  workload: string
  peer: string
  /** From 1. */
  round: number
  /** Its place in the run, from 0. */
  order: number
  startedAt: string
  /** What pollux-bench found: rounds, latencies, CPU time. */
  result?: Result
  /** What stands in the table, in the workload's unit. Missing where the trial failed. */
  value?: number
  /** CPU time of the server for one message, in microseconds: all of it, and the part outside the kernel. */
  cpuUs?: { total: number; user: number }
  /** Resident memory of the server: when it had started, and the most until the end of the load. */
  memory?: { startBytes: number; peakBytes: number }
  /** The generator set the pace: the server may be faster. */
  loadBound: boolean
  /** Other processes used more than 5% of the two cores. */
  disturbed: boolean
  error?: string
  /** crosscheck: the tool that measured, pollux-bench or another. */
  tool?: string
  /** Suites: what their own generator printed, and memory of idle connections. */
  raw?: unknown
}

/** The file of a name in `bench/results/`. */
export function resultsPath(name: string): string {
  return join(BENCH_DIR, 'results', `${name}.json`)
}

/** One line for each trial, so that two files can be compared by eye and by diff. */
export function writeResults(path: string, { trials, ...rest }: ResultsFile): void {
  mkdirSync(dirname(path), { recursive: true })
  const head = JSON.stringify(rest, null, 2).slice(0, -2)
  const lines = trials.map((trial) => `    ${JSON.stringify(trial)}`).join(',\n')
  writeFileSync(path, `${head},\n  "trials": [\n${lines}\n  ]\n}\n`)
}

/** Writes the file where `--save` and `--json` want it. */
export function saveResults(
  file: ResultsFile,
  { save, json }: { save?: boolean | undefined; json?: string | undefined },
  say: (line: string) => void,
): void {
  const paths = [...(save ? [resultsPath(file.name)] : []), ...(json === undefined ? [] : [json])]
  for (const path of paths) {
    writeResults(path, file)
    say(`wrote ${path}`)
  }
}
