import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Memory of a process, in bytes. */
export interface Memory {
  /** Resident in all, the pages of program files included. */
  rss: number
  /** Resident in all, shared pages divided among their users. */
  pss: number
  /**
   * The part that the process wrote itself (anonymous and shared-memory pages): heaps, stacks and tables. Program
   * files are left out, because their pages come and go with the code that happens to run.
   */
  user: number
}

const SAMPLE_MS = 100
const SAMPLES = 5
const STEADY_BYTES = 64 * 1024
const SETTLE_TIMEOUT_MS = 4_000

/** Waits until the process's memory has stayed within 64 KiB for half a second (4 s at most), and reads it. */
export async function settledMemory(pid: number): Promise<Memory> {
  const last: Memory[] = []
  const deadline = Date.now() + SETTLE_TIMEOUT_MS
  for (;;) {
    const now = readMemory(pid)
    last.push(now)
    if (last.length > SAMPLES) last.shift()
    const users = last.map((memory) => memory.user)
    const steady = last.length === SAMPLES && Math.max(...users) - Math.min(...users) <= STEADY_BYTES
    if (steady || Date.now() > deadline) return now
    await sleep(SAMPLE_MS)
  }
}

function readMemory(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const bytes = (name: string) =>
    Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm'))?.[1] ?? 0) * 1024
  return { rss: bytes('Rss'), pss: bytes('Pss'), user: bytes('Pss_Anon') + bytes('Pss_Shmem') }
}
