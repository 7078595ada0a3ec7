/** Clients: a connection that we open. */
import { constants } from 'node:os'
import {
  ChannelSocket,
  checkInteger,
  checkObject,
  type Endpoint,
  type IpEndpoint,
  isUnix,
  resolveEndpoint,
  type SocketAddress,
  SocketError,
  systemError,
  type UnixEndpoint,
} from '@pollux/core'
import { Connection, type ConnectionOwner } from '../connection/connection.js'
import type { ConnectionInit } from '../connection/handlers.js'
import { MAX_TIMEOUT_MS, Settings } from '../connection/settings.js'
import { loopClosed } from '../failures.js'

/** How to connect. */
export interface ConnectOptions {
  /** Gives up; the promise is rejected with the signal's reason. */
  signal?: AbortSignal
  /** Gives up with ETIMEDOUT after so long, name lookup and all addresses included. Default 0: the kernel decides. */
  connectTimeoutMs?: number
  /** The kernel's buffers (SO_SNDBUF, SO_RCVBUF). Default: the system sizes them itself. */
  sendBufferBytes?: number
  receiveBufferBytes?: number
}

/** Where to connect to, and how. */
export type ConnectTarget = (IpEndpoint | UnixEndpoint) & ConnectOptions

/**
 * Connects. The promise is kept when the connection is open, after the `open` handler; of a host with several
 * addresses the first that answers is taken. Until then no other handler is called: a failure rejects the promise.
 *
 * @throws SocketError (ECONNREFUSED, ETIMEDOUT, ENOENT, ENOTFOUND, …), the signal's reason, TypeError or RangeError
 *
 * @example
 * ```ts
 * import { connect } from '@pollux/framework'
 *
 * const conn = await connect({ host: '127.0.0.1', port: 7000, connectTimeoutMs: 1000 }, {
 *   data(conn, chunk) {
 *     console.log(chunk.toString())
 *     conn.end()
 *   },
 * })
 * conn.write('hello\n')
 * ```
 */
export async function connect<State = unknown, In = Buffer, Out = string | Uint8Array>(
  target: ConnectTarget,
  init: ConnectionInit<State, In, Out>,
): Promise<Connection<State, In, Out>> {
  checkObject(target, 'target')
  const settings = new Settings(init, () => [])
  const timeoutMs = checkInteger(target.connectTimeoutMs ?? 0, 'connectTimeoutMs', 0, MAX_TIMEOUT_MS)
  target.signal?.throwIfAborted()
  return new ConnectAttempt(target, settings, timeoutMs).result
}

/** One call of `connect`: tries address after address until one answers or somebody loses patience. */
class ConnectAttempt<State, In, Out> implements ConnectionOwner<State, In, Out> {
  readonly server = undefined
  readonly result: Promise<Connection<State, In, Out>>
  private readonly target: ConnectTarget
  private readonly settings: Settings<State, In, Out>
  private resolve!: (connection: Connection<State, In, Out>) => void
  private reject!: (reason: unknown) => void
  private addresses: SocketAddress[] = []
  private tried = 0
  private readonly errors: SocketError[] = []
  private current: Connection<State, In, Out> | undefined = undefined
  private settled = false
  private timer: NodeJS.Timeout | undefined = undefined
  private readonly onAbort = () => this.giveUp(this.target.signal?.reason)

  constructor(target: ConnectTarget, settings: Settings<State, In, Out>, timeoutMs: number) {
    this.target = target
    this.settings = settings
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    target.signal?.addEventListener('abort', this.onAbort, { once: true })
    if (timeoutMs > 0) this.timer = setTimeout(() => this.timedOut(timeoutMs), timeoutMs)
    resolveEndpoint(endpointOf(target), 1).then(
      (addresses) => this.start(addresses),
      (error: unknown) => this.giveUp(error),
    )
  }

  /** The kernel's answer for the address that is being tried. */
  connectDone(connection: Connection<State, In, Out>, errno: number): void {
    if (this.settled || connection !== this.current) return
    if (errno === 0) {
      this.settle()
      connection.opened()
      // `open` or `state` threw.
      if (connection.failure === undefined) this.resolve(connection)
      else this.reject(connection.failure)
      return
    }
    this.errors.push(systemError(errno, 'connect', this.addresses[this.tried - 1]))
    this.current = undefined
    connection.destroy()
    this.tryNext()
  }

  connectionClosed(connection: Connection<State, In, Out>): void {
    // Not by us: the loop was closed.
    if (!this.settled && connection === this.current) this.giveUp(loopClosed())
  }

  private start(addresses: SocketAddress[]): void {
    this.addresses = addresses
    if (!this.settled) this.tryNext()
  }

  private tryNext(): void {
    while (this.tried < this.addresses.length) {
      try {
        this.current = this.begin(this.addresses[this.tried++])
        return
      } catch (error) {
        if (!(error instanceof SocketError)) {
          this.giveUp(error)
          return
        }
        this.errors.push(error)
      }
    }
    this.giveUp(this.failure())
  }

  private begin(address: SocketAddress): Connection<State, In, Out> {
    const { settings, target } = this
    const socket = ChannelSocket.create(address.family, settings.loop)
    try {
      if (target.sendBufferBytes !== undefined) socket.setOption('sendBufferBytes', target.sendBufferBytes)
      if (target.receiveBufferBytes !== undefined) {
        socket.setOption('receiveBufferBytes', target.receiveBufferBytes)
      }
      if (address.family !== 'Unix') socket.setOption('noDelay', settings.noDelay)
      const connection = new Connection(settings.loop, socket.slot, socket.generation, settings, this)
      socket.connect(address, settings.borrowChunks)
      socket.release()
      return connection
    } catch (error) {
      socket.close()
      throw error
    }
  }

  /** One error for all addresses; `cause` has them one by one, where there were several. */
  private failure(): SocketError {
    const last = this.errors[this.errors.length - 1]
    if (this.errors.length === 1) return last
    const { code, errno, syscall, address, port } = last
    const text = `none of ${this.errors.length} addresses answered; the last: ${last.message}`
    const cause = new AggregateError(this.errors, text)
    return new SocketError(text, { code, errno, syscall, address, port, cause })
  }

  private timedOut(timeoutMs: number): void {
    const endpoint = this.addresses[this.tried - 1] ?? endpointOf(this.target)
    const details = isUnix(endpoint)
      ? { address: endpoint.path }
      : { address: endpoint.host, port: endpoint.port }
    const text = `connect ETIMEDOUT: no answer within connectTimeoutMs (${timeoutMs})`
    this.giveUp(
      new SocketError(text, {
        code: 'ETIMEDOUT',
        errno: -constants.errno.ETIMEDOUT,
        syscall: 'connect',
        ...details,
      }),
    )
  }

  private giveUp(reason: unknown): void {
    if (this.settled) return
    this.settle()
    this.current?.destroy()
    this.reject(reason)
  }

  private settle(): void {
    this.settled = true
    clearTimeout(this.timer)
    this.target.signal?.removeEventListener('abort', this.onAbort)
  }
}

/** The target without its options. */
function endpointOf(target: ConnectTarget): Endpoint {
  return isUnix(target) ? { path: target.path } : { host: target.host, port: target.port }
}
