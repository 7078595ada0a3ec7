/** The suite `net`: the same program over `node:net` and over `@pollux/net`. */
import { join, resolve } from 'node:path'
import type { Cores } from './cores.js'
import { HTTP_SHAPES } from './http.js'
import type { LoadResult, LoadTimes } from './load.js'
import { measure, type Report, runPinned } from './others.js'
import { BENCH_DIR, ROOT_DIR } from './paths.js'
import type { Peer, PeerOptions } from './peers/peer.js'
import { echo, SHAPES, type Shape } from './shapes.js'
import type { Target } from './targets.js'

const NODE = 'node-net'
const POLLUX = 'pollux-net'

function served(by: string, name: string, label: string, shape: Shape, ...flags: string[]): Shape {
  return { ...shape, name, label, flags: ['--serve', by, ...flags] }
}

const data = echo(50, 64, '64 B')
const large = echo(10, 65536, '64 KiB')
const find = (all: readonly Shape[], name: string) => all.find((shape) => shape.name === name) as Shape

export const NET_SHAPES: Shape[] = [
  served('data', 'data64Bx50', "on('data'), write: 64 B × 50", data),
  served('data', 'data64KiBx10', "on('data'), write: 64 KiB × 10", large),
  served('pipe', 'pipe64Bx50', 'pipe: 64 B × 50', data),
  served('data', 'churn', 'connect, echo 64 B, close', find(SHAPES, 'churn')),
  served('data', 'idle', 'memory per idle connection, garbage collected', find(SHAPES, 'idle'), '--collect'),
  served('data', 'idleUncollected', 'memory per idle connection, not collected', find(SHAPES, 'idle')),
  served('http', 'http', 'http.Server, hello', find(HTTP_SHAPES, 'hellox1')),
  // A head and a body that is no string.
  served('http', 'http4KiB', 'http.Server, 4 KiB', find(HTTP_SHAPES, 'hellox1'), '--body', '4096'),
  {
    ...served('data', 'onread64KiBx10', 'client with onread, server: 64 KiB × 10', large),
    mode: 'other',
    load: runClient,
  },
  secured('tls64Bx50', 'TLS, echo: 64 B × 50', data),
  secured('tls16KiBx10', 'TLS, echo: 16 KiB × 10', echo(10, 16384, '16 KiB')),
]

/** A server of TLS, asked by a client that is Node's in either case. */
function secured(name: string, label: string, shape: Shape): Shape {
  const load: Shape['load'] = (shape, server, ...more) => {
    const client = [...(server.peer.client as string[]), '--tls', '--read', 'data']
    return runClient(shape, { ...server, peer: { ...server.peer, client } }, ...more)
  }
  return { ...served('tls', name, label, shape), mode: 'other', load }
}

function ratio(what: string, shape: string, atLeast: number): Target {
  return { what: `${what} ÷ node:net`, shape, peer: POLLUX, to: NODE, atLeast }
}

function memory(what: string, shape: string): Target {
  return { what: `${what} ÷ node:net`, shape, peer: POLLUX, to: NODE, atMost: 0.6 }
}

export const NET_TARGETS: Target[] = [
  ratio("on('data'), write: 64 B × 50", 'data64Bx50', 1.35),
  ratio("on('data'), write: 64 KiB × 10", 'data64KiBx10', 2),
  ratio('pipe: 64 B × 50', 'pipe64Bx50', 1.35),
  ratio('connections', 'churn', 1.6),
  memory('memory per idle connection', 'idle'),
  memory('memory per idle connection, not collected', 'idleUncollected'),
  ratio('http.Server, hello', 'http', 1),
  ratio('http.Server, 4 KiB', 'http4KiB', 1),
  ratio('client with onread, server: 64 KiB × 10', 'onread64KiBx10', 1.3),
]

export function listNetPeers(options: PeerOptions = {}): Peer[] {
  const node = { name: NODE, label: 'node:net', ...commands(['--net', 'node:net']) }
  const peers: Peer[] = [node]
  if (options.twin) peers.push({ ...node, name: `${NODE}-twin`, label: 'node:net twin' })
  peers.push(polluxNet(ROOT_DIR, '', options.backend))
  if (options.against !== undefined) {
    peers.push(polluxNet(resolve(options.against), '@against', options.backend))
  }
  return peers
}

function polluxNet(root: string, suffix: string, backend: string | undefined): Peer {
  const environment = backend === undefined ? [] : ['env', `POLLUX_BACKEND=${backend}`]
  const path = join(root, 'packages/net/dist/index.js')
  const above = (part: string) => join(root, 'packages/net/dist', part, 'index.js')
  return {
    name: `${POLLUX}${suffix}`,
    label: `@pollux/net${suffix}`,
    ...commands(['--net', path], ['--attach', above('http'), '--tls', above('tls')], environment),
    requires: { path, hint: `build Pollux in ${root} first: npm run build` },
  }
}

function commands(net: string[], attach: string[] = [], environment: string[] = []) {
  const run = (file: string) => [...environment, process.execPath, join(BENCH_DIR, 'peers', file), ...net]
  return { command: [...run('net.mjs'), ...attach], client: run('net-client.mjs') }
}

/** Both ends are of the module that is measured. */
export async function runClient(
  shape: Shape,
  server: { target: string; pid: number; peer: Peer },
  cores: Cores,
  times: LoadTimes,
): Promise<LoadResult> {
  const [host = '', port = ''] = server.target.split(':')
  const command = (seconds: number) => [
    ...(server.peer.client as string[]),
    ...['--host', host, '--port', port, '--duration', String(seconds)],
    ...['--connections', String(shape.connections), '--size', String(shape.size)],
  ]
  await runPinned(command(times.warmUpSeconds), cores.load)
  return measure(command(times.durationSeconds), server, cores, (output) => JSON.parse(output) as Report)
}
