// A listening reactor and connections to it, as most tests begin.
import {
  type BackendName,
  CONTROL_WORDS,
  COUNTERS,
  RECORD_WORDS,
  type ReactorOptions,
  TABLE_COLUMNS,
} from '@pollux/native-poll'
import { expect } from 'vitest'
import { Peer } from './peer.js'
import { binding, constants, RawReactor, type Sizes } from './raw_reactor.js'

export const BACKENDS = binding.backends

export interface Serving {
  host?: string
  borrow?: boolean
  sizes?: Sizes
  /** Set on the listener before bind: [level, name, value]. */
  options?: [level: number, name: number, value: number][]
  /** Answer with the same bytes. */
  echo?: boolean
}

export class TestServer {
  private taken = 0

  constructor(
    readonly reactor: RawReactor,
    readonly listener: number,
    readonly host: string,
    readonly port: number,
  ) {}

  /** A new connection: its far end, and our socket. */
  async connect(): Promise<{ peer: Peer; socket: number }> {
    const peer = await Peer.connect({ host: this.host, port: this.port })
    return { peer, socket: await this.reactor.awaitAccept(this.listener, ++this.taken) }
  }

  /** One after the other, so that they pair up. */
  async connectMany(count: number) {
    const connections: { peer: Peer; socket: number }[] = []
    while (connections.length < count) connections.push(await this.connect())
    return connections
  }
}

/** A TCP listener on a fresh reactor. */
export function serveTcp(backend: BackendName, serving: Serving = {}): TestServer {
  const reactor = new RawReactor(backend, serving.sizes)
  if (serving.echo) reactor.handler = reactor.echo
  return listenTcp(reactor, serving)
}

export function listenTcp(reactor: RawReactor, serving: Serving = {}): TestServer {
  const host = serving.host ?? '127.0.0.1'
  const family = host.includes(':') ? constants.AF_INET6 : constants.AF_INET
  const listener = ok(reactor.native.socket(family, constants.SOCK_STREAM, 0))
  for (const option of serving.options ?? []) ok(reactor.native.setOption(listener, ...option))
  ok(reactor.native.bindIp(listener, host, 0, 0))
  ok(reactor.native.listen(listener, constants.SOMAXCONN, serving.borrow ?? true))
  return new TestServer(reactor, listener, host, portOf(reactor, listener))
}

export function listenUnix(reactor: RawReactor, path: string, borrow = true): number {
  const listener = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
  ok(reactor.native.bindUnix(listener, path))
  ok(reactor.native.listen(listener, 511, borrow))
  return listener
}

/** A TCP client socket of the reactor, on its way to a port of this machine. */
export function connectTcp(reactor: RawReactor, port: number, borrow = true): number {
  const socket = ok(reactor.native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
  ok(reactor.native.connectIp(socket, '127.0.0.1', port, 0, borrow))
  return socket
}

export function portOf(reactor: RawReactor, socket: number): number {
  const address = reactor.native.localAddress(socket)
  if (typeof address === 'number' || address.family === 'Unix') throw new Error('no port')
  return address.port
}

/** A result that is not an error. */
export function ok(result: number): number {
  expect(result < 0 ? binding.errorName(-result) : 'ok').toBe('ok')
  return result
}

/** The name of the errno that a call gave. */
export function errorOf(result: number): string {
  return result < 0 ? binding.errorName(-result) : `no error but ${result}`
}

/** Makes all of them ready in one and the same wait: what their peers send while they are paused. */
export async function readyTogether(reactor: RawReactor, sockets: number[], send: () => Promise<unknown>) {
  for (const socket of sockets) reactor.submit('PAUSE', socket)
  reactor.native.submit()
  await send()
  for (const socket of sockets) reactor.submit('RESUME', socket)
  reactor.native.submit()
}

/** Two ends of one Unix connection, both of this reactor: cheap, and nobody else's loop has a say. */
export async function connectedPair(reactor: RawReactor, listener: number, path: string, nth = 1) {
  const client = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
  ok(reactor.native.connectUnix(client, path, true))
  return { client, server: await reactor.awaitAccept(listener, nth) }
}

/** The least that a reactor takes, for tests that make one without the harness. */
export const optionsOf = (backend: BackendName): ReactorOptions => ({
  backend,
  control: new Int32Array(CONTROL_WORDS),
  events: new Int32Array(16 * RECORD_WORDS),
  submissions: new Int32Array(16 * RECORD_WORDS),
  sendSlab: new Uint8Array(64),
  receiveSlab: new ArrayBuffer(1024),
  pool: new ArrayBuffer(1024),
  table: new Float64Array(16 * TABLE_COLUMNS),
  counters: new Float64Array(COUNTERS),
  maxReadBytes: 1024,
  copyMaxBytes: 64,
  acceptBudget: 1,
  maxRounds: 1,
  maxTurnUs: 1,
  busyPollUs: 0,
})
