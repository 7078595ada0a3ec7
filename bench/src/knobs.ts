/** The suite `knobs`: the same server of Pollux twice, once with one setting changed. docs/performance.md shows its table. */
import { join, resolve } from 'node:path'
import { program } from './compile.js'
import { runClient } from './net.js'
import { BENCH_DIR, ROOT_DIR } from './paths.js'
import type { Peer, PeerOptions } from './peers/peer.js'
import { echo, SHAPES, type Shape } from './shapes.js'
import type { Suite } from './suites.js'

/** What `peers/knobs/main.mjs` takes. */
interface Settings {
  /** Options of the loop, of the server and of `listen`. */
  loop?: Record<string, number | string>
  server?: Record<string, unknown>
  listen?: Record<string, number>
  /** How a chunk is sent back; as it came where this is missing. */
  answer?: 'copy' | 'string' | 'pieces' | 'turns' | 'async' | 'later' | 'iterate' | 'duplex'
  /** Its name and its options. */
  codec?: [name: 'lines' | 'lengthPrefixed' | 'fixed', options?: Record<string, number>]
  /** All that a server in production has. */
  plugins?: boolean
  /** What a message costs besides, in JavaScript. */
  workUs?: number
  /** Threads, by `serve`. */
  workers?: number
  /** Idle sockets on the same loop. */
  beside?: number
  /** Options of a DatagramChannel, in place of a server. */
  datagrams?: Record<string, number | boolean>
  /** A server of @pollux/net. */
  net?: boolean
}

const KIB = 1024
const MIB = 1024 * KIB

const small = echo(50, 64, '64 B')
const inFlight = { ...echo(50, 64, '64 B', 16), frames: true }
const single = echo(1, 64, '64 B')
const many = echo(500, 64, '64 B')
const medium = echo(50, 4 * KIB, '4 KiB')
const large = echo(10, 64 * KIB, '64 KiB')
const larger = echo(10, 256 * KIB, '256 KiB')
const churn = SHAPES.find(({ name }) => name === 'churn') as Shape
const idle = SHAPES.find(({ name }) => name === 'idle') as Shape

/** As many as have room in a receive buffer of the system's default size, wherever they wait. */
const datagrams: Shape = {
  ...echo(3, 1200, '1,200 B', 24),
  mode: 'udp',
  label: '1,200 B datagrams, 3 × 24 in flight',
  segments: { connections: 3, depth: 24 },
}

const OWNED: Settings = {}
const BORROWED: Settings = { server: { borrow: true } }

const ALL_CORES = [program('pin'), 'all']

function flags(settings: Settings): string[] {
  return ['--with', JSON.stringify(settings)]
}

/**
 * One row.
 *
 * @param what the setting as a user writes it, with the default where it is a number
 * @param of the server in both columns
 */
function knob(name: string, what: string, load: Shape, change: Settings, of: Settings = BORROWED): Shape {
  const changed = { ...of, ...change, server: { ...of.server, ...change.server } }
  return {
    ...load,
    name,
    label: `${what}: ${load.label}`,
    flags: flags(of),
    changed: { flags: flags(changed) },
  }
}

const CHUNKS = [
  knob('borrow64B', '`borrow: true`', small, BORROWED, OWNED),
  knob('borrow64Bx16', '`borrow: true`', inFlight, BORROWED, OWNED),
  knob('borrow4KiB', '`borrow: true`', medium, BORROWED, OWNED),
  knob('borrow64KiB', '`borrow: true`', large, BORROWED, OWNED),
  knob('copyMax8KiB', '`copyMaxBytes` 8 KiB (2 KiB)', medium, { loop: { copyMaxBytes: 8 * KIB } }, OWNED),
  knob('pool1MiB', '`poolBytes` 1 MiB (128 KiB)', inFlight, { loop: { poolBytes: MIB } }, OWNED),
  knob('slab256KiB', '`slabBytes` 256 KiB (4 MiB)', large, { loop: { slabBytes: 256 * KIB } }, OWNED),
  knob('slab32MiB', '`slabBytes` 32 MiB (4 MiB)', large, { loop: { slabBytes: 32 * MIB } }, OWNED),
  knob('read16KiB', '`maxReadBytes` 16 KiB (64 KiB)', large, { loop: { maxReadBytes: 16 * KIB } }),
  knob('read256KiB', '`maxReadBytes` 256 KiB (64 KiB)', larger, { loop: { maxReadBytes: 256 * KIB } }),
]

const COPIES: Settings = { ...BORROWED, answer: 'copy' }
const TURNS: Settings = { answer: 'turns' }

const WRITING = [
  knob('copy', '`write(Buffer.from(chunk))`', medium, { answer: 'copy' }),
  knob(
    'sendSlab4KiB',
    '`sendSlabBytes` 4 KiB (256 KiB), `write(Buffer.from(chunk))`',
    medium,
    { loop: { sendSlabBytes: 4 * KIB } },
    COPIES,
  ),
  knob('string', "`write(chunk.toString('latin1'), 'latin1')`", small, { answer: 'string' }),
  knob('pieces', 'four writes in one turn', small, { answer: 'pieces' }),
  knob('turns', 'two writes in two turns', small, TURNS, OWNED),
  knob('nagle', '`noDelay: false`, two writes in two turns', small, { server: { noDelay: false } }, TURNS),
]

const HANDLERS = [
  knob('async', 'an `async` handler', small, { answer: 'async' }, OWNED),
  knob('later', 'an `async` handler that waits a turn', small, { answer: 'later' }, OWNED),
  knob('iterate', '`for await (… of conn)`', small, { answer: 'iterate' }, OWNED),
  knob('duplex', '`toDuplex(conn)`, piped', small, { answer: 'duplex' }, OWNED),
  knob('idleTimeout', '`idleTimeoutMs` 60,000 (none)', small, { server: { idleTimeoutMs: 60_000 } }),
  knob('asyncContext', '`asyncContext: true`', small, { server: { asyncContext: true } }),
  knob('plugins', 'metrics, logs, limits, overload', small, { plugins: true }),
  knob('lines', '`lines()`', { ...small, frames: true }, { codec: ['lines'] }),
  knob('linesx16', '`lines()`', inFlight, { codec: ['lines'] }),
  knob('lengthx16', '`lengthPrefixed()`', inFlight, { codec: ['lengthPrefixed'] }),
]

const BESIDE: Settings = { ...BORROWED, beside: 5000 }

const WAITING = [
  knob('busyPoll0x1', '`busyPollUs` 0 (50)', single, { loop: { busyPollUs: 0 } }),
  knob('busyPoll500x1', '`busyPollUs` 500 (50)', single, { loop: { busyPollUs: 500 } }),
  knob('busyPoll0', '`busyPollUs` 0 (50)', small, { loop: { busyPollUs: 0 } }),
  knob('eventCapacity8', '`eventCapacity` 8 (4096)', many, { loop: { eventCapacity: 8 } }),
  knob('maxTurn200', '`maxTurnUs` 200 (2000)', many, { loop: { maxTurnUs: 200 } }),
  knob('poll', "`backend: 'poll'`", small, { loop: { backend: 'poll' } }),
  knob('select', "`backend: 'select'`", small, { loop: { backend: 'select' } }),
  knob('pollx500', "`backend: 'poll'`", many, { loop: { backend: 'poll' } }),
  knob(
    'pollBeside',
    "`backend: 'poll'`, 5,000 idle sockets beside",
    small,
    { loop: { backend: 'poll' } },
    BESIDE,
  ),
]

const CONNECTIONS = [
  knob('backlog8', '`backlog` 8 (4096)', churn, { listen: { backlog: 8 } }),
  knob('deferAccept', '`deferAcceptSeconds` 5 (0)', churn, { listen: { deferAcceptSeconds: 5 } }),
  knob('acceptBudget1', '`acceptBudget` 1 (64)', churn, { loop: { acceptBudget: 1 } }),
]

const SMALL_BUFFERS = { sendBufferBytes: 16 * KIB, receiveBufferBytes: 16 * KIB }

const BUFFERS = [
  knob('buffers16KiB', 'SO_SNDBUF, SO_RCVBUF 16 KiB (sized by the system)', large, { listen: SMALL_BUFFERS }),
  knob('highWater4KiB', '`highWaterMark` 4 KiB (256 KiB)', larger, { server: { highWaterMark: 4 * KIB } }),
]

function onAllCores(shape: Shape, both: boolean): Shape {
  return {
    ...shape,
    ...(both ? { before: ALL_CORES } : {}),
    changed: { ...shape.changed, before: ALL_CORES },
  }
}

const CORES = [
  onAllCores(knob('unpinned', 'not pinned to its core', small, {}), false),
  onAllCores(
    knob(
      'workers2',
      'two workers (one), 50 µs of work a message',
      small,
      { workers: 2 },
      { workers: 1, workUs: 50 },
    ),
    true,
  ),
]

const PLAIN: Settings = { datagrams: { gso: false } }

const DATAGRAMS = [
  knob('gro', '`gro: true`, without GSO', datagrams, { datagrams: { gro: true, gso: false } }, PLAIN),
  knob('groGso', '`gro: true`, with GSO (neither)', datagrams, { datagrams: { gro: true } }, PLAIN),
]

const MEMORY = [
  knob('idleBorrow', '`borrow: true`', idle, BORROWED, OWNED),
  knob('idleFixed', '`fixed({ length: 64 })`', idle, { codec: ['fixed', { length: 64 }] }),
  knob('idleDuplex', '`toDuplex(conn)`', idle, { answer: 'duplex' }, OWNED),
  knob('idlePlugins', 'metrics, logs, limits, overload', idle, { plugins: true }),
  {
    ...knob('idleYoung', '`@pollux/net`, `node --max-semi-space-size=1`', idle, {}, { net: true }),
    changed: { flags: flags({ net: true }), before: ['env', 'NODE_OPTIONS=--max-semi-space-size=1'] },
  },
]

const NET: Shape[] = [
  {
    ...knob('onread', "`@pollux/net`: a client with `onread` (`on('data')`)", large, {}, { net: true }),
    mode: 'other',
    load: runClient,
  },
]

export const KNOBS_SHAPES: Shape[] = [
  ...CHUNKS,
  ...WRITING,
  ...HANDLERS,
  ...WAITING,
  ...CONNECTIONS,
  ...BUFFERS,
  ...CORES,
  ...DATAGRAMS,
  ...NET,
  ...MEMORY,
]

function listKnobsPeers(options: PeerOptions = {}): Peer[] {
  const [plain, changed] = pair(ROOT_DIR, '', options.backend)
  const peers = [plain]
  if (options.twin) peers.push({ ...plain, name: `${plain.name}-twin`, label: `${plain.label} twin` })
  peers.push(changed)
  if (options.against !== undefined)
    peers.push(...pair(resolve(options.against), '@against', options.backend))
  return peers
}

function pair(root: string, suffix: string, backend: string | undefined): [Peer, Peer] {
  const environment = backend === undefined ? [] : ['env', `POLLUX_BACKEND=${backend}`]
  const run = (file: string) => [...environment, process.execPath, join(BENCH_DIR, 'peers', file)]
  const client = [...run('net-client.mjs'), '--net', join(root, 'packages/net/dist/index.js')]
  const path = join(root, 'packages/framework/dist/index.js')
  const common = {
    command: [...run('knobs/main.mjs'), '--root', root],
    segments: [],
    requires: { path, hint: `build Pollux in ${root} first: npm run build` },
  }
  return [
    {
      ...common,
      name: `pollux-default${suffix}`,
      label: `default${suffix}`,
      client: [...client, '--read', 'data'],
    },
    {
      ...common,
      name: `pollux-changed${suffix}`,
      label: `changed${suffix}`,
      client: [...client, '--read', 'onread'],
      isChanged: true,
    },
  ]
}

export const KNOBS: Suite = {
  name: 'knobs',
  durationSeconds: 0.6,
  shapes: KNOBS_SHAPES,
  peers: listKnobsPeers,
  reference: 'pollux-default',
  referenceLabel: 'default',
  targets: [],
}
