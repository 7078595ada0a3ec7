/** One run of pollux-bench, on a core of its own. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../../generator/dist/result.js'
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

export interface GeneratorRun {
  result: Result
  /** All that the generator has used, its start included. */
  cpuSeconds: number
}

/** Runs pollux-bench. Rejects when it could not measure; what went wrong within is in its result. */
export async function runGenerator(flags: readonly string[], cores: Cores): Promise<GeneratorRun> {
  const main = join(BENCH_DIR, 'generator/dist/main.js')
  const before = childCpuSeconds()
  const { output, errors, code } = await collect(program('pin'), [
    String(cores.load),
    process.execPath,
    main,
    ...flags,
  ])
  const cpuSeconds = childCpuSeconds() - before
  if (output === '') throw new Error(errors.trim() || `pollux-bench ended with ${code} and said nothing`)
  return { result: JSON.parse(output) as Result, cpuSeconds }
}

async function collect(file: string, args: readonly string[]) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    errors += data
  })
  return new Promise<{ output: string; errors: string; code: number | string | null }>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`pollux-bench had not ended after ${HANG_SECONDS} s`))
    }, HANG_SECONDS * 1000)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ output, errors, code: code ?? signal })
    })
  })
}

const TICKS_PER_SECOND = 100

/** What the children of this process have used that have ended: a process can't be asked when it has gone. */
function childCpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND
}
