import type { Cores } from './cores.js'
import type { LoadResult, LoadTimes } from './load.js'
import type { Peer } from './peers/peer.js'

/** What the load generator does to a server in one row of the table. */
export interface Shape {
  name: string
  label: string
  mode: 'echo' | 'churn' | 'idle' | 'udp' | 'fanout' | 'other'
  connections: number
  size: number
  depth: number
  /** echo: each message is a line and a length-prefixed message at once. */
  frames?: boolean
  /** udp: where the server has segments, several datagrams travel in one, and so many are in flight. */
  segments?: { connections: number; depth: number }
  /** What the server is to do in this row, as flags of its command line. */
  flags?: string[]
  /** What its command line begins with in this row: another set of cores, the environment. */
  before?: string[]
  /** What stands in place of both for a peer that is changed. */
  changed?: { flags?: string[]; before?: string[] }
  /** What is counted. Datagrams are messages. Messages and connections are better when higher, bytes when lower. */
  unit: 'messages/s' | 'connections/s' | 'bytes'
  /** other: a load generator that is not ours. */
  load?: (
    shape: Shape,
    server: { target: string; pid: number; peer: Peer },
    cores: Cores,
    times: LoadTimes,
  ) => Promise<LoadResult>
}

export function echo(connections: number, size: number, sizeLabel: string, depth = 1): Shape {
  const inFlight = depth === 1 ? '' : `, ${depth} in flight`
  return {
    name: `${sizeLabel}x${connections}${depth === 1 ? '' : `x${depth}`}`.replaceAll(' ', ''),
    label: `${sizeLabel} × ${connections}${inFlight}`,
    mode: 'echo',
    connections,
    size,
    depth,
    unit: 'messages/s',
  }
}

export const SHAPES: Shape[] = [
  echo(1, 64, '64 B'),
  echo(50, 64, '64 B'),
  echo(500, 64, '64 B'),
  echo(50, 64, '64 B', 16),
  echo(50, 4096, '4 KiB'),
  echo(10, 65536, '64 KiB'),
  {
    name: 'churn',
    label: 'connect, echo 64 B, close',
    mode: 'churn',
    connections: 50,
    size: 64,
    depth: 1,
    unit: 'connections/s',
  },
  {
    name: 'idle',
    label: 'memory per idle connection',
    mode: 'idle',
    connections: 18_000,
    size: 64,
    depth: 1,
    unit: 'bytes',
  },
]

/** What servers with a codec get: the same bytes, whichever codec it is. */
export const CODEC_SHAPES: Shape[] = [
  { ...echo(50, 64, '64 B'), frames: true },
  { ...echo(50, 64, '64 B', 16), frames: true },
]

function udp(name: string, label: string, connections: number, size: number, depth: number): Shape {
  return { name, label, mode: 'udp', connections, size, depth, unit: 'messages/s' }
}

/**
 * Datagrams in flight are few enough that a receive buffer of the system's default size (208 KiB on Linux) holds all
 * of them: then none is lost, and nobody waits for one that was.
 */
export const UDP_SHAPES: Shape[] = [
  udp('64B', '64 B, 4 × 32 in flight', 4, 64, 32),
  udp('1200B', '1,200 B, 4 × 16 in flight', 4, 1200, 16),
  {
    // 54 datagrams of 1,200 bytes are the most that one message can carry (65,507 bytes).
    ...udp('1200Bseg', '1,200 B, GSO and GRO at both ends where there are', 4, 1200, 16),
    segments: { connections: 3, depth: 54 },
  },
]

/** The load as a server gets it: with segments only where it has them. */
export function shapeFor(shape: Shape, peer: { segments?: string[] }): Shape {
  if (shape.segments === undefined) return shape
  if (peer.segments !== undefined) return { ...shape, ...shape.segments }
  const { segments: _, ...plain } = shape
  return plain
}
