/** The memory of a server on this machine, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Memory of a process, in bytes. */
export interface Memory {
  /** Resident in all, the pages of program files included. */
  rss: number
  /** Resident in all, shared pages divided among their users. */
  pss: number
  /**
   * The part that the process wrote itself (anonymous and shared-memory pages): heaps, stacks and tables. Program files
   * are left out, because their pages come and go with the code that happens to run.
   */
  user: number
}

const SAMPLE_MS = 100
const SAMPLES = 5
const STEADY_BYTES = 64 * 1024
const SETTLE_TIMEOUT_MS = 4000

/** @throws Error that says why the process's memory can't be read */
export function readMemory(pid: number): Memory {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why =
      code === 'ENOENT' || code === 'ESRCH' ? 'there is no such process' : `it can't be read (${code})`
    throw new Error(`memory of process ${pid}: ${why}; give the server's own pid to --server-pid`, {
      cause: error,
    })
  }
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024
  return { rss: bytes('Rss'), pss: bytes('Pss'), user: bytes('Pss_Anon') + bytes('Pss_Shmem') }
}

/** Waits until the process's memory has stayed within 64 KiB for half a second (4 s at most), and reads it. */
export async function settledMemory(pid: number): Promise<Memory> {
  const last: Memory[] = []
  const deadline = performance.now() + SETTLE_TIMEOUT_MS
  for (;;) {
    const now = readMemory(pid)
    last.push(now)
    if (last.length > SAMPLES) last.shift()
    const users = last.map((memory) => memory.user)
    const steady = last.length === SAMPLES && Math.max(...users) - Math.min(...users) <= STEADY_BYTES
    if (steady || performance.now() > deadline) return now
    await sleep(SAMPLE_MS)
  }
}

/** How many descriptors the process has open. */
export function openFds(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
