/** One run of pollux-bench, on a core of its own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { coarse } from '../../generator/dist/charts/coarse.js'
import type { Result } from '../../generator/dist/result.js'
import { collect } from '../collect.js'
import { program } from '../compile.js'
import type { Cores } from '../cores.js'
import { BENCH_DIR } from '../paths.js'
import type { Protocol } from '../peers/comparison-peer.js'
import type { Method } from '../results-file.js'
import type { Workload } from './workloads.js'

/** What pollux-bench calls the protocols that are something else to it. */
const SPOKEN: Partial<Record<Protocol, string>> = { memcache: 'tcp', fanout: 'tcp' }

/** After that nothing more will come: the load itself has its end. */
const HANG_SECONDS = 90

/** The flags of pollux-bench for a row. */
export function generatorFlags(
  workload: Workload,
  protocol: Protocol,
  server: { target: string; pid: number },
  times: Pick<Method, 'durationSeconds' | 'warmupSeconds'>,
): string[] {
  const { connections, size, depth, family } = workload
  const load = family === 'idle' ? ['--idle', connections] : ['--connections', connections]
  return [
    ...[SPOKEN[protocol] ?? protocol, server.target, ...load, '--size', size, '--depth', depth],
    // The rounds of the comparison are its own: each is a fresh server.
    ...['--duration', times.durationSeconds, '--warmup', times.warmupSeconds, '--rounds', 1],
    ...['--server-pid', server.pid, '--json', '-', '--quiet'],
    ...(workload.flags?.(protocol) ?? []),
  ].map(String)
}

/** What pollux-bench found, without the machine, which is that of all trials, and with histograms of two digits. */
export type KeptResult = Omit<Result, 'environment'>

export interface GeneratorRun {
  result: KeptResult
  /** All that the generator has used, its start included. */
  cpuSeconds: number
}

/** Runs pollux-bench. Rejects when it could not measure; what went wrong within is in its result. */
export async function runGenerator(flags: readonly string[], cores: Cores): Promise<GeneratorRun> {
  const main = join(BENCH_DIR, 'generator/dist/main.js')
  const before = childCpuSeconds()
  const pinned = [String(cores.load), process.execPath, main, ...flags]
  const { child, ended } = collect(program('pin'), pinned)
  const timer = setTimeout(() => child.kill('SIGKILL'), HANG_SECONDS * 1000)
  const { output, errors, code } = await ended.finally(() => clearTimeout(timer))
  const cpuSeconds = childCpuSeconds() - before
  if (code === 'SIGKILL') throw new Error(`pollux-bench had not ended after ${HANG_SECONDS} s`)
  if (output === '') throw new Error(errors.trim() || `pollux-bench ended with ${code} and said nothing`)
  return { result: kept(JSON.parse(output) as Result), cpuSeconds }
}

function kept({ environment: _, latency, ...result }: Result): KeptResult {
  return { ...result, latency: { ...latency, histogram: coarse(latency.histogram) } }
}

const TICKS_PER_SECOND = 100

/** What the children of this process have used that have ended: a process can't be asked when it has gone. */
function childCpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND
}
