/** The memory of a server that has nothing to do any more. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Memory } from './result.js'
import { readMemory } from './server-process.js'

const SAMPLE_MS = 100
const SAMPLES = 5
const STEADY_BYTES = 64 * 1024
const TIMEOUT_MS = 4000

/**
 * Waits until the process's memory has stayed within 64 KiB for half a second (4 s at most), and reads it.
 *
 * @throws UsageError where it can't be read
 */
export async function settledMemory(pid: number): Promise<Memory> {
  const last: Memory[] = []
  const deadline = performance.now() + TIMEOUT_MS
  for (;;) {
    const now = readMemory(pid)
    last.push(now)
    if (last.length > SAMPLES) last.shift()
    const bytes = last.map(writtenBytes)
    const steady = last.length === SAMPLES && Math.max(...bytes) - Math.min(...bytes) <= STEADY_BYTES
    if (steady || performance.now() > deadline) return now
    await sleep(SAMPLE_MS)
  }
}

/** All that the process has written itself. */
export function writtenBytes({ anonymous, shared }: Memory): number {
  return anonymous + shared
}
