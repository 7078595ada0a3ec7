/** A protocol server: listeners, the connections that they take, and an orderly end. */
import { type EventLoop, invalidArgType, type SocketAddress, type SocketError } from '@pollux/core'
import { CloseReason } from '../connection/close-reason.js'
import { Connection } from '../connection/connection.js'
import type { ConnectionOwner } from '../connection/connection-owner.js'
import type { ServerInit } from '../connection/handlers.js'
import { checkServerHandlers, Settings } from '../connection/settings.js'
import { noTls, serverClosed } from '../failures.js'
import type { OverloadLevel } from '../plugins/plugin.js'
import { closeDeadline, type Deadline } from '../running/close-deadline.js'
import { systemdTargets } from '../running/systemd.js'
import type { TlsOptions } from '../tls/tls-options.js'
import { FanOut } from '../topics/fan-out.js'
import { checkTopic, Topics } from '../topics/topics.js'
import { bindTarget, type ListenTarget, type SystemdTarget } from './listen-target.js'
import { Listener } from './listener.js'
import { Listeners } from './listeners.js'
import { ServerEvents } from './server-events.js'
import type { Statistics } from './statistics.js'

/** A server of whatever types. */
// biome-ignore lint/suspicious/noExplicitAny: plugins see servers of every type, and none of their messages
export type AnyServer = Server<any, any, any>

/**
 * A server. Made by {@link createServer}.
 *
 * ```
 *   listen() ─▶ Listener ──accept──▶ Connection ──▶ handlers
 *   close()  ─▶ listeners close at once, connections by themselves or at the deadline
 * ```
 */
export class Server<State = unknown, In = Buffer, Out = string | Uint8Array>
  implements ConnectionOwner<State, In, Out>
{
  /** The event loop that it runs on. */
  readonly loop: EventLoop
  /** Itself, as the server of its connections. */
  readonly server: Server<State, In, Out> = this
  /** What metrics and logs call it. */
  readonly name: string
  private readonly settings: Settings<State, In, Out>
  private readonly events: ServerEvents<State, In, Out>
  private readonly listeners = new Listeners<State, In, Out>()
  /** Internal: who has subscribed to what. */
  readonly subscriptions = new Topics<State, In, Out>()
  private readonly fanOut: FanOut<State, In, Out>
  private open = 0
  /** `withdraw` or `close` was called. */
  private withdrawn = false
  private level: OverloadLevel = 0
  private isClosing = false
  private readonly closing: Deadline

  /** Internal: use {@link createServer}. */
  constructor(init: ServerInit<State, In, Out>) {
    this.settings = new Settings(init, () => this.list())
    checkServerHandlers(init)
    this.name = checkName(init.name ?? 'default')
    this.fanOut = new FanOut(this.settings, init.fanOut ?? {})
    this.events = new ServerEvents(this, this.settings.hooks, init)
    this.closing = closeDeadline(() => this.destroyConnections())
    this.loop = this.settings.loop
    for (const plugin of this.settings.hooks.install ?? []) plugin.install(this)
  }

  /** Where it listens: the first address, undefined before `listen` and after `close`. */
  get address(): SocketAddress | undefined {
    return this.listeners.addresses[0]
  }

  /** Every address that it listens on. */
  get addresses(): SocketAddress[] {
    return this.listeners.addresses
  }

  /** How many connections are open. */
  get connections(): number {
    return this.open
  }

  /** Bytes that were written to connections which had closed meanwhile, or went past `maxQueuedBytes`. */
  get droppedBytes(): number {
    return this.settings.statistics.droppedBytes
  }

  /** Counters of what has happened so far. */
  get statistics(): Statistics {
    return this.settings.statistics
  }

  /** Whether it listens, and neither `withdraw` nor `close` was called: what a readiness probe wants to know. */
  get isReady(): boolean {
    return this.listeners.size > 0 && !this.withdrawn
  }

  /** How far overload has come; always 0 without the plugin `overload`. */
  get overloadLevel(): OverloadLevel {
    return this.level
  }

  /** The connections that are open, in no particular order. */
  *list(): Generator<Connection<State, In, Out>, void> {
    // The table of the loop knows them all: a list of our own would cost every connection memory. Its slots are filled
    // from the first one on, so that the end is as a rule not reached.
    let left = this.open
    if (left === 0) return
    for (const channel of this.loop.targets) {
      if (!(channel instanceof Connection) || channel.server !== this) continue
      if (channel.readyState !== 'closed') yield channel
      if (--left === 0) return
    }
  }

  /** The topics that have subscribers, and who they are. */
  get topics(): ReadonlyMap<string, ReadonlySet<Connection<State, In, Out>>> {
    return this.subscriptions.members
  }

  /**
   * Sends a message to all connections, encoded once by the server's codec (not by those that `upgrade` brought); bytes and
   * strings where there is none. Those that do not keep up are handled by `fanOut`, and hold nobody up.
   *
   * @param filter which connections get it. Default: all.
   * @returns how many took it
   * @throws what the codec throws; TypeError
   *
   * @example
   * ```ts
   * server.broadcast('The server closes in a minute', (conn) => conn !== except)
   * ```
   */
  broadcast(message: Out, filter?: (connection: Connection<State, In, Out>) => boolean): number {
    return this.fanOut.send(this.list(), this.open, message, filter)
  }

  /**
   * Sends a message to those that have subscribed to a topic, as {@link broadcast} does.
   *
   * @returns how many took it
   *
   * @example
   * ```ts
   * server.publish('news', 'It rains')
   * ```
   */
  publish(topic: string, message: Out, filter?: (connection: Connection<State, In, Out>) => boolean): number {
    checkTopic(topic)
    const members = this.subscriptions.membersOf(topic)
    return this.fanOut.send(members, members.size, message, filter)
  }

  /**
   * Listens; may be called for several addresses. The handlers are called from the next turn of the loop on.
   *
   * @returns the address, with the port that the system chose for port 0
   * @throws SocketError (EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND, ENOENT, …), ERR_POLLUX_SERVER_CLOSED; TypeError or
   *   RangeError for a bad target
   *
   * @example
   * ```ts
   * await server.listen({ host: '127.0.0.1', port: 7000 })
   * await server.listen({ path: '/run/app.sock' })
   * await server.listen({ systemd: true }) // the sockets of the service's socket unit
   * ```
   */
  async listen(target: ListenTarget): Promise<SocketAddress> {
    this.checkNotClosed()
    if (typeof target === 'object' && target !== null && 'systemd' in target) return this.listenOnAll(target)
    const { borrowChunks, noDelay } = this.settings
    const socket = await bindTarget(target, this.loop, noDelay)
    try {
      this.checkNotClosed()
      const address = socket.localAddress
      const listener = new Listener(this.loop, socket.slot, socket.generation, this, address)
      socket.listen(borrowChunks, target.backlog)
      socket.release()
      this.listeners.add(listener)
      this.events.listening(address)
      return address
    } catch (error) {
      socket.close()
      throw error
    }
  }

  /**
   * Makes `isReady` false, and changes nothing else: whoever asks before sending somebody here is told to go elsewhere.
   * `close` follows, once that has got about.
   */
  withdraw(): void {
    this.withdrawn = true
  }

  /**
   * Stops listening, lets the connections finish, and destroys those that are left at the deadline. Ending them
   * sooner is up to the protocol. May be called again, to bring the deadline forward.
   *
   * @param options.deadlineMs 0: at once; Infinity: never. Default 10 000.
   * @returns a promise that is kept when all listeners and connections are closed
   */
  close(options: { deadlineMs?: number } = {}): Promise<void> {
    const { deadlineMs } = options
    this.closing.check(deadlineMs)
    if (!this.isClosing) {
      this.isClosing = true
      this.withdrawn = true
      this.listeners.close()
      this.events.closing()
      this.finishClosing()
    }
    if (this.open > 0 || this.listeners.size > 0) this.closing.begin(deadlineMs)
    return this.closing.promise
  }

  /**
   * New keys and certificates, for handshakes from now on; connections that are open keep theirs. Options of `tls` that are not
   * given stay as they were.
   *
   * @throws SocketError ERR_POLLUX_TLS where the server has no `tls`; what OpenSSL says of a key or a certificate,
   *   and then nothing changes
   *
   * @example
   * ```ts
   * process.on('SIGHUP', () => server.setSecureContext({ key: readFileSync('key.pem'), cert: readFileSync('cert.pem') }))
   * ```
   */
  setSecureContext(options: TlsOptions): void {
    const { tls } = this.settings
    if (tls === null) throw noTls()
    tls.setSecureContext(options)
  }

  /** `await using server = createServer(…)` closes it at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Keeps the process alive while the server listens (the default). */
  ref(): this {
    this.listeners.setReferenced(true)
    return this
  }

  /** Lets the process end although the server listens; its connections keep it alive by themselves. */
  unref(): this {
    this.listeners.setReferenced(false)
    return this
  }

  // From here on: called by plugins, listeners and connections.

  /** Plugins: takes no connections until `releaseAccepting`, of which there must be one for each call of this. */
  holdAccepting(): void {
    this.listeners.hold()
  }

  /** Plugins: undoes one `holdAccepting`. */
  releaseAccepting(): void {
    this.listeners.release()
  }

  /** Internal: tells how overloaded it is. */
  overloadChanged(level: OverloadLevel): void {
    if (this.level === 0 && level > 0) this.statistics.overloads++
    this.level = level
    this.events.overload(level)
  }

  /** Internal: a listener took a connection. */
  accepted(slot: number, generation: number): void {
    this.open++
    new Connection(this.loop, slot, generation, this.settings, this).opened()
  }

  /** Internal. */
  connectionClosed(connection: Connection<State, In, Out>): void {
    this.subscriptions.leaveAll(connection)
    this.open--
    this.finishClosing()
  }

  /** Internal. */
  acceptPaused(error: SocketError, retryMs: number): void {
    this.settings.statistics.acceptPauses++
    this.events.acceptPaused(error, retryMs)
  }

  /** Internal. */
  acceptResumed(): void {
    this.events.acceptResumed()
  }

  /** Internal: a listening socket broke. */
  listenerFailed(error: SocketError): void {
    this.events.failed(error)
  }

  /** Internal: its fd is closed. */
  listenerClosed(listener: Listener<State, In, Out>): void {
    this.listeners.remove(listener)
    this.finishClosing()
  }

  /** On sockets that systemd opened; the address of the first. */
  private async listenOnAll({ systemd, ...options }: SystemdTarget): Promise<SocketAddress> {
    const addresses: SocketAddress[] = []
    for (const { fd } of systemdTargets(systemd)) addresses.push(await this.listen({ fd, ...options }))
    return addresses[0]
  }

  private checkNotClosed(): void {
    if (this.isClosing) throw serverClosed()
  }

  private finishClosing(): void {
    if (!this.isClosing || this.open > 0 || this.listeners.size > 0) return
    this.events.closed()
    this.closing.finish()
  }

  private destroyConnections(): void {
    for (const connection of this.list()) connection.destroyFor(CloseReason.SHUTDOWN)
  }
}

/**
 * Makes a server of handlers and options. It does nothing before `listen`.
 *
 * @throws TypeError or RangeError that names the handler or option
 *
 * @example
 * ```ts
 * import { createServer } from '@pollux/framework'
 *
 * const server = createServer({
 *   data(conn, chunk) {
 *     conn.write(chunk)
 *   },
 * })
 * await server.listen({ host: '127.0.0.1', port: 7000 })
 * ```
 */
export function createServer<State = unknown, In = Buffer, Out = string | Uint8Array>(
  init: ServerInit<State, In, Out>,
): Server<State, In, Out> {
  return new Server(init)
}

function checkName(name: unknown): string {
  if (typeof name !== 'string' || name === '')
    throw invalidArgType('name', 'a string that is not empty', name)
  return name
}
