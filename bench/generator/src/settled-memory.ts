/** The memory of a server that has nothing to do any more. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Memory } from './result.js'
import { readMemory } from './server-process.js'

const SAMPLE_MS = 100
const SAMPLES = 5
const STEADY_BYTES = 64 * 1024
const TIMEOUT_MS = 4000

/** Reads until it has stayed within 64 KiB for half a second (4 s at most), and returns what was read last. */
export async function untilSteady<Read>(read: () => Read, bytesOf: (read: Read) => number): Promise<Read> {
  const last: number[] = []
  const deadline = performance.now() + TIMEOUT_MS
  for (;;) {
    const now = read()
    last.push(bytesOf(now))
    if (last.length > SAMPLES) last.shift()
    const steady = last.length === SAMPLES && Math.max(...last) - Math.min(...last) <= STEADY_BYTES
    if (steady || performance.now() > deadline) return now
    await sleep(SAMPLE_MS)
  }
}

/** What the process has written, once that is steady. @throws UsageError where it can't be read */
export function settledMemory(pid: number): Promise<Memory> {
  return untilSteady(() => readMemory(pid), writtenBytes)
}

/** All that the process has written itself. */
export function writtenBytes({ anonymous, shared }: Memory): number {
  return anonymous + shared
}
