/** What the server's process uses, as /proc tells it. (proc(5)) */
import { readdirSync, readFileSync } from 'node:fs'
import type { Memory } from './result.js'
import { UsageError } from './usage-error.js'

/** USER_HZ, which Linux has fixed for what it shows in /proc. */
const TICKS_PER_SECOND = 100

/** Times since the process began. */
export interface CpuTimes {
  cpuSeconds: number
  userSeconds: number
  systemSeconds: number
}

/** @throws UsageError when there is no such process, or /proc does not tell */
export function readCpuTimes(pid: number): CpuTimes {
  return read(pid, () => {
    // After the command's name, which may hold anything, parentheses too.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const userSeconds = Number(fields[11]) / TICKS_PER_SECOND
    const systemSeconds = Number(fields[12]) / TICKS_PER_SECOND
    return { cpuSeconds: readNanoseconds(pid) / 1e9, userSeconds, systemSeconds }
  })
}

/** Memory that the process has written itself. @throws UsageError as `readCpuTimes` */
export function readMemory(pid: number): Memory {
  return read(pid, () => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
    const bytes = (field: string) =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) * 1024
    return { anonymous: bytes('Pss_Anon'), shared: bytes('Pss_Shmem') }
  })
}

/** The time that all threads have run, to the nanosecond. */
function readNanoseconds(pid: number): number {
  let sum = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
  }
  return sum
}

function read<T>(pid: number, what: () => T): T {
  try {
    return what()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' || code === 'ESRCH' ? 'there is no such process' : (error as Error).message
    throw new UsageError(`--server-pid ${pid}: ${why}`)
  }
}
