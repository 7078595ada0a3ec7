/** The files in `bench/results/`: everything that a run measured, raw. The report is made from them alone. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import type { KeptResult } from './comparison/generator.js'
import type { Environment } from './environment.js'
import { BENCH_DIR, BUILD_DIR, ROOT_DIR } from './paths.js'
import type { Skipped } from './peers/comparison-peer.js'
import { UsageError } from './usage-error.js'

export interface ResultsFile {
  format: 1
  /** `comparison`, `crosscheck`, `profile`, or that of a suite. */
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
  /** It was broken off: rounds are missing. */
  interrupted?: true
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
  result?: KeptResult
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
  /** profile: where the server's time went, as shares of 1, the largest first. */
  places?: Record<string, number>
  /** Suites: what their own generator printed, and memory of idle connections. */
  raw?: unknown
}

/** The file of a name in `bench/results/`. */
export function resultsPath(name: string): string {
  return join(BENCH_DIR, 'results', `${name}.json`)
}

/** Where a run writes. */
export interface Saving {
  /** Into `bench/results/`. */
  save?: boolean | undefined
  /** A file. */
  json?: string | undefined
}

function pathsOf(name: string, { save, json }: Saving): string[] {
  return [...(save ? [resultsPath(name)] : []), ...(json === undefined ? [] : [json])]
}

/**
 * To be called before anything is measured: half an hour later is too late to learn that nothing can be written.
 *
 * @throws UsageError for a place that can't be written to
 */
export function checkSaving(name: string, saving: Saving): void {
  for (const path of pathsOf(name, saving)) {
    try {
      makeFolder(dirname(resolve(path)))
      if (existsSync(path)) accessSync(path, constants.W_OK)
      if (isOther(path)) {
        if (statSync(path).isDirectory()) throw new Error('it is a folder')
        continue
      }
      // What one may do says nothing of a disk that is full or read-only: only trying does.
      writeFileSync(besides(path), '{}')
      rmSync(besides(path))
    } catch (error) {
      throw new UsageError(`the results can't be written to ${path}: ${(error as Error).message}`)
    }
  }
}

/** As `mkdirSync` with `recursive`, which never returns where a file system makes no folders, as /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

/** Where the file is written before it takes its place; a pipe or a terminal keeps its own. */
function besides(path: string): string {
  return isOther(path) ? path : `${path}.${process.pid}`
}

function isOther(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === false
}

/**
 * Writes a file, or leaves the one that is there as it is. One line for each trial, so that two files can be compared by
 * eye and by diff. Paths of this machine are those of the repository.
 */
export function writeResults(path: string, { trials, ...rest }: ResultsFile): void {
  makeFolder(dirname(resolve(path)))
  const head = JSON.stringify(rest, plain, 2).slice(0, -2)
  const lines = trials.map((trial) => `    ${JSON.stringify(trial, plain)}`).join(',\n')
  const fresh = besides(path)
  try {
    writeFileSync(fresh, `${head},\n  "trials": [\n${lines}\n  ]\n}\n`)
    if (fresh !== path) renameSync(fresh, path)
  } catch (error) {
    if (fresh !== path) rmSync(fresh, { force: true })
    throw error
  }
}

const DIGITS = 9

const PLACES: readonly (readonly [folder: string, name: string])[] = [
  [ROOT_DIR, '.'],
  [homedir(), '~'],
  [tmpdir(), 'tmp'],
]

/** Nobody needs to know where things lie on the machine that measured, nor more digits than a clock has. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS))
  if (typeof value !== 'string') return value
  return PLACES.reduce(
    (text, [folder, name]) => (folder.length > 1 ? text.replaceAll(folder, name) : text),
    value.replaceAll(join(ROOT_DIR, '/'), ''),
  )
}

/**
 * Writes the file where `--save` and `--json` want it. One that was broken off goes elsewhere, and so does one that can't
 * be written there: what was measured is not lost, and replaces nothing.
 *
 * @returns false where it went elsewhere
 */
export function saveResults(file: ResultsFile, saving: Saving, say: (line: string) => void): boolean {
  let isDone = true
  for (const path of pathsOf(file.name, saving)) {
    if (file.interrupted) {
      write(join(BUILD_DIR, 'interrupted', basename(path)), file, say)
      isDone = false
      continue
    }
    try {
      write(path, file, say)
    } catch (error) {
      say(`FAILED: ${path} can't be written: ${(error as Error).message}`)
      write(join(tmpdir(), `pollux-bench-${basename(path)}`), file, say)
      isDone = false
    }
  }
  return isDone
}

function write(path: string, file: ResultsFile, say: (line: string) => void): void {
  writeResults(path, file)
  say(`wrote ${path}`)
}
