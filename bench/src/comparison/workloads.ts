/** What the comparison loads its servers with. How many peers meet each row is decided in matrix.ts. */
import { join } from 'node:path'
import { BENCH_DIR } from '../paths.js'
import type { Protocol } from '../peers/comparison-peer.js'
import type { Family, FileWorkload } from '../results-file.js'

export interface Workload extends FileWorkload {
  family: Family
  /** What a server must serve to be in this row; of several, the first that it serves. */
  protocols: readonly Protocol[]
  /**
   * all: every peer that serves it; few: the ways to use Pollux, and one of each kind of the others (matrix.ts);
   * curve: those of the cost curve.
   */
  who: 'all' | 'few' | 'curve'
  /** Flags of pollux-bench besides connections, size and depth, by what the server speaks. */
  flags?: (protocol: Protocol) => string[]
  /** The server shall hold all keys before it is asked for them. */
  filled?: true
}

const KIB = 1024
const MIB = 1024 * KIB

/** How many keys a store holds: more than fit in the cache of a core. */
export const KEYS = 100_000

/** Their names as redis-benchmark makes them, of twelve digits: pollux-bench gives five, as many as the number of keys asks for. */
const KEY = 'key:0000000{n}'

function sizeLabel(bytes: number): string {
  if (bytes >= MIB) return `${bytes / MIB} MiB`
  return bytes % KIB === 0 ? `${bytes / KIB} KiB` : `${bytes.toLocaleString('en')} B`
}

type Given = Pick<Workload, 'family' | 'who'> & Partial<Workload>

/** One row; its name and label follow from its dimensions where none are given. */
function row(connections: number, size: number, depth: number, given: Given): Workload {
  const inFlight = depth === 1 ? '' : `, ${depth} in flight`
  const prefix = given.family === 'echo' ? '' : `${given.family} `
  const name = `${given.family}-${sizeLabel(size).replaceAll(/[ ,]/g, '')}x${connections}${depth === 1 ? '' : `x${depth}`}`
  return {
    name,
    label: `${prefix}${sizeLabel(size)} × ${connections.toLocaleString('en')}${inFlight}`,
    unit: 'messages/s',
    connections,
    size,
    depth,
    protocols: ['tcp'],
    ...given,
  }
}

function echo(connections: number, size: number, depth: number, who: Workload['who']): Workload {
  return row(connections, size, depth, { family: 'echo', who, reference: 'c-epoll' })
}

const ECHO: Workload[] = [
  echo(1, 64, 1, 'all'),
  echo(50, 64, 1, 'all'),
  echo(50, 64, 16, 'all'),
  echo(50, 4 * KIB, 1, 'all'),
  echo(10, 64 * KIB, 1, 'all'),
  echo(500, 64, 1, 'few'),
  echo(50, 16, 1, 'few'),
  echo(50, KIB, 1, 'few'),
  echo(4, MIB, 1, 'few'),
  echo(50, 64, 64, 'few'),
]

/** So many connections that come and go, or stay, need more addresses than one: ports run out. */
const SPREAD = '--source-addresses'
const MANY = 5_000

const CONNECTIONS: Workload[] = [
  row(50, 64, 1, {
    name: 'churn',
    label: 'connect, echo 64 B, close',
    family: 'churn',
    unit: 'connections/s',
    who: 'all',
    reference: 'c-epoll',
    flags: () => ['--churn', SPREAD],
  }),
  row(10_000, 64, 1, {
    name: 'idle',
    label: 'memory per idle connection (10,000)',
    family: 'idle',
    unit: 'bytes',
    who: 'all',
    reference: 'c-epoll',
    flags: () => [SPREAD],
  }),
  row(50, 64, 1, {
    name: 'slow-readers',
    label: '64 B × 50 beside 20 that do not read',
    family: 'slow-readers',
    who: 'few',
    reference: 'c-epoll',
    flags: () => ['--slow-readers', '20'],
  }),
]

function fanout(connections: number): Workload {
  return row(connections, 100, 1, {
    name: `fanout-${connections}`,
    label: `100 B to ${connections.toLocaleString('en')}`,
    family: 'fanout',
    who: 'all',
    protocols: ['fanout'],
    reference: 'c-epoll',
    flags: () => ['--fanout', ...(connections >= MANY ? [SPREAD] : [])],
  })
}

const udp = (size: number, depth: number) =>
  row(4, size, depth, {
    family: 'udp',
    who: 'all',
    protocols: ['udp'],
    reference: 'c-recvmmsg',
  })

const unix = (connections: number, size: number, who: Workload['who']) =>
  row(connections, size, 1, {
    family: 'unix',
    who,
    protocols: ['unix'],
    reference: 'c-epoll',
  })

function http(depth: number): Workload {
  return row(50, 5, depth, {
    name: `http-hello${depth === 1 ? '' : `x${depth}`}`,
    label: `GET /hello × 50${depth === 1 ? '' : `, ${depth} pipelined`}`,
    family: 'http',
    who: 'all',
    protocols: ['http'],
    reference: 'nginx',
    flags: () => ['--path', '/hello'],
  })
}

/** The store in the protocol that each server has; the script speaks memcached's. */
function store(command: 'get' | 'set', depth: number): Workload {
  const script = join(BENCH_DIR, 'load', `memcache-${command}.mjs`)
  const words = command === 'get' ? `GET ${KEY}` : `SET ${KEY} {size}`
  return row(50, 64, depth, {
    name: `${command}${depth === 1 ? '' : `x${depth}`}`,
    label: `${command.toUpperCase()} × 50${depth === 1 ? '' : `, ${depth} in flight`}`,
    family: 'store',
    who: 'all',
    protocols: ['resp', 'memcache'],
    reference: 'redis',
    filled: true,
    flags: (protocol) =>
      protocol === 'resp' ? ['--command', words, '--keys', String(KEYS)] : ['--script', script],
  })
}

function cost(connections: number): Workload {
  return row(connections, 64, 1, {
    family: 'cost',
    who: 'curve',
    label: `64 B × ${connections.toLocaleString('en')} connections`,
    reference: 'c-epoll',
    flags: () => (connections >= MANY ? [SPREAD] : []),
  })
}

/** As connections grow. */
const COST: Workload[] = [10, 100, 1_000, 10_000, 18_000].map(cost)

export const WORKLOADS: readonly Workload[] = [
  ...ECHO,
  ...CONNECTIONS,
  fanout(100),
  fanout(10_000),
  // As many in flight as a receive buffer of the system's default size holds.
  udp(64, 32),
  udp(1200, 16),
  unix(50, 64, 'all'),
  unix(10, 64 * KIB, 'few'),
  http(1),
  http(16),
  store('get', 1),
  store('get', 16),
  store('set', 16),
  ...COST,
]
