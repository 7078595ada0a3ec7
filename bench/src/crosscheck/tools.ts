/** Load generators that are not ours (and the one in C that is), each told to do what pollux-bench does. */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { generatorFlags, runGenerator } from '../comparison/generator.js'
import { figures } from '../comparison/trial.js'
import { KEYS, type Workload } from '../comparison/workloads.js'
import type { Cores } from '../cores.js'
import { readWrk } from '../http.js'
import { type LoadResult, runLoad } from '../load.js'
import { measure, type Report, runPinned } from '../others.js'
import type { Protocol } from '../peers/comparison-peer.js'
import type { FileTrial, Method } from '../results-file.js'

export interface Target {
  target: string
  pid: number
  protocol: Protocol
  cores: Cores
  times: Pick<Method, 'durationSeconds' | 'warmupSeconds'>
}

/** What a trial gets from a tool. */
export type Measured = Pick<FileTrial, 'value' | 'cpuUs' | 'result' | 'raw' | 'loadBound'>

export interface Tool {
  name: string
  /** What isn't there, and how to get it. */
  missing(): string | undefined
  run(workload: Workload, target: Target): Promise<Measured>
}

/** A generator that has no time left sets the pace itself. */
const BUSY = 0.95
const SERVER_IDLE = 0.9

export const POLLUX_BENCH: Tool = {
  name: 'pollux-bench',
  missing: () => undefined,
  async run(workload, server) {
    const { result } = await runGenerator(
      generatorFlags(workload, server.protocol, server, server.times),
      server.cores,
    )
    return { result, ...figures(result, workload), loadBound: result.verdict.generatorBound }
  },
}

/** bench/load: C on epoll, which shares no line with pollux-bench. */
export const C_LOAD: Tool = {
  name: 'load (C)',
  missing: () => undefined,
  async run({ name, label, family, connections, size, depth }, { cores, times, ...server }) {
    const mode = family === 'churn' || family === 'udp' ? family : 'echo'
    const shape = { name, label, mode, connections, size, depth, unit: 'messages/s' } as const
    return describe(
      await runLoad(shape, server, cores, {
        warmUpSeconds: times.warmupSeconds,
        durationSeconds: times.durationSeconds,
      }),
    )
  },
}

/** A tool that takes whole seconds, runs once to warm the server up, and tells its rate at the end. */
function outside(
  name: string,
  missing: () => string | undefined,
  command: (workload: Workload, host: string, port: string, seconds: number) => string[],
  read: (output: string, workload: Workload) => Report,
): Tool {
  return {
    name,
    missing,
    async run(workload, { target, pid, cores, times }) {
      const [host = '', port = ''] = target.split(':')
      const seconds = Math.max(1, Math.round(times.durationSeconds))
      await runPinned(command(workload, host, port, 1), cores.load)
      return describe(
        await measure(command(workload, host, port, seconds), { pid }, cores, (output) =>
          read(output, workload),
        ),
      )
    },
  }
}

function debian(program: string, name = program): () => string | undefined {
  return () =>
    spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
      ? undefined
      : `${program}: apt-get install ${name}`
}

export const WRK = outside(
  'wrk',
  debian('wrk'),
  ({ connections }, host, port, seconds) => [
    ...['wrk', '-t1', `-c${connections}`, `-d${seconds}s`],
    `http://${host}:${port}/hello`,
  ],
  readWrk,
)

export const AUTOCANNON = outside(
  'autocannon',
  () => {
    try {
      autocannonPath()
      return undefined
    } catch {
      return 'autocannon: npm run build'
    }
  },
  ({ connections }, host, port, seconds) => [
    ...[process.execPath, autocannonPath(), '--json', '--no-progress', '-c', String(connections)],
    ...['-d', String(seconds), `http://${host}:${port}/hello`],
  ],
  (output) => {
    const report = JSON.parse(output) as { '2xx': number; non2xx: number; errors: number; duration: number }
    if (report.errors > 0 || report.non2xx > 0) throw new Error(`autocannon said: ${output.slice(0, 400)}`)
    return { messages: report['2xx'], seconds: report.duration }
  },
)

function autocannonPath(): string {
  return createRequire(import.meta.url).resolve('autocannon')
}

export const SOCKPERF = outside(
  'sockperf',
  debian('sockperf'),
  ({ family, size }, host, port, seconds) => [
    ...['sockperf', 'ping-pong', ...(family === 'udp' ? [] : ['--tcp'])],
    ...['-i', host, '-p', port, '-m', String(size), '-t', String(seconds)],
    // Like pollux-bench it looks for the answer for a while before it sleeps.
    '--nonblocked',
  ],
  (output) => {
    const [, seconds, messages] =
      output.match(/\[Valid Duration\] RunTime=([\d.]+) sec; SentMessages=\d+; ReceivedMessages=(\d+)/) ?? []
    if (seconds === undefined) throw new Error(`sockperf said: ${output}`)
    return { messages: Number(messages), seconds: Number(seconds) }
  },
)

/**
 * redis-benchmark has no clock: a first run warms the server up and shows how many requests fill a trial. Its keys are
 * those that the store was filled with.
 */
export const REDIS_BENCHMARK: Tool = {
  name: 'redis-benchmark',
  missing: debian('redis-benchmark', 'redis-tools'),
  async run({ connections, depth, size }, { target, pid, cores, times }) {
    const [host = '', port = ''] = target.split(':')
    const command = (requests: number) => [
      ...['redis-benchmark', '-h', host, '-p', port, '-t', 'get', '-d', String(size)],
      ...['-c', String(connections), '-P', String(depth), '-r', String(KEYS)],
      ...['-n', String(requests), '--csv'],
    ]
    const rate = (output: string) => {
      const found = Number(output.match(/^"[^"\n]+","([\d.]+)"/m)?.[1])
      if (!(found > 0)) throw new Error(`redis-benchmark said: ${output}`)
      return found
    }
    const { output } = await runPinned(command(50_000 * depth), cores.load)
    const messages = Math.ceil(rate(output) * times.durationSeconds)
    return describe(
      await measure(command(messages), { pid }, cores, (text) => ({
        messages,
        seconds: messages / rate(text),
      })),
    )
  },
}

/**
 * iperf3 both ways, between its own client and server: each of the two processes sends and receives every byte, as the
 * client and the server of an echo do. A message is one of the workload's size that has come back.
 */
export const IPERF3: Tool = {
  name: 'iperf3',
  missing: debian('iperf3'),
  async run({ connections, size }, { target, pid, cores, times }) {
    const [host = '', port = ''] = target.split(':')
    const seconds = Math.max(1, Math.round(times.durationSeconds))
    const command = [
      ...['iperf3', '--client', host, '--port', port, '--bidir', '--json', '--omit', '1'],
      ...['--time', String(seconds), '--parallel', String(connections), '--length', String(size)],
    ]
    const load = await measure(command, { pid }, cores, (output) => {
      const { end } = JSON.parse(output) as {
        end: Record<'sum_received' | 'sum_received_bidir_reverse', { bytes: number; seconds: number }>
      }
      const { bytes } = end.sum_received
      const { bytes: back, seconds: measured } = end.sum_received_bidir_reverse
      return { messages: (bytes + back) / 2 / size, seconds: measured }
    })
    // Its server ends with the client, and a second that it leaves out costs as well: nothing to be said of CPU time.
    const { value, raw } = describe(load)
    return { value, raw, loadBound: false }
  },
}

function describe(load: LoadResult): Measured {
  const { messages, seconds, server } = load
  const total = (server.cpuSeconds / messages) * 1e6
  const split = server.userSeconds + server.systemSeconds
  return {
    value: messages / seconds,
    cpuUs: { total, user: split === 0 ? 0 : (total * server.userSeconds) / split },
    loadBound: load.loadBusy >= BUSY && server.busy < SERVER_IDLE,
    raw: load,
  }
}
