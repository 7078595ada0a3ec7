/** A run: warm-up, rounds, and what became of them. */
import { cpus, release } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { nowNs } from './clock.js'
import type { Options } from './options.js'
import { newHistogram, type Sample } from './recorder.js'
import { type Moment, PERCENTILES, type Result, type Round } from './result.js'
import { readCpuTimes } from './server-process.js'
import { countSyscalls } from './syscalls.js'
import { judge } from './verdict.js'
import { LocalWorker, type Worker } from './worker.js'
import { ThreadWorker } from './worker-thread.js'

/** How long the moments of a timeline are, about; and how many there are at most. */
const MOMENT_SECONDS = 0.2
const MAX_MOMENTS = 600

/** With `--syscalls`, the window of its own that they are counted in. */
const SYSCALL_SECONDS = 1

export interface RunEvents {
  /** A moment of the measurement is over. */
  onMoment?: (moment: Moment, progress: { done: number; of: number }) => void
  /** Ends the run early, with what was measured until then. */
  signal?: AbortSignal
}

/** Processor time and clock at the edge of a window. */
interface Edge {
  ns: number
  ownCpuSeconds: number
  server: ReturnType<typeof readCpuTimes> | undefined
}

/**
 * Measures, as the options say.
 *
 * @param command the options as they were given
 * @throws UsageError for what cannot be measured; SocketError where the server is not there
 */
export async function run(options: Options, command: string[], events: RunEvents = {}): Promise<Result> {
  if (options.serverPid !== undefined) readCpuTimes(options.serverPid)
  const startedAt = new Date().toISOString()
  const ending = new AbortController()
  const end = () => ending.abort()
  events.signal?.addEventListener('abort', end)
  const workers = startWorkers(options, command)
  for (const worker of workers) worker.onAllLost = end
  try {
    await Promise.all(workers.map((worker) => worker.open()))
    const measured = await measure(options, workers, ending.signal, events.onMoment)
    const syscallsPerMessage =
      options.syscalls && !ending.signal.aborted ? await watchSyscalls(options, workers) : undefined
    await Promise.all(workers.map((worker) => worker.stop()))
    const rest = merge(await Promise.all(workers.map((worker) => worker.sample())))
    const wrongAnswers = (await Promise.all(workers.map((worker) => worker.close()))).flat()
    const { rounds, timeline, histogram, lateNs } = measured
    const errors = Object.fromEntries(addErrors(measured.errors, rest.errors))
    const isInterrupted = events.signal?.aborted === true
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
      ...(syscallsPerMessage === undefined ? {} : { syscallsPerMessage }),
      verdict: judge({ options, rounds, errors, wrongAnswers, lateNs, isInterrupted }),
      environment: describeEnvironment(),
    }
  } finally {
    events.signal?.removeEventListener('abort', end)
    await Promise.allSettled(workers.map((worker) => worker.close()))
  }
}

function startWorkers(options: Options, command: string[]): Worker[] {
  if (options.workers === 1) return [new LocalWorker(options, 0)]
  return Array.from({ length: options.workers }, (_, index) => new ThreadWorker(command, index))
}

/** Warm-up and all rounds. */
async function measure(
  options: Options,
  workers: Worker[],
  signal: AbortSignal,
  onMoment: RunEvents['onMoment'],
) {
  const { rounds: count, durationSeconds, warmupSeconds } = options
  const roundSeconds = durationSeconds / count
  const momentsPerRound = Math.max(
    1,
    Math.min(Math.round(roundSeconds / MOMENT_SECONDS), Math.floor(MAX_MOMENTS / count)),
  )
  const momentSeconds = roundSeconds / momentsPerRound
  const of = count * momentsPerRound

  const startNs = nowNs()
  for (const worker of workers) worker.start(startNs)
  let nextNs = startNs + warmupSeconds * 1e9
  await sleepUntil(nextNs, signal)
  // What failed in the warm-up has failed; what it measured is not kept.
  const errors = merge(await sampleAll(workers)).errors
  let roundEdge = takeEdge(options)

  const rounds: Round[] = []
  const timeline: Moment[] = []
  const histogram = newHistogram()
  let inRound: Sample[] = []
  let lateSumNs = 0
  for (let done = 1; done <= of && !signal.aborted; done++) {
    nextNs += momentSeconds * 1e9
    await sleepUntil(nextNs, signal)
    const sample = merge(await sampleAll(workers))
    addErrors(errors, sample.errors)
    histogram.add(sample.histogram)
    lateSumNs += sample.lateNs
    inRound.push(sample)
    const moment = describeMoment(sample, (timeline.at(-1)?.seconds ?? 0) + sample.seconds)
    timeline.push(moment)
    onMoment?.(moment, { done, of })
    if (done % momentsPerRound === 0 || signal.aborted) {
      const edge = takeEdge(options)
      rounds.push(describeRound(options, inRound, roundEdge, edge))
      roundEdge = edge
      inRound = []
    }
  }
  return {
    rounds,
    timeline,
    histogram,
    errors,
    lateNs: timeline.length === 0 ? 0 : lateSumNs / timeline.length,
  }
}

async function watchSyscalls(options: Options, workers: Worker[]): Promise<Record<string, number>> {
  const watch = await countSyscalls(options.serverPid as number)
  await sampleAll(workers)
  await sleep(SYSCALL_SECONDS * 1000)
  const { messages } = merge(await sampleAll(workers))
  const calls = await watch.stop()
  return Object.fromEntries(
    Object.entries(calls).map(([name, count]) => [name, count / Math.max(1, messages)]),
  )
}

async function sleepUntil(ns: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, (ns - nowNs()) / 1e6), undefined, { signal }).catch(() => {})
}

function sampleAll(workers: Worker[]): Promise<Sample[]> {
  return Promise.all(workers.map((worker) => worker.sample()))
}

/** What several workers counted in the same stretch of time. */
function merge(samples: Sample[]): Sample {
  const sum = (field: 'messages' | 'bytes' | 'verifiedBytes' | 'lost' | 'turns' | 'events') =>
    samples.reduce((total, sample) => total + sample[field], 0)
  const [first, ...others] = samples as [Sample, ...Sample[]]
  for (const { histogram } of others) first.histogram.add(histogram)
  return {
    seconds: samples.reduce((total, { seconds }) => total + seconds, 0) / samples.length,
    messages: sum('messages'),
    bytes: sum('bytes'),
    verifiedBytes: sum('verifiedBytes'),
    lost: sum('lost'),
    errors: samples.reduce((all, { errors }) => addErrors(all, errors), new Map<string, number>()),
    histogram: first.histogram,
    turns: sum('turns'),
    events: sum('events'),
    lateNs: Math.max(...samples.map(({ lateNs }) => lateNs)),
  }
}

function addErrors(to: Map<string, number>, more: ReadonlyMap<string, number>): Map<string, number> {
  for (const [kind, count] of more) to.set(kind, (to.get(kind) ?? 0) + count)
  return to
}

function takeEdge({ serverPid }: Options): Edge {
  const { user, system } = process.cpuUsage()
  return {
    ns: nowNs(),
    ownCpuSeconds: (user + system) / 1e6,
    server: serverPid === undefined ? undefined : readCpuTimes(serverPid),
  }
}

function describeRound(options: Options, samples: Sample[], begin: Edge, end: Edge): Round {
  const seconds = (end.ns - begin.ns) / 1e9
  const sum = (field: 'messages' | 'bytes' | 'verifiedBytes' | 'lost' | 'turns' | 'events') =>
    samples.reduce((total, sample) => total + sample[field], 0)
  const clientCpuSeconds = end.ownCpuSeconds - begin.ownCpuSeconds
  const round: Round = {
    seconds,
    messages: sum('messages'),
    bytes: sum('bytes'),
    verifiedBytes: sum('verifiedBytes'),
    lost: sum('lost'),
    clientCpuSeconds,
    clientBusy: clientCpuSeconds / seconds / options.workers,
    // Each worker's turns see its own connections alone.
    queueShare:
      sum('turns') === 0 ? 0 : ((sum('events') / sum('turns')) * options.workers) / options.connections,
  }
  if (begin.server !== undefined && end.server !== undefined) {
    const cpuSeconds = end.server.cpuSeconds - begin.server.cpuSeconds
    round.server = {
      cpuSeconds,
      userSeconds: end.server.userSeconds - begin.server.userSeconds,
      systemSeconds: end.server.systemSeconds - begin.server.systemSeconds,
      busy: cpuSeconds / seconds,
    }
  }
  return round
}

function describeMoment({ messages, seconds: length, histogram }: Sample, seconds: number): Moment {
  const us = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
  return { seconds, length, messages, p50Us: us(50), p99Us: us(99), maxUs: histogram.maxValue / 1000 }
}

function percentilesOf(histogram: Histogram): Record<string, number> {
  const rows = PERCENTILES.map((percentile) => [
    `p${percentile}`,
    histogram.getValueAtPercentile(percentile) / 1000,
  ])
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
