// Servers of a test: each on a loop of its own, closed when the test ends, and leaving no descriptor behind.
import {
  type AnyServer,
  type BackendName,
  type Connection,
  createServer,
  EventLoop,
  type EventLoopOptions,
  type ListenTarget,
  type Server,
  type ServerInit,
} from '@pollux/framework'
import { afterEach } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { eventually, expectSameBytes, Peer, patiently } from './raw.js'

const loops = new Set<EventLoop>()
const servers = new Set<AnyServer>()

/** Closes what each test of this file has open when it ends, and fails the test that leaks an fd. */
export function leaveNothingBehind() {
  checkFds()
  // Registered later, so it runs first.
  afterEach(async () => {
    await patiently(
      Promise.all([...servers].map((server) => server.close({ deadlineMs: 0 }))),
      'servers to close',
    )
    for (const loop of loops) loop.close()
    servers.clear()
    loops.clear()
  })
}

/** A loop that is closed when the test ends. */
export function loopOn(backend: BackendName, options: EventLoopOptions = {}): EventLoop {
  const loop = new EventLoop({ backend, ...options })
  loops.add(loop)
  return loop
}

/** A server that is closed when the test ends. */
export function serverOf<State, In = Buffer, Out = string | Uint8Array>(
  init: ServerInit<State, In, Out>,
): Server<State, In, Out> {
  const server = createServer(init)
  servers.add(server)
  return server
}

const LOCAL: ListenTarget = { host: '127.0.0.1', port: 0 }

/** A listening server, on a port of this machine unless told otherwise. */
export async function serve<State, In = Buffer, Out = string | Uint8Array>(
  init: ServerInit<State, In, Out>,
  target: ListenTarget = LOCAL,
) {
  const server = serverOf(init)
  await server.listen(target)
  return new Service(server)
}

export class Service<State = unknown, In = Buffer, Out = string | Uint8Array> {
  constructor(readonly server: Server<State, In, Out>) {}

  get port(): number {
    return portOf(this.server)
  }

  /** A peer of another make, connected. */
  connect(): Promise<Peer> {
    const { address } = this.server
    if (address === undefined) throw new Error('the server does not listen')
    return Peer.connect(
      'path' in address ? { path: address.path } : { host: '127.0.0.1', port: address.port },
    )
  }
}

export function portOf(server: { address?: unknown }): number {
  const { address } = server as Server
  if (address === undefined || 'path' in address) throw new Error('the server has no port')
  return address.port
}

/** Sends back what comes, and takes no more than the peer reads. */
export const echo = {
  data(conn: Connection<never> | Connection<unknown>, chunk: Buffer) {
    if (!conn.write(chunk)) conn.pause()
  },
  drain(conn: Connection<never> | Connection<unknown>) {
    conn.resume()
  },
}

/** The peer gets back exactly what it sends, by hash. */
export async function expectEcho(peer: Peer, bytes: Uint8Array) {
  const before = peer.bytes
  const sent = peer.send(bytes)
  const after = await peer.awaitBytes(before.length + bytes.length)
  await sent
  expectSameBytes(after.subarray(before.length), bytes)
}

/** A promise and how to keep it. */
export function promised<T = void>() {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((keep) => {
    resolve = keep
  })
  return { promise, resolve }
}

/** As many connections, in the order of their peers. */
export async function connectMany<State, In, Out>(
  service: Service<State, In, Out>,
  conns: Connection<State, In, Out>[],
  count: number,
) {
  const peers: Peer[] = []
  const before = conns.length
  while (peers.length < count) {
    peers.push(await service.connect())
    await eventually('a connection', () => conns.length === before + peers.length)
  }
  return peers
}

/** Makes all of them ready in one and the same turn: what their peers send or do while they are paused. */
export async function readyTogether(conns: Connection<never>[] | Connection[], act: () => Promise<unknown>) {
  for (const conn of conns) conn.pause()
  await new Promise<void>((resolve) => setImmediate(resolve))
  await act()
  for (const conn of conns) conn.resume()
}
