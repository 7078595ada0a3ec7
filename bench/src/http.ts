/** A hello over HTTP against nginx and Node's own server, loaded by wrk. */
import { join } from 'node:path'
import type { Cores } from './cores.js'
import type { LoadResult, LoadTimes } from './load.js'
import { measure, type Report, runPinned } from './others.js'
import { BENCH_DIR } from './paths.js'
import type { Peer, PeerOptions } from './peers/peer.js'
import { polluxExamplePeers } from './peers/suites.js'
import type { Shape } from './shapes.js'
import type { Target } from './targets.js'

const CONNECTIONS = 50

function shape(depth: number): Shape {
  return {
    name: `hellox${depth}`,
    label: depth === 1 ? 'hello' : `hello, ${depth} pipelined`,
    mode: 'other',
    connections: CONNECTIONS,
    size: 5,
    depth,
    unit: 'messages/s',
    load: (_, server, cores, times) => runWrk(depth, server, cores, times),
  }
}

export const HTTP_SHAPES: Shape[] = [shape(1), shape(16)]

const POLLUX = 'pollux-http'
const NGINX = 'nginx'
const NODE = 'node-http'

export const HTTP_TARGETS: Target[] = [
  { what: 'hello ÷ node:http', shape: 'hellox1', peer: POLLUX, to: NODE, atLeast: 2.6 },
  { what: 'CPU of a hello ÷ nginx', shape: 'hellox1', peer: POLLUX, to: NGINX, of: 'cpu', atMost: 1.1 },
  { what: 'hello ÷ nginx, 16 pipelined', shape: 'hellox16', peer: POLLUX, to: NGINX, atLeast: 3 },
]

export function listHttpPeers(options: PeerOptions = {}): Peer[] {
  const nginx: Peer = { name: NGINX, label: 'nginx', command: ['sh', join(BENCH_DIR, 'peers/nginx.sh')] }
  const peers = [nginx]
  if (options.twin) peers.push({ ...nginx, name: `${NGINX}-twin`, label: 'nginx twin' })
  peers.push(...polluxExamplePeers(POLLUX, 'http.js', options))
  const command = [process.execPath, join(BENCH_DIR, 'peers/node-http.mjs')]
  peers.push({ name: NODE, label: 'node:http', command })
  return peers
}

async function runWrk(
  depth: number,
  server: { target: string; pid: number },
  cores: Cores,
  times: LoadTimes,
): Promise<LoadResult> {
  const command = (seconds: number) => [
    'wrk',
    ...['-t1', `-c${CONNECTIONS}`, `-d${Math.max(1, Math.round(seconds))}s`],
    ...(depth === 1 ? [] : ['-s', join(BENCH_DIR, 'load/pipeline.lua')]),
    `http://${server.target}/hello`,
    // For the script.
    ...(depth === 1 ? [] : ['--', String(depth)]),
  ]
  await runPinned(command(times.warmUpSeconds), cores.load)
  return measure(command(times.durationSeconds), server, cores, readWrk)
}

/** What wrk says at its end. */
export function readWrk(output: string): Report {
  const [, messages, seconds] = output.match(/^\s*(\d+) requests in ([\d.]+)s/m) ?? []
  if (messages === undefined || /Socket errors|Non-2xx/.test(output)) throw new Error(`wrk said: ${output}`)
  return { messages: Number(messages), seconds: Number(seconds) }
}
