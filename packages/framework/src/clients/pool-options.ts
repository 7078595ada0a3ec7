/** What a user tells a pool, and the same checked. */
import { checkInteger, checkObject } from '@pollux/core'
import type { Connection } from '../connection/connection.js'
import type { ConnectionInit } from '../connection/handlers.js'
import { MAX_TIMEOUT_MS } from '../connection/settings.js'
import { checkCount } from './client-options.js'
import type { Pool } from './pool.js'

/** What `createPool` takes of handlers. */
export interface PoolInit<State = unknown, In = Buffer, Out = string | Uint8Array>
  extends ConnectionInit<State, In, Out> {
  /**
   * A connection was made, and nobody has it yet: the place to log in. The promise of an async handler is waited for; what
   * it throws costs the connection, and counts as a connect that failed.
   */
  connected?(pool: Pool<State, In, Out>, connection: Connection<State, In, Out>): unknown
}

/** The size of a pool, and who has to wait how long. */
export interface PoolOptions {
  /** The most connections at a time. Default 10. */
  maxConnections?: number
  /** So many unused connections are held ready. Default 0. */
  minIdle?: number
  /** An unused connection beyond `minIdle` is closed after so long. 0: never. Default 30 000. */
  idleTimeoutMs?: number
  /** The most `acquire`s that may wait; one more is refused (ERR_POLLUX_TOO_MANY_WAITING). Default 1000. */
  maxWaiting?: number
  /** How long `acquire` waits, unless it is told; Infinity: for ever. Default 10 000. */
  acquireTimeoutMs?: number
}

const MAX_CONNECTIONS = 10
const IDLE_TIMEOUT_MS = 30_000
const MAX_WAITING = 1000
const ACQUIRE_TIMEOUT_MS = 10_000

const MAX_INT = 2 ** 31 - 1

/** @throws TypeError or RangeError that names the option */
export function checkPoolOptions(options: PoolOptions): Required<PoolOptions> {
  checkObject(options, 'options')
  const maxConnections = checkInteger(options.maxConnections ?? MAX_CONNECTIONS, 'maxConnections', 1, MAX_INT)
  const acquireTimeoutMs = options.acquireTimeoutMs ?? ACQUIRE_TIMEOUT_MS
  if (acquireTimeoutMs !== Number.POSITIVE_INFINITY) {
    checkInteger(acquireTimeoutMs, 'acquireTimeoutMs', 0, MAX_TIMEOUT_MS)
  }
  return {
    maxConnections,
    minIdle: checkInteger(options.minIdle ?? 0, 'minIdle', 0, maxConnections),
    idleTimeoutMs: checkInteger(options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, 'idleTimeoutMs', 0, MAX_TIMEOUT_MS),
    maxWaiting: checkCount(options.maxWaiting ?? MAX_WAITING, 'maxWaiting', 0),
    acquireTimeoutMs,
  }
}
