/** A client that stays: when its connection is lost, it makes another one (client-state.ts). */
import { checkWaitOptions, type EventLoop, onAbort, raiseUncaught, type WaitOptions } from '@pollux/core'
import type { Connection } from '../connection/connection.js'
import { isThenable, raiseRejection } from '../connection/results.js'
import { Settings } from '../connection/settings.js'
import { clientClosed, reconnectFailed } from '../failures.js'
import { closeDeadline, type Deadline } from '../running/close-deadline.js'
import type { Statistics } from '../server/statistics.js'
import { backoffMs } from './backoff.js'
import {
  type ClientHandlers,
  type ClientInit,
  type ClientOptions,
  checkClientInit,
} from './client-options.js'
import {
  ClientHappening,
  type ClientReadyState,
  ClientState,
  clientReadyStateOf,
  nextClientState,
} from './client-state.js'
import { ConnectAttempt, type ConnectObserver } from './connect-attempt.js'
import { type ConnectPlan, type ConnectTarget, checkConnectTarget } from './connect-options.js'
import { OfflineQueue } from './offline-queue.js'
import { Waiters } from './waiters.js'

const { CONNECTING, PREPARING, CONNECTED, WAITING, CLOSED } = ClientState

/** How long one attempt may take, unless `connectTimeoutMs` says otherwise. */
const CONNECT_TIMEOUT_MS = 10_000

/** A reconnecting client. Made by {@link createClient}. */
export class Client<State = unknown, In = Buffer, Out = string | Uint8Array> {
  /** The event loop that it runs on. */
  readonly loop: EventLoop
  private readonly plan: ConnectPlan
  private readonly settings: Settings<State, In, Out>
  private readonly options: Required<ClientOptions>
  private readonly handlers: ClientHandlers<State, In, Out>
  private readonly observer: ConnectObserver<State, In, Out>
  private readonly offline: OfflineQueue<In, Out>
  private readonly waiters = new Waiters<Connection<State, In, Out>>('connection')
  private state: ClientState = CONNECTING
  private attempt: ConnectAttempt<State, In, Out> | undefined = undefined
  /** From `open` to its close. */
  private current: Connection<State, In, Out> | undefined = undefined
  private openedMs = 0
  private failures = 0
  private retryTimer: NodeJS.Timeout | undefined = undefined
  private referenced = true
  /** Why the client closes; undefined for `close()`. */
  private reason: unknown = undefined
  private readonly closing: Deadline
  private readonly forgetSignal: (() => void) | undefined

  /** Internal: use {@link createClient}. */
  constructor(target: ConnectTarget, init: ClientInit<State, In, Out>) {
    const plan = checkConnectTarget(target)
    const { signal } = plan
    signal?.throwIfAborted()
    this.options = checkClientInit(init)
    this.settings = new Settings(init, () => (this.current === undefined ? [] : [this.current]))
    this.handlers = init
    this.loop = this.settings.loop
    const timeoutMs = target.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    // The signal is the client's, not the attempts'.
    this.plan = { ...plan, timeoutMs, signal: undefined }
    this.offline = new OfflineQueue(this.options.maxOfflineBytes, this.settings.makeCodec())
    this.observer = {
      connected: (connection) => this.opened(connection),
      failed: (reason) => this.attemptFailed(reason),
      closed: (connection) => this.connectionLost(connection),
    }
    this.closing = closeDeadline(() => this.current?.destroyFor('shutdown'))
    this.forgetSignal = signal && onAbort(signal, () => this.destroy(signal.reason))
    this.connect()
  }

  /** 'connecting', 'connected', 'waiting' (for the next attempt), 'closing' or 'closed'. */
  get readyState(): ClientReadyState {
    return clientReadyStateOf(this.state)
  }

  /** The connection while the client is connected; undefined otherwise. */
  get connection(): Connection<State, In, Out> | undefined {
    return this.state === CONNECTED ? this.current : undefined
  }

  /** Bytes that wait to be sent: for a connection, and on it. */
  get queuedBytes(): number {
    return this.offline.bytes + (this.current?.queuedBytes ?? 0)
  }

  /** What has happened to its connections since it was made. */
  get statistics(): Statistics {
    return this.settings.statistics
  }

  /**
   * Sends a message over the connection. While there is none, it is kept for the next one within `maxOfflineBytes`, and
   * refused beyond.
   *
   * What a connection has taken is lost with it, as far as the peer has not received it: only the peer's answer says that
   * it has.
   *
   * @returns false where it was kept, and as {@link Connection.send} does: stop sending until `drain`
   * @throws SocketError ERR_POLLUX_NOT_CONNECTED, ERR_POLLUX_QUEUE_FULL, ERR_POLLUX_CLOSED; what the codec throws
   */
  send(message: Out): boolean {
    const connection = this.usable()
    if (connection !== undefined) return connection.send(message)
    this.offline.addMessage(message)
    return false
  }

  /** The same with bytes or a string, past the codec. */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    const connection = this.usable()
    if (connection !== undefined) return connection.write(data, encoding)
    this.offline.addBytes(data, encoding)
    return false
  }

  /**
   * A promise of the connection: kept at once where there is one.
   *
   * @throws SocketError ERR_POLLUX_CLOSED, ERR_POLLUX_RECONNECT_FAILED, ERR_POLLUX_TIMEOUT; the signal's reason
   */
  async whenConnected(options: WaitOptions = {}): Promise<Connection<State, In, Out>> {
    const patience = checkWaitOptions(options)
    if (this.state >= ClientState.CLOSING) throw this.reason ?? clientClosed()
    return this.usable() ?? this.waiters.wait(patience)
  }

  /**
   * Ends the connection in order, and makes no other one. What was kept for a connection is dropped (`closed` says how
   * much). May be called again, to bring the deadline forward.
   *
   * @param options.deadlineMs until the connection is destroyed; 0: at once; Infinity: never. Default 10 000.
   * @returns a promise that is kept when the client is closed
   */
  close(options: { deadlineMs?: number } = {}): Promise<void> {
    const { deadlineMs } = options
    this.closing.check(deadlineMs)
    this.move(ClientHappening.CLOSE)
    if (this.state !== CLOSED) {
      this.current?.end()
      this.closing.begin(deadlineMs)
    }
    return this.closing.promise
  }

  /** Closes at once. @param error why; it reaches `closed`, `error` and `close` */
  destroy(error?: unknown): void {
    if (this.state === CLOSED) return
    this.reason ??= error
    this.move(ClientHappening.CLOSE)
    this.current?.destroy(error)
  }

  /** `await using client = createClient(…)` closes it at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Keeps the process alive until the client is closed (the default). */
  ref(): this {
    this.referenced = true
    this.retryTimer?.ref()
    this.current?.ref()
    return this
  }

  /** Lets the process end although the client is connected, or waits for the next attempt. */
  unref(): this {
    this.referenced = false
    this.retryTimer?.unref()
    this.current?.unref()
    return this
  }

  private connect(): void {
    this.attempt = new ConnectAttempt(this.plan, this.settings, this.observer)
  }

  /** The connection, if a message given to it now is not given in vain. */
  private usable(): Connection<State, In, Out> | undefined {
    const { current } = this
    if (this.state === CONNECTED && current?.readyState === 'open') return current
    if (this.state >= ClientState.CLOSING) throw clientClosed()
    return undefined
  }

  private opened(connection: Connection<State, In, Out>): void {
    this.attempt = undefined
    this.current = connection
    this.openedMs = performance.now()
    if (!this.referenced) connection.unref()
    this.move(ClientHappening.OPEN)
    let result: unknown
    try {
      result = this.handlers.connected?.(this, connection)
    } catch (error) {
      connection.fail(error)
      return
    }
    if (!isThenable(result)) {
      this.sendKept(connection)
      return
    }
    result.then(
      () => this.sendKept(connection),
      (error: unknown) => connection.fail(error),
    )
  }

  /** What was kept leaves first; then the connection is everybody's. */
  private sendKept(connection: Connection<State, In, Out>): void {
    if (this.state !== PREPARING || connection !== this.current) return
    try {
      if (this.offline.sendTo(connection)) {
        this.move(ClientHappening.PREPARED)
        return
      }
    } catch (error) {
      connection.fail(error)
      return
    }
    // Its close is told to us, too.
    connection.drained().then(
      () => this.sendKept(connection),
      () => {},
    )
  }

  private attemptFailed(reason: unknown): void {
    this.attempt = undefined
    if (this.state === CONNECTING) this.lost(reason)
  }

  private connectionLost(connection: Connection<State, In, Out>): void {
    const { failure } = connection
    this.current = undefined
    if (performance.now() - this.openedMs >= this.options.stableAfterMs) this.failures = 0
    this.lost(failure, () => this.tell(() => this.handlers.disconnected?.(this, failure)))
  }

  private lost(error: unknown, tell?: () => void): void {
    const { options } = this
    this.failures++
    if (nextClientState(this.state, ClientHappening.LOST) === CLOSED) {
      tell?.()
      this.move(ClientHappening.LOST)
      return
    }
    this.move(ClientHappening.LOST)
    tell?.()
    if (this.state !== WAITING) return
    if (this.loop.isClosed) {
      this.destroy(error ?? clientClosed())
    } else if (this.failures >= options.maxAttempts) {
      this.destroy(reconnectFailed(this.failures, error))
    } else {
      this.retryLater(error)
    }
  }

  private retryLater(error: unknown): void {
    const { failures, options } = this
    const delayMs = backoffMs(failures, options.minDelayMs, options.maxDelayMs)
    this.retryTimer = setTimeout(() => this.move(ClientHappening.RETRY), delayMs)
    if (!this.referenced) this.retryTimer.unref()
    this.tell(() => this.handlers.retry?.(this, { delayMs, failures, error }))
  }

  /** The only place where the state changes; does what entering a state asks for. */
  private move(happening: ClientHappening): void {
    const before = this.state
    const after = nextClientState(before, happening)
    if (after === before) return
    this.state = after
    clearTimeout(this.retryTimer)
    this.retryTimer = undefined
    if (after === CONNECTING) this.connect()
    else if (after === CONNECTED) this.waiters.keepAll(this.current as Connection<State, In, Out>)
    else if (after >= ClientState.CLOSING) this.leave(after)
  }

  /** Nobody is to wait any more, and once all is over, the world is told. */
  private leave(state: ClientState): void {
    this.forgetSignal?.()
    this.waiters.failAll(this.reason ?? clientClosed())
    if (state !== CLOSED) return
    this.attempt?.giveUp(clientClosed())
    const { statistics } = this.settings
    const unsent = this.offline.drop()
    statistics.droppedMessages += unsent.messages
    statistics.droppedBytes += unsent.bytes
    this.tell(() => this.handlers.closed?.(this, this.reason, unsent))
    this.closing.finish()
  }

  /** What a handler of the client itself throws is nobody's fault that could be told. */
  private tell(handler: () => unknown): void {
    try {
      raiseRejection(handler())
    } catch (error) {
      raiseUncaught(error)
    }
  }
}

/**
 * Makes a client that connects at once, and again whenever the connection fails or is lost, after a delay that grows
 * and is jittered. `signal` of the target closes it; `connectTimeoutMs` (default 10 000) is for each attempt.
 *
 * @param init handlers and options of its connections, as for `connect`, and of the client itself
 * @throws TypeError or RangeError that names the handler or option; the signal's reason
 *
 * @example
 * ```ts
 * import { createClient, lines } from '@pollux/framework'
 *
 * const client = createClient({ host: '127.0.0.1', port: 7000 }, {
 *   codec: lines(),
 *   maxOfflineBytes: 64 * 1024,
 *   connected: (_client, conn) => conn.send('hello'),
 *   message: (_conn, line) => console.log(line),
 *   retry: (_client, { delayMs, error }) => console.log(`again in ${delayMs} ms: ${error}`),
 * })
 * client.send('sent as soon as there is a connection')
 * ```
 */
export function createClient<State = unknown, In = Buffer, Out = string | Uint8Array>(
  target: ConnectTarget,
  init: ClientInit<State, In, Out>,
): Client<State, In, Out> {
  return new Client(target, init)
}
