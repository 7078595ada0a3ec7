/** A pool: connections to one target, each lent to one user at a time. */
import {
  checkWaitOptions,
  type EventLoop,
  invalidArgType,
  invalidArgValue,
  onAbort,
  type WaitOptions,
} from '@pollux/core'
import { CloseReason } from '../connection/close-reason.js'
import { Connection } from '../connection/connection.js'
import { Settings } from '../connection/settings.js'
import { poolClosed, tooManyWaiting } from '../failures.js'
import { closeDeadline, type Deadline } from '../running/close-deadline.js'
import type { Statistics } from '../server/statistics.js'
import { type ConnectTarget, checkConnectTarget } from './connect-options.js'
import { IdleConnections } from './idle-connections.js'
import { Connecting } from './pool-connecting.js'
import { checkPoolOptions, type PoolInit, type PoolOptions } from './pool-options.js'
import { PoolRetry } from './pool-retry.js'
import { Waiters } from './waiters.js'

const CONNECT_TIMEOUT_MS = 10_000

/**
 * A pool of connections. Made by {@link createPool}.
 *
 * ```
 *   acquire() ──▶ idle? ──no──▶ room? ──no──▶ waits its turn
 *                  │ yes         │ yes, connects       ▲
 *                  ▼             ▼                     │ first come, first served
 *               acquired ──────────── release() ───────┴──▶ idle ──idleTimeoutMs──▶ closed
 * ```
 */
export class Pool<State = unknown, In = Buffer, Out = string | Uint8Array> {
  /** The event loop that it runs on. */
  readonly loop: EventLoop
  private readonly settings: Settings<State, In, Out>
  private readonly options: Required<PoolOptions>
  private readonly connecting: Connecting<State, In, Out>
  private readonly unused: IdleConnections<Connection<State, In, Out>>
  private readonly lent = new Set<Connection<State, In, Out>>()
  /** On their way out: nobody's any more, and still open. */
  private readonly leaving = new Set<Connection<State, In, Out>>()
  private readonly waiters = new Waiters<Connection<State, In, Out>>('free connection')
  private isClosing = false
  /** Why it closed; undefined for `close()`. */
  private reason: unknown = undefined
  private readonly retry = new PoolRetry(() => this.grow())
  private referenced = true
  private readonly closing: Deadline
  private readonly forgetSignal: (() => void) | undefined

  /** Internal: use {@link createPool}. */
  constructor(target: ConnectTarget, init: PoolInit<State, In, Out>, options: PoolOptions) {
    const plan = checkConnectTarget(target)
    const { signal } = plan
    signal?.throwIfAborted()
    this.options = checkPoolOptions(options)
    this.settings = new Settings(init, () => this.open())
    if (this.settings.allowHalfOpen) {
      throw invalidArgValue(
        'allowHalfOpen',
        'is not for pools: a connection whose peer has ended is over',
        true,
      )
    }
    if (init.connected !== undefined && typeof init.connected !== 'function') {
      throw invalidArgType('connected', 'of type function', init.connected)
    }
    this.loop = this.settings.loop
    // The signal is the pool's, not the attempts'.
    const each = { ...plan, timeoutMs: target.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, signal: undefined }
    this.connecting = new Connecting(each, this.settings, {
      prepare: (connection) => {
        if (!this.referenced) connection.unref()
        return init.connected?.(this, connection)
      },
      ready: (connection) => {
        this.retry.succeeded()
        this.offer(connection)
      },
      failed: (reason) => this.connectFailed(reason),
      closed: (connection) => this.connectionClosed(connection),
    })
    this.unused = new IdleConnections(this.options.idleTimeoutMs, () => this.closeExpired())
    this.closing = closeDeadline(() => this.destroyAll())
    this.forgetSignal = signal && onAbort(signal, () => this.fail(signal.reason))
    this.grow()
  }

  /** Connections that are open or being made. */
  get size(): number {
    return this.connecting.size + this.unused.length + this.lent.size + this.leaving.size
  }

  /** Connections that nobody uses. */
  get idle(): number {
    return this.unused.length
  }

  /** Connections that were acquired and not released. */
  get acquired(): number {
    return this.lent.size
  }

  /** How many wait for a connection. */
  get waiting(): number {
    return this.waiters.length
  }

  /** What has happened to its connections since it was made. */
  get statistics(): Statistics {
    return this.settings.statistics
  }

  /**
   * A connection for one user, until `release`. Who waits is served in order; a connect that fails disappoints who has
   * waited longest.
   *
   * @param options.timeoutMs default: `acquireTimeoutMs`
   * @throws SocketError of the failed connect, ERR_POLLUX_TIMEOUT, ERR_POLLUX_TOO_MANY_WAITING, ERR_POLLUX_CLOSED; the
   *   signal's reason
   */
  async acquire(options: WaitOptions = {}): Promise<Connection<State, In, Out>> {
    const { signal, timeoutMs } = checkWaitOptions(options)
    signal?.throwIfAborted()
    if (this.isClosing) throw this.closedFor
    const connection = this.takeIdle()
    if (connection !== undefined) {
      this.lent.add(connection)
      this.grow()
      return connection
    }
    const { maxWaiting, acquireTimeoutMs } = this.options
    if (this.waiters.length >= maxWaiting) throw tooManyWaiting(maxWaiting, 'a connection')
    const patienceMs = timeoutMs ?? (Number.isFinite(acquireTimeoutMs) ? acquireTimeoutMs : undefined)
    const awaited = this.waiters.wait({ signal, timeoutMs: patienceMs })
    this.grow()
    return awaited
  }

  /**
   * Gives a connection back. One that is not open any more is replaced when somebody needs it; one whose conversation is
   * in an unknown state is better destroyed before.
   *
   * @throws TypeError for a connection that was not acquired, or was released already
   */
  release(connection: Connection<State, In, Out>): void {
    if (!(connection instanceof Connection)) {
      throw invalidArgType('connection', 'an instance of Connection', connection)
    }
    if (!this.lent.delete(connection)) {
      // It closed under its user, which is not to be held against it.
      if (connection.readyState === 'closed') return
      throw invalidArgValue('connection', 'must be acquired here, and not released yet', connection)
    }
    this.offer(connection)
  }

  /**
   * Runs `fn` with a connection and releases it afterwards. When `fn` fails, the connection is destroyed: nobody knows
   * where in its conversation it is.
   *
   * @returns what `fn` returns
   * @throws what `acquire` and `fn` throw
   */
  async use<Result>(
    fn: (connection: Connection<State, In, Out>) => Result | Promise<Result>,
    options: WaitOptions = {},
  ): Promise<Result> {
    if (typeof fn !== 'function') throw invalidArgType('fn', 'of type function', fn)
    const connection = await this.acquire(options)
    try {
      return await fn(connection)
    } catch (error) {
      connection.destroy()
      throw error
    } finally {
      this.release(connection)
    }
  }

  /**
   * Lends no more. Who waits already is still served, and what is released is ended. May be called again, to bring the
   * deadline forward.
   *
   * @param options.deadlineMs until the rest is destroyed; 0: at once; Infinity: never. Default 10 000.
   * @returns a promise that is kept when all connections are closed
   */
  close(options: { deadlineMs?: number } = {}): Promise<void> {
    const { deadlineMs } = options
    this.closing.check(deadlineMs)
    if (!this.isClosing) {
      this.isClosing = true
      this.forgetSignal?.()
      this.retry.stop()
      for (const connection of this.unused.takeAll()) this.dismiss(connection)
      if (this.waiters.length === 0) this.connecting.abandon(this.closedFor)
    }
    if (!this.finishClosing()) this.closing.begin(deadlineMs)
    return this.closing.promise
  }

  /** `await using pool = createPool(…)` closes it at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Keeps the process alive while a connection is open (the default). */
  ref(): this {
    this.referenced = true
    for (const connection of this.open()) connection.ref()
    this.retry.setReferenced(true)
    return this
  }

  /** Lets the process end although connections are open. */
  unref(): this {
    this.referenced = false
    for (const connection of this.open()) connection.unref()
    this.retry.setReferenced(false)
    return this
  }

  /** What those are told who come too late. */
  private get closedFor(): unknown {
    return this.reason ?? poolClosed()
  }

  private *open(): Generator<Connection<State, In, Out>> {
    yield* this.connecting
    yield* this.unused
    yield* this.lent
    yield* this.leaving
  }

  private takeIdle(): Connection<State, In, Out> | undefined {
    for (;;) {
      const connection = this.unused.take()
      if (connection === undefined || connection.readyState === 'open') return connection
      // Its peer has ended; its close will be told.
      this.leaving.add(connection)
    }
  }

  /** Connects for all who wait and for `minIdle`, as far as there is room. */
  private grow(): void {
    const { minIdle, maxConnections } = this.options
    const spare = this.isClosing || this.retry.isPending ? 0 : minIdle - this.unused.length
    const wanted = this.waiters.length + Math.max(0, spare)
    while (this.connecting.size < wanted && this.size < maxConnections) this.connecting.begin()
  }

  private connectFailed(reason: unknown): void {
    this.retry.failed()
    const nobodyWaited = !this.waiters.failOne(reason)
    if (this.loop.isClosed) this.fail(reason)
    else if (nobodyWaited && !this.isClosing) this.retry.later()
    this.grow()
    this.finishClosing()
  }

  /** A connection is free: for who has waited longest, or to be kept. */
  private offer(connection: Connection<State, In, Out>): void {
    if (connection.readyState !== 'open') {
      this.leaving.add(connection)
    } else if (this.waiters.length > 0) {
      this.lent.add(connection)
      this.waiters.keepOne(connection)
    } else if (this.isClosing) {
      this.dismiss(connection)
    } else {
      this.unused.add(connection)
    }
  }

  private dismiss(connection: Connection<State, In, Out>): void {
    this.leaving.add(connection)
    connection.end()
  }

  private connectionClosed(connection: Connection<State, In, Out>): void {
    if (!this.lent.delete(connection) && !this.leaving.delete(connection)) this.unused.remove(connection)
    if (this.loop.isClosed) this.fail(poolClosed())
    this.grow()
    this.finishClosing()
  }

  private closeExpired(): void {
    while (this.unused.length > this.options.minIdle) {
      const connection = this.unused.takeExpired()
      if (connection === undefined) break
      this.leaving.add(connection)
      // Nobody waits for what it has to say; its queue is another matter.
      if (connection.queuedBytes === 0) connection.destroyFor(CloseReason.IDLE_TIMEOUT)
      else connection.end()
    }
    if (this.unused.length > this.options.minIdle) this.unused.watch()
  }

  /** Closes at once, for a reason. */
  private fail(reason: unknown): void {
    this.reason ??= reason
    this.close({ deadlineMs: 0 })
  }

  private destroyAll(): void {
    this.waiters.failAll(this.closedFor)
    this.connecting.abandon(this.closedFor)
    for (const connection of this.open()) connection.destroyFor(CloseReason.SHUTDOWN)
  }

  private finishClosing(): boolean {
    if (!this.isClosing || this.size > 0 || this.waiters.length > 0) return false
    this.closing.finish()
    return true
  }
}

/**
 * Makes a pool. It connects when somebody needs a connection, and for `minIdle`. `signal` of the target closes it at
 * once; `connectTimeoutMs` (default 10 000) is for each connect.
 *
 * @param init handlers and options of its connections, as for `connect`, and `connected`
 * @throws TypeError or RangeError that names the handler or option; the signal's reason
 *
 * @example
 * ```ts
 * import { createPool, lines } from '@pollux/framework'
 *
 * const pool = createPool({ host: '127.0.0.1', port: 7000 }, {
 *   codec: lines(),
 *   message: (conn, line) => console.log(line),
 * }, { maxConnections: 4 })
 * await pool.use((conn) => conn.send('hello'))
 * await pool.close()
 * ```
 */
export function createPool<State = unknown, In = Buffer, Out = string | Uint8Array>(
  target: ConnectTarget,
  init: PoolInit<State, In, Out>,
  options: PoolOptions = {},
): Pool<State, In, Out> {
  return new Pool(target, init, options)
}
