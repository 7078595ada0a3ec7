/**
 * Listening in a worker of `node:cluster`: the primary holds the socket, so that all workers listen on one port.
 *
 * ```
 *   SCHED_RR    primary accepts ──IPC: connection──▶ PrimaryListener ──▶ server
 *   SCHED_NONE  primary binds ───IPC: socket──────▶ Listener (on a duplicate), which accepts by itself
 * ```
 *
 * This is the way that Node's own servers in a worker go, `cluster._getServer`: the primary needs to know nothing of
 * Pollux, and its 'listening' events, its schedule and its ports are Node's. What the IPC channel passes are handles of
 * Node's; each is given up as soon as its descriptor is duplicated.
 */
import { AsyncResource } from 'node:async_hooks'
import cluster from 'node:cluster'
import { type AddressInfo, Socket as NodeSocket } from 'node:net'
import { constants } from 'node:os'
import { ChannelSocket, EventLoop, SocketError } from '@pollux/core'
import { errnoError, nodeError } from '../errors.js'
import { kAccepted, kAcceptFailed } from '../internals.js'
import { Wire } from '../wire.js'
import type { ListenTarget } from './listen-form.js'
import type { ListenerOwner, Listening } from './listener.js'
import type { FoundAddress } from './open.js'

const { EADDRINUSE } = constants.errno

/** Of libuv, which the primary hands it to. */
const UV_TCP_IPV6ONLY = 1

/** What the primary is asked for; as `cluster._getServer` takes it. */
export interface PrimaryQuery {
  address: string | null
  /** -1 for a path. */
  port: number | null
  addressType: number | null
  fd: number | undefined
  flags: number
  backlog: number
  readableAll?: boolean
  writableAll?: boolean
}

/** A handle of Node's own. */
interface NodeHandle {
  readonly fd: number
  close(): void
  getpeername?: unknown
}

/** What the primary answers with: a handle, or where it accepts itself an object that looks like one. */
export interface PrimaryHandle extends Partial<NodeHandle> {
  close(): void
  ref(): void
  unref(): void
  getsockname?(out: object): number
  listen(backlog: number): number
  onconnection?: (errno: number, handle: NodeHandle) => void
}

type Answer = (errno: number, handle: PrimaryHandle | null) => void
type GetServer = (server: object, query: PrimaryQuery, answer: Answer) => void

export const isClusterWorker = (): boolean => cluster.isWorker

/** Asks the primary for its socket. @throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM where this Node has no such way */
export function askPrimary(server: object, query: PrimaryQuery, answer: Answer): void {
  const { _getServer } = cluster as unknown as { _getServer?: GetServer }
  if (_getServer === undefined) {
    throw nodeError(
      Error,
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      'This version of Node.js does not let @pollux/net share sockets between cluster workers. ' +
        'Listen with { reusePort: true } or { exclusive: true }.',
    )
  }
  _getServer.call(cluster, server, query, answer)
}

/** What a worker asks for. @param found the address of the host, where the target names one */
export function primaryQuery(
  target: ListenTarget,
  backlog: number,
  found: FoundAddress | undefined,
): PrimaryQuery {
  const query = { fd: undefined, flags: 0, backlog }
  if (target.kind === 'path') {
    const { path, readableAll, writableAll } = target
    return { ...query, address: path, port: -1, addressType: -1, readableAll, writableAll }
  }
  if (target.kind === 'port') {
    const flags = target.ipv6Only ? UV_TCP_IPV6ONLY : 0
    const { address, family } = found ?? { address: null, family: 4 }
    return { ...query, address, port: target.port, addressType: family, flags }
  }
  return {
    ...query,
    address: null,
    port: null,
    addressType: null,
    fd: 'fd' in target ? target.fd : undefined,
  }
}

/** What became of the primary's socket: 0, or an errno below zero. */
export function bindErrorOf(errno: number, handle: PrimaryHandle, port: number | null): number {
  if (errno !== 0 || port === null || port <= 0) return errno
  // libuv tells of a port in use only when it listens. Without a name of its own the socket would get any port.
  const name = nameOf(handle)
  return name === undefined || name.port === port ? 0 : -EADDRINUSE
}

/** The name of the primary's socket; undefined where the handle does not tell it. */
function nameOf(handle: PrimaryHandle): AddressInfo | undefined {
  if (handle.getsockname === undefined) return undefined
  const name = {} as AddressInfo
  return handle.getsockname(name) === 0 ? name : undefined
}

/** Whether the primary accepts, and hands over connections. */
export function acceptsItself(handle: PrimaryHandle): boolean {
  return typeof handle.fd !== 'number'
}

/** A worker that disconnects closes its servers, or else its shares of the primary's sockets: the listener closes with its share. */
export function closeTogether(handle: PrimaryHandle, listener: Listening, server: object): void {
  markOwner(handle, server)
  const { close } = handle
  let isClosed = false
  handle.close = (...args: []) => {
    if (isClosed) return
    isClosed = true
    listener.close()
    close.apply(handle, args)
  }
}

/** A share of a socket on which the primary accepts. */
export class PrimaryListener implements Listening {
  readonly fd = -1
  readonly berkeley = undefined
  private readonly resource = new AsyncResource('TCPSERVERWRAP')
  private isReferenced = true
  private closing = false

  constructor(
    private readonly handle: PrimaryHandle,
    private readonly owner: ListenerOwner,
  ) {
    handle.onconnection = (_errno, connection) => {
      this.resource.runInAsyncScope(this.take, this, connection)
    }
    markOwner(handle, owner)
  }

  address(): AddressInfo | null {
    return nameOf(this.handle) ?? null
  }

  getAsyncId(): number {
    return this.resource.asyncId()
  }

  ref(): void {
    this.isReferenced = true
    this.handle.ref()
  }

  unref(): void {
    this.isReferenced = false
    this.handle.unref()
  }

  hasRef(): boolean {
    return this.isReferenced && !this.closing
  }

  close(): void {
    if (this.closing) return
    this.closing = true
    this.handle.close()
  }

  private take(connection: NodeHandle): void {
    let wire: Wire
    try {
      wire = wireOn(connection)
    } catch (error) {
      if (!(error instanceof SocketError) || error.errno === undefined) throw error
      this.owner[kAcceptFailed](errnoError(error.errno, 'accept'))
      return
    } finally {
      connection.close()
    }
    this.owner[kAccepted](wire)
  }
}

function wireOn(connection: NodeHandle): Wire {
  const socket = ChannelSocket.duplicate(connection.fd, EventLoop.default())
  try {
    const wire = Wire.on(socket, connection.getpeername === undefined, null)
    socket.open(false)
    socket.release()
    return wire
  } catch (error) {
    socket.close()
    throw error
  }
}

/**
 * Lets the cluster module find the server, which it closes when the worker disconnects, and its `maxConnections`: the primary then gives what is too much for this worker to another
 * one. Node marks its handles so by a symbol that it exports nowhere, and puts on every handle that it gets.
 */
function markOwner(handle: object, owner: object): void {
  const probe = {}
  new NodeSocket({ handle: probe, readable: false, writable: false } as never)
  for (const symbol of Object.getOwnPropertySymbols(probe)) {
    if (symbol.description === 'owner_symbol') Object.assign(handle, { [symbol]: owner })
  }
}
