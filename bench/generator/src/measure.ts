/** Windows of a run: the warm-up, and rounds that are cut into moments. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Histogram } from 'hdr-histogram-js'
import { nowNs } from './clock.js'
import type { Options } from './options.js'
import { newHistogram, percentileUs, type Sample } from './recorder.js'
import type { Moment, Round } from './result.js'
import { addErrors, takeSample } from './samples.js'
import { type CpuTimes, readCpuTimes } from './server-process.js'
import { UsageError } from './usage-error.js'
import type { Worker } from './worker.js'

/** How long the moments of a timeline are, about; and how many there are at most. */
const MOMENT_SECONDS = 0.2
const MAX_MOMENTS = 600

/** Processor time and clock at the edge of a window. */
interface Edge {
  ns: number
  ownCpuSeconds: number
  server: CpuTimes | undefined
}

/** What was measured in all rounds of a run. */
export interface Measured {
  rounds: Round[]
  timeline: Moment[]
  histogram: Histogram
  errors: Map<string, number>
  /** Of an open loop: by how much requests left later than they could have, on average. */
  lateNs: number
}

/** Begins the load. What fails meanwhile has failed, and is returned; what is measured is not kept. */
export async function warmUp(
  options: Options,
  workers: Worker[],
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const startNs = nowNs()
  for (const worker of workers) worker.start(startNs)
  await sleepUntil(startNs + options.warmupSeconds * 1e9, signal)
  return (await takeSample(workers)).errors
}

/** All rounds, from now on. */
export async function measure(
  options: Options,
  workers: Worker[],
  signal: AbortSignal,
  onMoment: (moment: Moment, progress: { done: number; of: number }) => void = () => {},
): Promise<Measured> {
  const { rounds: count, durationSeconds } = options
  const roundSeconds = durationSeconds / count
  const momentsPerRound = Math.max(
    1,
    Math.min(Math.round(roundSeconds / MOMENT_SECONDS), Math.floor(MAX_MOMENTS / count)),
  )
  const momentSeconds = roundSeconds / momentsPerRound
  const of = count * momentsPerRound

  let nextNs = nowNs()
  const errors = new Map<string, number>()
  let roundEdge = takeEdge(options)

  const rounds: Round[] = []
  const timeline: Moment[] = []
  const histogram = newHistogram()
  let inRound: Sample[] = []
  let lateSumNs = 0
  for (let done = 1; done <= of && !signal.aborted; done++) {
    nextNs += momentSeconds * 1e9
    await sleepUntil(nextNs, signal)
    const sample = await takeSample(workers)
    addErrors(errors, sample.errors)
    histogram.add(sample.histogram)
    lateSumNs += sample.lateNs
    inRound.push(sample)
    const moment = describeMoment(sample, (timeline.at(-1)?.seconds ?? 0) + sample.seconds)
    timeline.push(moment)
    onMoment(moment, { done, of })
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

async function sleepUntil(ns: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, (ns - nowNs()) / 1e6), undefined, { signal }).catch(() => {})
}

function takeEdge({ serverPid }: Options): Edge {
  const { user, system } = process.cpuUsage()
  return {
    ns: nowNs(),
    ownCpuSeconds: (user + system) / 1e6,
    server: serverPid === undefined ? undefined : cpuTimesOrGone(serverPid),
  }
}

/** A server that dies in the middle of a run does not take what was measured with it: its connections tell. */
function cpuTimesOrGone(pid: number): CpuTimes | undefined {
  try {
    return readCpuTimes(pid)
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}

function describeRound(options: Options, samples: Sample[], begin: Edge, end: Edge): Round {
  const seconds = (end.ns - begin.ns) / 1e9
  const sum = (field: 'messages' | 'bytes' | 'verifiedBytes' | 'lost') =>
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
    queueShare: samples.reduce((total, sample) => total + sample.queueShare, 0) / samples.length,
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
  const [p50Us, p99Us] = [percentileUs(histogram, 50), percentileUs(histogram, 99)]
  return { seconds, length, messages, p50Us, p99Us, maxUs: histogram.maxValue / 1000 }
}
