import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { gunzipSync } from 'node:zlib'
import { type Cores, chooseCores } from './cores.js'

/** What a reader needs to know about the machine to judge the figures, and what the runner needs itself. */
export interface Environment {
  cpu: string
  coreCount: number
  cores: Cores
  memoryGiB: number
  kernel: string
  node: string
  v8: string
  compiler: string
  congestionControl: string
  mitigations: Record<string, string>
  /** The hard limit of open files in one process. */
  maxFiles: number
  /** The kernel charges interrupts to nobody, instead of to the process that they interrupt. */
  interruptsApart: boolean
}

export function readEnvironment(): Environment {
  const hardLimit = read('/proc/self/limits').match(/^Max open files\s+\S+\s+(\S+)/m)?.[1]
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    coreCount: availableParallelism(),
    cores: chooseCores(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    v8: process.versions.v8,
    compiler: output(process.env.CC ?? 'cc', ['--version']).split('\n')[0] ?? 'unknown',
    congestionControl: read('/proc/sys/net/ipv4/tcp_congestion_control').trim(),
    mitigations: readMitigations(),
    maxFiles: hardLimit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hardLimit ?? 1024),
    interruptsApart: kernelConfig().includes('CONFIG_IRQ_TIME_ACCOUNTING=y'),
  }
}

export function describeEnvironment(environment: Environment): string {
  const { cpu, coreCount, cores, memoryGiB, kernel, node, v8, compiler, congestionControl } = environment
  return [
    `Machine: ${cpu}, ${coreCount} cores (server on ${cores.server}, load on ${cores.load}), ${memoryGiB} GiB`,
    `Linux ${kernel}, TCP ${congestionControl} · Node.js ${node} (V8 ${v8}) · ${compiler}`,
  ].join('\n')
}

function readMitigations(): Record<string, string> {
  const folder = '/sys/devices/system/cpu/vulnerabilities'
  try {
    return Object.fromEntries(readdirSync(folder).map((name) => [name, read(`${folder}/${name}`).trim()]))
  } catch {
    return {}
  }
}

function kernelConfig(): string {
  try {
    return gunzipSync(readFileSync('/proc/config.gz')).toString()
  } catch {
    return read(`/boot/config-${release()}`)
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function output(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}
