import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
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
  /** By vulnerability, in the kernel's words. */
  mitigations: Record<string, string>
  /** Of the server's core; missing where the machine does not say (most virtual ones). */
  governor?: string
  /** What decides how much a socket holds, and how connections come and go: `net.core.somaxconn` and the like. */
  sysctls: Record<string, string>
  /** Of the last minute, before anything was started. */
  loadAverage: number
  /** Of load generators that are not ours, of those that are there. */
  tools: Record<string, string>
  /** The hard limit of open files in one process. */
  maxFiles: number
  /** The kernel charges interrupts to nobody, instead of to the process that they interrupt. */
  interruptsApart: boolean
}

/** A machine that does not have one of them (the kernel's version, a namespace) leaves it out. */
const SYSCTLS = [
  'net.core.somaxconn',
  'net.core.rmem_default',
  'net.core.rmem_max',
  'net.core.wmem_default',
  'net.core.wmem_max',
  'net.core.netdev_max_backlog',
  'net.core.busy_poll',
  'net.core.busy_read',
  'net.core.default_qdisc',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_congestion_control',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
  'net.ipv4.tcp_mem',
  'net.ipv4.tcp_max_syn_backlog',
  'net.ipv4.tcp_max_tw_buckets',
  'net.ipv4.tcp_tw_reuse',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_autocorking',
  'net.ipv4.tcp_timestamps',
  'net.ipv4.tcp_window_scaling',
  'net.ipv4.tcp_sack',
  'net.ipv4.tcp_fastopen',
  'net.ipv4.tcp_notsent_lowat',
  'net.unix.max_dgram_qlen',
]

const TOOLS: Record<string, { flag: string; version: RegExp }> = {
  wrk: { flag: '-v', version: /wrk \S*?(\d+\.\d+\S*)/ },
  'redis-benchmark': { flag: '--version', version: /(\d+\.\d+\.\d+)/ },
  sockperf: { flag: '--version', version: /version (\S+)/ },
  iperf3: { flag: '--version', version: /iperf (\S+)/ },
}

export function readEnvironment(): Environment {
  const cores = chooseCores()
  const governor = read(`/sys/devices/system/cpu/cpu${cores.server}/cpufreq/scaling_governor`).trim()
  const hardLimit = read('/proc/self/limits').match(/^Max open files\s+\S+\s+(\S+)/m)?.[1]
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    coreCount: availableParallelism(),
    cores,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    v8: process.versions.v8,
    compiler: output(process.env.CC ?? 'cc', ['--version']).split('\n')[0] ?? 'unknown',
    congestionControl: read('/proc/sys/net/ipv4/tcp_congestion_control').trim(),
    mitigations: readMitigations(),
    ...(governor === '' ? {} : { governor }),
    sysctls: readSysctls(),
    loadAverage: loadavg()[0] as number,
    tools: readTools(),
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

function readSysctls(): Record<string, string> {
  const values = SYSCTLS.map((name) => [name, read(`/proc/sys/${name.replaceAll('.', '/')}`).trim()] as const)
  return Object.fromEntries(
    values.flatMap(([name, value]) => (value === '' ? [] : [[name, value.replaceAll('\t', ' ')]])),
  )
}

function readTools(): Record<string, string> {
  const found = Object.entries(TOOLS).flatMap(([name, { flag, version }]) => {
    // Of some of them, --version is an error that says the version.
    const { stdout, stderr } = spawnSync(name, [flag], { encoding: 'utf8' })
    const match = `${stdout ?? ''}${stderr ?? ''}`.match(version)
    return match?.[1] === undefined ? [] : [[name, match[1]] as const]
  })
  return Object.fromEntries(found)
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
