/** Load generators that are not ours, measured from outside. */
import { setTimeout as sleep } from 'node:timers/promises'
import { readCpuTimes } from '../generator/dist/server-process.js'
import { collect } from './collect.js'
import { program } from './compile.js'
import type { Cores } from './cores.js'
import type { LoadResult } from './load.js'
import { coreTimes, cpuSeconds } from './usage.js'

/** What a generator says of itself. */
export interface Report {
  messages: number
  seconds: number
}

const SAMPLE_MS = 20

/**
 * Runs a generator on its core from beginning to end, and reads what it and the server have used. The server should be
 * warm: there is no window within the run.
 *
 * @param read finds the report in what the generator printed; it may throw
 */
export async function measure(
  command: readonly string[],
  server: { pid: number },
  cores: Cores,
  read: (output: string) => Report,
): Promise<LoadResult> {
  const before = { server: readCpuTimes(server.pid), cores: coreTimes(cores) }
  const { output, loadCpuSeconds } = await runPinned(command, cores.load)
  const after = { server: readCpuTimes(server.pid), cores: coreTimes(cores) }
  const { messages, seconds } = read(output)
  const used = after.server.cpuSeconds - before.server.cpuSeconds
  return {
    messages,
    bytes: 0,
    verifiedBytes: 0,
    lost: 0,
    seconds,
    loadCpuSeconds,
    loadBusy: loadCpuSeconds / seconds,
    loadQueueShare: 0,
    latencyUs: { samples: 0, p50: 0, p99: 0, max: 0 },
    server: {
      cpuSeconds: used,
      busy: used / seconds,
      userSeconds: after.server.userSeconds - before.server.userSeconds,
      systemSeconds: after.server.systemSeconds - before.server.systemSeconds,
    },
    cores: {
      busySeconds: after.cores.busy - before.cores.busy,
      interruptSeconds: after.cores.interrupt - before.cores.interrupt,
    },
  }
}

/** Runs a program on one core. Rejects when it fails. */
export async function runPinned(
  command: readonly string[],
  core: number,
): Promise<{ output: string; loadCpuSeconds: number }> {
  const { child, ended } = collect(program('pin'), [String(core), ...command])
  let loadCpuSeconds = 0
  let isOver = false
  const over = ended.finally(() => {
    isOver = true
  })
  // What a process or a thread of it used is gone with it: the last look at all of them is close enough.
  while (!isOver) {
    loadCpuSeconds = Math.max(cpuSeconds(child.pid as number), loadCpuSeconds)
    await Promise.race([sleep(SAMPLE_MS), over])
  }
  const { output, errors, code } = await over
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${errors}${output}`)
  return { output, loadCpuSeconds }
}
