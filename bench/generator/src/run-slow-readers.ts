/** A run of the mode `slow-readers`: the same measurement without them and with them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Measured, measure } from './measure.js'
import type { Options } from './options.js'
import { percentileUs } from './recorder.js'
import type { SlowReadersResult, Speed } from './result.js'
import { addErrors, takeSample } from './samples.js'
import { readMemory } from './server-process.js'
import type { Worker } from './worker.js'

/** The others are measured again when buffers are full: when the slow readers have sent nothing for so long, or after a while. */
const STILL_MS = 250
const FILL_MS = 10_000
/** Those that read never have enough. */
const READING_MS = 1000

/**
 * @param beside measures the connections that read
 * @returns what was measured beside slow readers, with the errors of both parts
 */
export async function besideSlowReaders(
  options: Options,
  workers: Worker[],
  signal: AbortSignal,
  beside: () => Promise<Measured>,
): Promise<{ measured: Measured; slowReaders: SlowReadersResult }> {
  const { serverPid: pid, slowReaders: connections, slowRate: rate } = options
  const memory = () => (pid === undefined ? undefined : readMemory(pid))
  const alone = await measure(options, workers, signal)
  const serverBefore = memory()
  await Promise.all(workers.map((worker) => worker.disturb()))
  await untilFull(workers, rate === 0 ? FILL_MS : READING_MS, signal)
  addErrors(alone.errors, (await takeSample(workers)).errors)
  const measured = await beside()
  const serverAfter = memory()
  const uses = await Promise.all(workers.map((worker) => worker.slowUse()))
  const sum = (field: 'sentBytes' | 'readBytes' | 'gone') => uses.reduce((all, use) => all + use[field], 0)
  addErrors(measured.errors, alone.errors)
  const slowReaders = {
    connections,
    rate,
    sentBytes: sum('sentBytes'),
    readBytes: sum('readBytes'),
    gone: sum('gone'),
    alone: speedOf(alone),
    beside: speedOf(measured),
    ...(serverBefore === undefined || serverAfter === undefined ? {} : { serverBefore, serverAfter }),
  }
  return { measured, slowReaders }
}

async function untilFull(workers: Worker[], longestMs: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + longestMs
  let before = -1
  while (!signal.aborted && performance.now() < deadline) {
    const uses = await Promise.all(workers.map((worker) => worker.slowUse()))
    const sent = uses.reduce((sum, { sentBytes }) => sum + sentBytes, 0)
    if (sent === before) return
    before = sent
    await sleep(STILL_MS, undefined, { signal }).catch(() => {})
  }
}

function speedOf({ rounds, histogram }: Measured): Speed {
  const seconds = rounds.reduce((sum, round) => sum + round.seconds, 0)
  const messages = rounds.reduce((sum, round) => sum + round.messages, 0)
  return {
    messagesPerSecond: seconds === 0 ? 0 : messages / seconds,
    p50Us: percentileUs(histogram, 50),
    p99Us: percentileUs(histogram, 99),
    maxUs: histogram.maxValue / 1000,
  }
}
