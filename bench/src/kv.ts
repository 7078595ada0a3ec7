/** The store against Redis, loaded by Redis's own generator. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Cores } from './cores.js'
import type { LoadResult, LoadTimes } from './load.js'
import { measure, type Report, runPinned } from './others.js'
import { BENCH_DIR } from './paths.js'
import type { Peer, PeerOptions } from './peers/peer.js'
import { polluxExamplePeers } from './peers/suites.js'
import type { Shape } from './shapes.js'
import type { Target } from './targets.js'

/** Keys by chance out of so many: more than fit in the cache of a core. */
const KEYS = 100_000
const CONNECTIONS = 50

/** For the first run, before the rate is known; it also warms the server up. */
const WARM_UP_REQUESTS = { 1: 50_000, 16: 500_000 }

function shape(test: 'get' | 'set', depth: 1 | 16, keys: number): Shape {
  return {
    name: `${test}x${depth}${keys === 1 ? 'x1key' : ''}`,
    label: `${test.toUpperCase()}, ${depth === 1 ? 'no pipeline' : `${depth} in flight`}${keys === 1 ? ', one key' : ''}`,
    mode: 'other',
    connections: CONNECTIONS,
    size: 3,
    depth,
    unit: 'messages/s',
    load: (_, server, cores, times) => runRedisBenchmark(test, depth, keys, server, cores, times),
  }
}

export const KV_SHAPES: Shape[] = [
  shape('get', 16, KEYS),
  shape('set', 16, KEYS),
  shape('get', 1, KEYS),
  shape('set', 1, KEYS),
  shape('get', 16, 1),
  shape('set', 16, 1),
]

const POLLUX = 'pollux-kv'
const REDIS = 'redis'

export const KV_TARGETS: Target[] = [
  { what: 'GET ÷ Redis, 16 in flight', shape: 'getx16', peer: POLLUX, to: REDIS, atLeast: 1.2 },
  { what: 'SET ÷ Redis, 16 in flight', shape: 'setx16', peer: POLLUX, to: REDIS, atLeast: 1.05 },
  { what: 'CPU of a GET ÷ Redis', shape: 'getx16', peer: POLLUX, to: REDIS, of: 'cpu', atMost: 0.85 },
  { what: 'CPU of a SET ÷ Redis', shape: 'setx16', peer: POLLUX, to: REDIS, of: 'cpu', atMost: 0.85 },
  { what: 'GET ÷ Redis, no pipeline', shape: 'getx1', peer: POLLUX, to: REDIS, atLeast: 1 },
  { what: 'SET ÷ Redis, no pipeline', shape: 'setx1', peer: POLLUX, to: REDIS, atLeast: 1 },
]

export function listKvPeers(options: PeerOptions = {}): Peer[] {
  const redis: Peer = { name: REDIS, label: 'Redis', command: ['sh', join(BENCH_DIR, 'peers/redis.sh')] }
  const peers = [redis]
  if (options.twin) peers.push({ ...redis, name: `${REDIS}-twin`, label: 'Redis twin' })
  peers.push(...polluxExamplePeers(POLLUX, 'kv.js', options))
  return peers
}

async function runRedisBenchmark(
  test: string,
  depth: 1 | 16,
  keys: number,
  server: { target: string; pid: number },
  cores: Cores,
  times: LoadTimes,
): Promise<LoadResult> {
  const [host = '', port = ''] = server.target.split(':')
  // Every GET finds its key.
  await setAll(host, Number(port))
  const command = (requests: number) => [
    'redis-benchmark',
    ...['-h', host, '-p', port, '-t', test, '-c', String(CONNECTIONS), '-P', String(depth)],
    ...(keys === 1 ? [] : ['-r', String(keys)]),
    ...['-n', String(requests), '--csv'],
  ]
  const warmUp = WARM_UP_REQUESTS[depth]
  const { output } = await runPinned(command(warmUp), cores.load)
  const { messages, seconds } = readReport(output, warmUp)
  const requests = Math.ceil((messages / seconds) * times.durationSeconds)
  return measure(command(requests), server, cores, (text) => readReport(text, requests))
}

/** The first figure of the one line that follows the heads: requests per second. */
function readReport(output: string, messages: number): Report {
  const rate = Number(output.match(/^"[^"\n]+","([\d.]+)"/m)?.[1])
  if (!(rate > 0)) throw new Error(`redis-benchmark said: ${output}`)
  return { messages, seconds: messages / rate }
}

async function setAll(host: string, port: number): Promise<void> {
  const names = [
    'key:__rand_int__',
    ...Array.from({ length: KEYS }, (_, i) => `key:${String(i).padStart(12, '0')}`),
  ]
  const commands = names.map((name) => `SET ${name} xxx\r\n`)
  const socket = connect({ host, port })
  let left = commands.length * '+OK\r\n'.length
  socket.on('data', (data) => {
    left -= data.length
    if (left <= 0) socket.destroy()
  })
  socket.write(commands.join(''))
  await once(socket, 'close')
}
