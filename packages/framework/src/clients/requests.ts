/** Requests and their answers, for protocols that answer each message with one. */
import {
  checkInteger,
  checkObject,
  checkWaitOptions,
  invalidArgType,
  type Patience,
  type WaitOptions,
} from '@pollux/core'
import { type AnyConnection, Connection } from '../connection/connection.js'
import { Hold } from '../connection/holds.js'
import { MAX_TIMEOUT_MS } from '../connection/settings.js'
import { notInstalled, tooManyWaiting, unexpectedAnswer } from '../failures.js'
import type { Plugin } from '../plugins/plugin.js'
import { checkCount } from './client-options.js'
import { Exchange, type Transport } from './exchange.js'
import { ById, InOrder, type RequestId } from './pending-requests.js'
import { Pool } from './pool.js'
import { Client } from './reconnect.js'

/** How requests and answers belong together. */
export interface RequestOptions<In = unknown, Out = unknown> {
  /**
   * What a request and its answer have in common: their id. Undefined for a message that is no answer, which goes to the
   * handler `message`. Default: none, and answers come in the order of the requests (RESP, HTTP/1.1).
   */
  idOf?(message: In | Out): RequestId | undefined
  /** Whether a message is no answer to anything (a push message): it goes to the handler `message`. Default: none is. */
  isPush?(message: In): boolean
  /**
   * A message that is an answer and that nobody asked for. Without this handler the connection fails with
   * ERR_POLLUX_UNEXPECTED_ANSWER. An answer that comes too late for its request is none of these.
   */
  unexpected?(connection: AnyConnection, message: In): unknown
  /** The most requests of a connection that are sent and not answered; others wait. Default 1000. */
  maxInFlight?: number
  /**
   * The most that wait to be sent, of a connection, and the most that wait for a connection; one more is refused
   * (ERR_POLLUX_TOO_MANY_WAITING). Default 10 000.
   */
  maxWaiting?: number
  /** How long a request waits for its answer, unless it is told. 0: for ever. Default 0. */
  timeoutMs?: number
}

const MAX_IN_FLIGHT = 1000
const MAX_WAITING = 10_000

/** What requests are sent over. */
export type RequestTarget<In, Out> =
  | Transport<In, Out>
  // biome-ignore lint/suspicious/noExplicitAny: the state of its connections is of no interest
  | Client<any, In, Out>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  | Pool<any, In, Out>

/** A plugin that matches answers with requests. Made by {@link createRequests}. */
export class Requests<In = unknown, Out = unknown> implements Plugin {
  readonly name = 'requests'
  private readonly options: RequestOptions<In, Out>
  private readonly maxInFlight: number
  private readonly maxWaiting: number
  private readonly timeoutMs: number
  private readonly exchanges = new WeakMap<AnyConnection, Exchange<In, Out>>()
  /** Requests that wait for a client's connection. */
  private unconnected = 0

  /** Internal: use {@link createRequests}. */
  constructor(options: RequestOptions<In, Out>) {
    checkObject(options, 'options')
    for (const name of ['idOf', 'isPush', 'unexpected'] as const) {
      const value: unknown = options[name]
      if (value !== undefined && typeof value !== 'function') {
        throw invalidArgType(name, 'of type function', value)
      }
    }
    this.options = options
    this.maxInFlight = checkCount(options.maxInFlight ?? MAX_IN_FLIGHT, 'maxInFlight', 1)
    this.maxWaiting = checkCount(options.maxWaiting ?? MAX_WAITING, 'maxWaiting', 0)
    this.timeoutMs = checkInteger(options.timeoutMs ?? 0, 'timeoutMs', 0, MAX_TIMEOUT_MS)
  }

  /**
   * Sends a message; the promise is kept with its answer.
   *
   * Requests of one connection are sent in order. Over a client they wait for the connection where there is none; over a
   * pool each has a connection for itself. A request that was sent is never sent again: whether it was carried out when its
   * connection is lost, only the user can find out.
   *
   * @param target a connection, client or pool that has this plugin
   * @param options.timeoutMs for everything, waiting included; default: that of the plugin
   * @throws SocketError ERR_POLLUX_NO_ANSWER (the connection closed), ERR_POLLUX_NOT_CONNECTED (and nothing was sent),
   *   ERR_POLLUX_TIMEOUT, ERR_POLLUX_TOO_MANY_WAITING; the signal's reason; what the codec throws; of a client or a pool
   *   what `whenConnected` or `acquire` throws
   */
  async request<Answer extends In, Question extends Out>(
    target: RequestTarget<Answer, Question>,
    message: Question,
    options: WaitOptions = {},
  ): Promise<Answer> {
    const { signal, timeoutMs = this.timeoutMs === 0 ? undefined : this.timeoutMs } =
      checkWaitOptions(options)
    const patience = { signal, timeoutMs }
    if (target instanceof Connection) return this.exchangeOf(target).request(message, patience)
    if (target instanceof Client) return this.overClient(target, message, patience)
    if (target instanceof Pool) return this.overPool(target, message, patience)
    throw invalidArgType('target', 'an instance of Connection, Client or Pool', target)
  }

  /** How many requests of a connection have no answer yet. */
  pending(connection: AnyConnection): number {
    return this.exchanges.get(connection)?.length ?? 0
  }

  // The hooks.

  /** Internal. */
  open(connection: AnyConnection): void {
    const { idOf } = this.options
    const pending =
      idOf === undefined
        ? new InOrder<In, Out>()
        : new ById<In, Out>((message) => idOf.call(this.options, message))
    this.exchanges.set(connection, new Exchange(connection, pending, this.maxInFlight, this.maxWaiting))
    // Without a `message` handler, messages would wait for somebody who wants them: here is somebody.
    connection.release(Hold.ADAPTER)
  }

  /** Internal. */
  message(connection: AnyConnection, message: unknown): unknown {
    const { options } = this
    const answer = message as In
    if (options.isPush?.(answer)) return true
    if (options.idOf !== undefined && options.idOf(answer) === undefined) return true
    if (this.exchanges.get(connection)?.answered(answer) === true) return false
    if (options.unexpected === undefined) connection.destroyFor('unexpected_answer', unexpectedAnswer())
    else options.unexpected(connection, answer)
    return false
  }

  /** Internal. */
  watermark(connection: AnyConnection, above: boolean): void {
    this.exchanges.get(connection)?.watermark(above)
  }

  /** Internal. */
  close(connection: AnyConnection, _reason: string, error: unknown): void {
    this.exchanges.get(connection)?.closed(error)
  }

  private exchangeOf<Answer extends In, Question extends Out>(
    connection: Transport<Answer, Question>,
  ): Exchange<Answer, Question> {
    const exchange = this.exchanges.get(connection)
    if (exchange === undefined) throw notInstalled()
    // What this connection's codec makes of the peer's bytes is an `Answer`.
    return exchange as unknown as Exchange<Answer, Question>
  }

  private async overClient<Answer extends In, Question extends Out>(
    client: Client<unknown, Answer, Question>,
    message: Question,
    patience: Patience,
  ): Promise<Answer> {
    const connected = client.connection
    if (connected?.readyState === 'open') return this.exchangeOf(connected).request(message, patience)
    if (this.unconnected >= this.maxWaiting) throw tooManyWaiting(this.maxWaiting, 'a connection')
    const rest = restOf(patience)
    this.unconnected++
    try {
      const connection = await client.whenConnected(patience)
      return this.exchangeOf(connection).request(message, rest())
    } finally {
      this.unconnected--
    }
  }

  private async overPool<Answer extends In, Question extends Out>(
    pool: Pool<unknown, Answer, Question>,
    message: Question,
    patience: Patience,
  ): Promise<Answer> {
    const rest = restOf(patience)
    const connection = await pool.acquire(patience)
    try {
      return await this.exchangeOf(connection).request(message, rest())
    } finally {
      // Also when it is given up: a late answer is recognised, and disturbs nobody.
      pool.release(connection)
    }
  }
}

/** What is left of the patience when it is asked for. */
function restOf({ signal, timeoutMs }: Patience): () => Patience {
  if (timeoutMs === undefined) return () => ({ signal, timeoutMs })
  const sinceMs = performance.now()
  return () => ({ signal, timeoutMs: Math.max(0, Math.ceil(sinceMs + timeoutMs - performance.now())) })
}

/**
 * Makes the plugin that sends requests and finds their answers. Give it to `connect`, `createClient`, `createPool` or
 * `createServer` in `plugins`; one may serve many of them.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createClient, createRequests, lines } from '@pollux/framework'
 *
 * const requests = createRequests({ timeoutMs: 1000 })
 * const client = createClient({ host: '127.0.0.1', port: 7000 }, { codec: lines(), plugins: [requests] })
 * const [one, two] = await Promise.all([
 *   requests.request(client, 'first'),
 *   requests.request(client, 'second'),
 * ])
 * ```
 */
export function createRequests<In = unknown, Out = unknown>(
  options: RequestOptions<In, Out> = {},
): Requests<In, Out> {
  return new Requests(options)
}
