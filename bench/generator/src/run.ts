/** A run: warm-up, rounds, and what became of them. */
import { cpus, release } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { type Measured, measure, warmUp } from './measure.js'
import type { Options } from './options.js'
import { newHistogram, percentileUs } from './recorder.js'
import { type Moment, PERCENTILES, type Result } from './result.js'
import { measureIdle } from './run-idle.js'
import { besideSlowReaders } from './run-slow-readers.js'
import { addErrors, takeSample } from './samples.js'
import { readCpuTimes } from './server-process.js'
import { countSyscalls } from './syscalls.js'
import { judge } from './verdict.js'
import { LocalWorker, type Worker } from './worker.js'
import { ThreadWorker } from './worker-thread.js'

/** With `--syscalls`, the window of its own that they are counted in. */
const SYSCALL_SECONDS = 1

/** A run was ended before anything was measured. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted before anything was measured')
  }
}

export interface RunEvents {
  /** A moment of the measurement is over. */
  onMoment?: (moment: Moment, progress: { done: number; of: number }) => void
  /** Ends the run early, with what was measured until then. */
  signal?: AbortSignal
}

/**
 * Measures, as the options say.
 *
 * @param command the options as they were given
 * @throws UsageError for what cannot be measured; SocketError where the server is not there; Interrupted
 */
export async function run(options: Options, command: string[], events: RunEvents = {}): Promise<Result> {
  const interrupted = whenAborted(events.signal)
  if (options.serverPid !== undefined) readCpuTimes(options.serverPid)
  // What stands in the way of it is said now, not when everything is measured.
  if (options.syscalls) await (await countSyscalls(options.serverPid as number)).stop()
  return options.mode === 'idle'
    ? Promise.race([runIdle(options, command), interrupted])
    : runLoad(options, command, events, interrupted)
}

/** Rejects when the signal is aborted: for what has no result before its end. */
function whenAborted(signal: AbortSignal | undefined): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Interrupted()), { once: true })
  })
  // Who does not wait for it has a result.
  aborted.catch(() => {})
  return aborted
}

async function runLoad(
  options: Options,
  command: string[],
  events: RunEvents,
  interrupted: Promise<never>,
): Promise<Result> {
  const startedAt = new Date().toISOString()
  const ending = new AbortController()
  const end = () => ending.abort()
  events.signal?.addEventListener('abort', end)
  const workers = startWorkers(options, command)
  for (const worker of workers) worker.onAllLost = end
  try {
    await Promise.race([Promise.all(workers.map((worker) => worker.open())), interrupted])
    const errors = await warmUp(options, workers, ending.signal)
    const measuring = () => measure(options, workers, ending.signal, events.onMoment)
    const { measured, slowReaders } =
      options.mode === 'slow-readers'
        ? await besideSlowReaders(options, workers, ending.signal, measuring)
        : { measured: await measuring() }
    const syscallsPerMessage =
      options.syscalls && !ending.signal.aborted ? await watchSyscalls(options, workers, errors) : undefined
    await Promise.all(workers.map((worker) => worker.stop()))
    const rest = await takeSample(workers)
    const wrongAnswers = (await Promise.all(workers.map((worker) => worker.close()))).flat()
    addErrors(addErrors(errors, measured.errors), rest.errors)
    const isInterrupted = events.signal?.aborted === true
    return {
      ...describe({
        options,
        command,
        startedAt,
        measured,
        errors,
        wrongAnswers,
        isInterrupted,
        slowReaders,
      }),
      ...(syscallsPerMessage === undefined ? {} : { syscallsPerMessage }),
    }
  } finally {
    events.signal?.removeEventListener('abort', end)
    await Promise.allSettled(workers.map((worker) => worker.close()))
  }
}

async function runIdle(options: Options, command: string[]): Promise<Result> {
  const startedAt = new Date().toISOString()
  const { idle, errors, wrongAnswers } = await measureIdle(options, (connections) =>
    startWorkers({ ...options, connections }, command),
  )
  const measured = { rounds: [], timeline: [], histogram: newHistogram(), errors, lateNs: 0 }
  return describe({ options, command, startedAt, measured, errors, wrongAnswers, isInterrupted: false, idle })
}

/** What a result is made of. */
interface Findings {
  options: Options
  command: string[]
  startedAt: string
  measured: Measured
  /** Of the whole run. */
  errors: Map<string, number>
  wrongAnswers: string[]
  isInterrupted: boolean
  idle?: Result['idle']
  slowReaders?: Result['slowReaders']
}

function describe(findings: Findings): Result {
  const { options, command, startedAt, measured, wrongAnswers, isInterrupted, idle, slowReaders } = findings
  const { rounds, timeline, histogram, lateNs } = measured
  const errors = Object.fromEntries(findings.errors)
  return {
    format: 1,
    command,
    startedAt,
    target: options.target,
    protocol: options.protocol,
    mode: options.mode,
    connections: options.connections,
    size: options.sizes.text,
    depth: options.depth,
    workers: options.workers,
    seed: options.seed,
    loop: options.loop,
    warmupSeconds: options.warmupSeconds,
    rounds,
    timeline,
    latency: {
      unit: 'ns',
      corrected: options.loop.kind === 'open',
      histogram: encodeIntoCompressedBase64(histogram),
    },
    percentilesUs: percentilesOf(histogram),
    errors,
    ...(idle === undefined ? {} : { idle }),
    ...(slowReaders === undefined ? {} : { slowReaders }),
    verdict: judge({ options, rounds, errors, wrongAnswers, lateNs, isInterrupted, idle, slowReaders }),
    environment: describeEnvironment(),
  }
}

function startWorkers(options: Options, command: string[]): Worker[] {
  if (options.workers === 1) return [new LocalWorker(options, 0)]
  return Array.from(
    { length: options.workers },
    (_, index) => new ThreadWorker(command, index, options.connections),
  )
}

async function watchSyscalls(
  options: Options,
  workers: Worker[],
  errors: Map<string, number>,
): Promise<Record<string, number>> {
  const watch = await countSyscalls(options.serverPid as number)
  addErrors(errors, (await takeSample(workers)).errors)
  await sleep(SYSCALL_SECONDS * 1000)
  const { messages, errors: more } = await takeSample(workers)
  addErrors(errors, more)
  const calls = await watch.stop()
  return Object.fromEntries(
    Object.entries(calls).map(([name, count]) => [name, count / Math.max(1, messages)]),
  )
}

export function percentilesOf(histogram: Histogram): Record<string, number> {
  const rows = PERCENTILES.map((percentile) => [`p${percentile}`, percentileUs(histogram, percentile)])
  return { ...Object.fromEntries(rows), max: histogram.maxValue / 1000 }
}

function describeEnvironment(): Result['environment'] {
  const cores = cpus()
  return {
    node: process.version,
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    kernel: release(),
  }
}
