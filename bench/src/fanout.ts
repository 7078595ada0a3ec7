/** The suite `fanout`: one message to many connections. */
import { join, resolve } from 'node:path'
import { program } from './compile.js'
import { BENCH_DIR, ROOT_DIR } from './paths.js'
import type { Peer, PeerOptions } from './peers/peer.js'
import type { Shape } from './shapes.js'
import type { Suite } from './suites.js'
import type { Target } from './targets.js'

function shape(connections: number, label: string): Shape {
  return {
    name: `100Bx${connections}`,
    label: `100 B to ${label}`,
    mode: 'fanout',
    connections,
    size: 100,
    depth: 1,
    unit: 'messages/s',
  }
}

const SHAPES: Shape[] = [shape(100, '100'), shape(10_000, '10,000')]

function listFanoutPeers(options: PeerOptions = {}): Peer[] {
  const reference: Peer = { name: 'c-fanout', label: 'C epoll', command: [program('epoll-fanout')] }
  const peers = [reference]
  if (options.twin) peers.push({ ...reference, name: 'c-fanout-twin', label: 'C epoll twin' })
  peers.push(...polluxPeers(ROOT_DIR, '', options.backend))
  if (options.against !== undefined) {
    peers.push(...polluxPeers(resolve(options.against), '@against', options.backend))
  }
  return peers
}

function polluxPeers(root: string, suffix: string, backend: string | undefined): Peer[] {
  const environment = backend === undefined ? [] : ['env', `POLLUX_BACKEND=${backend}`]
  const path = join(root, 'packages/framework/dist/index.js')
  const requires = { path, hint: `build Pollux in ${root} first: npm run build` }
  return ['topic', 'broadcast'].map((by) => {
    const script = join(BENCH_DIR, 'peers/pollux-fanout.mjs')
    const command = [...environment, process.execPath, script, '--by', by, '--root', root]
    return { name: `pollux-${by}${suffix}`, label: `Pollux ${by}${suffix}`, command, requires }
  })
}

const TARGETS: Target[] = [
  {
    what: 'publish ÷ C epoll, 100 B to 10,000',
    shape: '100Bx10000',
    peer: 'pollux-topic',
    to: 'c-fanout',
    atLeast: 0.9,
  },
  {
    what: 'broadcast ÷ C epoll, 100 B to 10,000',
    shape: '100Bx10000',
    peer: 'pollux-broadcast',
    to: 'c-fanout',
    atLeast: 0.9,
  },
]

export const FANOUT: Suite = {
  name: 'fanout',
  shapes: SHAPES,
  peers: listFanoutPeers,
  reference: 'c-fanout',
  referenceLabel: 'C',
  targets: TARGETS,
}
