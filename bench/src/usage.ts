/** What processes and cores have used, from /proc. */
import { readFileSync } from 'node:fs'
import { readCpuTimes } from '../generator/dist/server-process.js'
import type { Cores } from './cores.js'

const TICKS_PER_SECOND = 100

/** What all threads of a process have used, to the nanosecond; 0 when it has gone. */
export function cpuSeconds(pid: number): number {
  try {
    return readCpuTimes(pid).cpuSeconds
  } catch {
    return 0
  }
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
