/**
 * One attempt to connect: a race between the addresses of a name (RFC 8305, section 5).
 *
 * ```
 *   a1 ├──────────────── no answer ───────────────┤ destroyed
 *   a2 ├─ attemptDelayMs ─┤├── refused ┤
 *   a3                                 ├── connected: it is the one
 * ```
 *
 * Whoever waits longer than `attemptDelayMs` gets a rival; who fails is followed at once.
 */
import { constants } from 'node:os'
import { ChannelSocket, isUnix, onAbort, type SocketAddress, SocketError, systemError } from '@pollux/core'
import { Connection } from '../connection/connection.js'
import type { ConnectionOwner } from '../connection/connection-owner.js'
import type { Settings } from '../connection/settings.js'
import { loopClosed, notLetIn } from '../failures.js'
import { type ConnectPlan, resolvePlan } from './connect-options.js'
import { interleaved } from './happy-eyeballs.js'

/** Who wants the connection. One of `connected` and `failed` is called, once. */
export interface ConnectObserver<State, In, Out> {
  /** It is open; its handler `open` has been called. */
  connected(connection: Connection<State, In, Out>): void
  failed(reason: unknown): void
  /** The connection that was connected is closed; its handler `close` has been called. */
  closed?(connection: Connection<State, In, Out>): void
}

export class ConnectAttempt<State, In, Out> implements ConnectionOwner<State, In, Out> {
  readonly server = undefined
  private readonly plan: ConnectPlan
  private readonly settings: Settings<State, In, Out>
  private readonly observer: ConnectObserver<State, In, Out>
  private addresses: SocketAddress[] = []
  /** How many of them have been begun with. */
  private begun = 0
  private readonly running = new Map<Connection<State, In, Out>, SocketAddress>()
  /** The one that the kernel connected first. */
  private winner: Connection<State, In, Out> | undefined = undefined
  /** The observer has it. */
  private connected = false
  private readonly errors: SocketError[] = []
  private settled = false
  private rivalTimer: NodeJS.Timeout | undefined = undefined
  private deadline: NodeJS.Timeout | undefined = undefined
  private readonly forgetSignal: (() => void) | undefined

  /** The host as the user wrote it, which its certificate has to be of. */
  get host(): string | undefined {
    const { endpoint } = this.plan
    return isUnix(endpoint) ? undefined : endpoint.host
  }

  /** Begins; the observer is told later, never from within this. */
  constructor(
    plan: ConnectPlan,
    settings: Settings<State, In, Out>,
    observer: ConnectObserver<State, In, Out>,
  ) {
    const { signal, timeoutMs } = plan
    this.plan = plan
    this.settings = settings
    this.observer = observer
    this.forgetSignal = signal && onAbort(signal, () => this.giveUp(signal.reason))
    if (timeoutMs > 0) this.deadline = setTimeout(() => this.timedOut(timeoutMs), timeoutMs)
    resolvePlan(plan).then(
      (addresses) => this.start(addresses),
      (error: unknown) => this.giveUp(error),
    )
  }

  /** Ends the attempt, unless it has come to an end already. */
  giveUp(reason: unknown): void {
    if (this.settled) return
    this.settle()
    this.winner?.destroy()
    this.observer.failed(reason)
  }

  /** The kernel's answer for one of the addresses. */
  connectDone(connection: Connection<State, In, Out>, errno: number): void {
    const address = this.running.get(connection)
    if (address === undefined) return
    this.running.delete(connection)
    if (errno !== 0) {
      this.errors.push(systemError(errno, 'connect', address))
      connection.destroy()
      this.startNext()
      return
    }
    this.winner = connection
    this.endRace()
    connection.opened()
  }

  /** `open` was called: at once, or when a plugin has let it (after a TLS handshake). */
  connectionOpened(connection: Connection<State, In, Out>): void {
    if (this.settled) return
    this.settle()
    this.connected = true
    this.observer.connected(connection)
  }

  connectionClosed(connection: Connection<State, In, Out>): void {
    if (connection === this.winner) {
      if (this.connected) this.observer.closed?.(connection)
      else this.giveUp(connection.failure ?? notLetIn(connection.closeReason))
    } else if (this.running.has(connection)) {
      // Not by us: the loop was closed.
      this.giveUp(loopClosed())
    }
  }

  private start(addresses: SocketAddress[]): void {
    if (this.settled) return
    this.addresses = this.plan.attemptDelayMs > 0 ? interleaved(addresses) : addresses
    this.startNext()
  }

  /** Begins with the next address that there is a socket for. */
  private startNext(): void {
    clearTimeout(this.rivalTimer)
    while (this.begun < this.addresses.length) {
      const address = this.addresses[this.begun++]
      try {
        this.running.set(this.begin(address), address)
        this.awaitRival()
        return
      } catch (error) {
        if (!(error instanceof SocketError)) {
          this.giveUp(error)
          return
        }
        this.errors.push(error)
      }
    }
    if (this.running.size === 0) this.giveUp(this.failure())
  }

  private awaitRival(): void {
    const { attemptDelayMs } = this.plan
    if (attemptDelayMs === 0 || this.begun === this.addresses.length) return
    this.rivalTimer = setTimeout(() => this.startNext(), attemptDelayMs)
  }

  private begin(address: SocketAddress): Connection<State, In, Out> {
    const { settings, plan } = this
    const socket = ChannelSocket.create(address.family, settings.loop)
    try {
      if (plan.sendBufferBytes !== undefined) socket.setOption('sendBufferBytes', plan.sendBufferBytes)
      if (plan.receiveBufferBytes !== undefined) {
        socket.setOption('receiveBufferBytes', plan.receiveBufferBytes)
      }
      if (address.family !== 'Unix') {
        socket.setOption('noDelay', settings.noDelay)
        if (plan.fastOpen) socket.setOption('fastOpenConnect', true)
        this.bind(socket, address.family)
      }
      const connection = new Connection(settings.loop, socket.slot, socket.generation, settings, this)
      socket.connect(address, settings.borrowChunks)
      socket.release()
      return connection
    } catch (error) {
      socket.close()
      throw error
    }
  }

  private bind(socket: ChannelSocket, family: 'IPv4' | 'IPv6'): void {
    const { localAddress, localPort } = this.plan
    if (localAddress === undefined && localPort === 0) return
    // Rivals come from the same port, each to another address.
    if (localPort !== 0) socket.setOption('reuseAddress', true)
    socket.bind({ host: localAddress ?? (family === 'IPv6' ? '::' : '0.0.0.0'), port: localPort })
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
    const endpoint = this.addresses[this.begun - 1] ?? this.plan.endpoint
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

  private endRace(): void {
    clearTimeout(this.rivalTimer)
    const rivals = [...this.running.keys()]
    this.running.clear()
    for (const connection of rivals) connection.destroy()
  }

  /** Nothing happens any more but what the observer is told next. */
  private settle(): void {
    this.settled = true
    this.endRace()
    clearTimeout(this.deadline)
    this.forgetSignal?.()
  }
}
