import { readFileSync } from 'node:fs'
import { untilSteady } from '../generator/dist/settled-memory.js'

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

/** That of a process, once it is steady. */
export function settledMemory(pid: number): Promise<Memory> {
  return untilSteady(
    () => readMemory(pid),
    ({ user }) => user,
  )
}

function readMemory(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const bytes = (name: string) =>
    Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm'))?.[1] ?? 0) * 1024
  return { rss: bytes('Rss'), pss: bytes('Pss'), user: bytes('Pss_Anon') + bytes('Pss_Shmem') }
}
