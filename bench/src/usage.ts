/** What processes and cores have used, from /proc. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Cores } from './cores.js'

const TICKS_PER_SECOND = 100

/** What all threads of a process have used, to the nanosecond; 0 when it has gone. */
export function cpuSeconds(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const used = threads.map((id) =>
      Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
    )
    return used.reduce((sum, ns) => sum + ns, 0) / 1e9
  } catch {
    return 0
  }
}

/** The same in ticks, but inside and outside the kernel. */
export function cpuSplit(pid: number): { user: number; system: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { user: Number(fields[11]) / TICKS_PER_SECOND, system: Number(fields[12]) / TICKS_PER_SECOND }
}

/** What two cores have worked since the machine started, and how much of it on interrupts. */
export function coreTimes(cores: Cores): { busy: number; interrupt: number } {
  const lines = readFileSync('/proc/stat', 'utf8').split('\n')
  const times = { busy: 0, interrupt: 0 }
  for (const core of [cores.server, cores.load]) {
    const line = lines.find((each) => each.startsWith(`cpu${core} `)) ?? ''
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(' ').slice(1).map(Number)
    times.busy += (user + nice + system + irq + softirq) / TICKS_PER_SECOND
    times.interrupt += (irq + softirq) / TICKS_PER_SECOND
  }
  return times
}
