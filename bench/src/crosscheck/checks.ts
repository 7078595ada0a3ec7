/** Which tools meet which server, under what load. */
import { join } from 'node:path'
import { WORKLOADS, type Workload } from '../comparison/workloads.js'
import { BENCH_DIR } from '../paths.js'
import type { ComparisonPeer, Protocol } from '../peers/comparison-peer.js'
import {
  AUTOCANNON,
  C_LOAD,
  IPERF3,
  POLLUX_BENCH,
  REDIS_BENCHMARK,
  SOCKPERF,
  type Tool,
  WRK,
} from './tools.js'

export interface Check {
  workload: Workload
  tools: Tool[]
  /** Names of the comparison's peers, those that are servers of a tool included. */
  servers: string[]
}

/** Servers that answer only their own clients: pollux-bench speaks as these do, by a script. */
export function toolServers(): ComparisonPeer[] {
  const peer = (name: string, label: string, serves: Protocol[], tool: Tool): ComparisonPeer => ({
    ...{ name, label, serves, group: 'product' },
    command: (protocol) => [
      ...['sh', join(BENCH_DIR, `peers/${name}.sh`)],
      ...(name === 'sockperf' ? ['--scheme', protocol] : []),
    ],
    missing: () => tool.missing(),
    version: () => '',
  })
  return [
    peer('sockperf', "sockperf's server", ['tcp', 'udp'], SOCKPERF),
    peer('iperf3', "iperf3's server", ['tcp'], IPERF3),
  ]
}

const find = (name: string) => WORKLOADS.find((workload) => workload.name === name) as Workload

/** Under tools that sleep when nothing is there, so that the server has to wake them: ours does the same then. */
function asleep(name: string): Workload {
  const workload = find(name)
  return {
    ...workload,
    flags: (protocol) => [...(workload.flags?.(protocol) ?? []), '--busy-poll', '0'],
  }
}

/** Which never sleeps. */
const AS_SOCKPERF = () => ['--script', join(BENCH_DIR, 'load/sockperf.mjs')]

function pingPong(protocol: 'tcp' | 'udp'): Workload {
  return {
    ...find('echo-64Bx1'),
    name: `pingpong-${protocol}`,
    label: `${protocol} ping-pong of 64 B`,
    family: protocol === 'udp' ? 'udp' : 'echo',
    protocols: [protocol],
    flags: AS_SOCKPERF,
  }
}

/** A slow server (Node) shows whether two tools see the same limit, a fast one what each of them can do. */
const ECHO_SERVERS = ['c-epoll', 'pollux-borrowed', 'node']

export const CHECKS: readonly Check[] = [
  { workload: asleep('echo-64Bx50'), tools: [POLLUX_BENCH, C_LOAD], servers: ECHO_SERVERS },
  { workload: asleep('echo-64Bx50x16'), tools: [POLLUX_BENCH, C_LOAD], servers: ECHO_SERVERS },
  {
    workload: asleep('echo-64KiBx10'),
    tools: [POLLUX_BENCH, C_LOAD, IPERF3],
    servers: ['c-epoll', 'iperf3'],
  },
  { workload: asleep('churn'), tools: [POLLUX_BENCH, C_LOAD], servers: ['c-epoll', 'node'] },
  { workload: asleep('udp-64Bx4x32'), tools: [POLLUX_BENCH, C_LOAD], servers: ['pollux', 'node'] },
  { workload: pingPong('tcp'), tools: [POLLUX_BENCH, SOCKPERF], servers: ['sockperf'] },
  { workload: pingPong('udp'), tools: [POLLUX_BENCH, SOCKPERF], servers: ['sockperf'] },
  {
    workload: asleep('http-hello'),
    tools: [POLLUX_BENCH, WRK, AUTOCANNON],
    servers: ['nginx', 'pollux', 'node'],
  },
  { workload: asleep('get'), tools: [POLLUX_BENCH, REDIS_BENCHMARK], servers: ['redis', 'pollux'] },
  { workload: asleep('getx16'), tools: [POLLUX_BENCH, REDIS_BENCHMARK], servers: ['redis', 'pollux'] },
]

/** Whether a tool can load that server: iperf3 and its server know only each other. */
export function suits(tool: Tool, server: string): boolean {
  return (tool === IPERF3) === (server === 'iperf3')
}
