/** What a user hands to `createClient`, and the same checked. */
import { checkInteger, checkObject, invalidArgType, outOfRange } from '@pollux/core'
import type { Connection } from '../connection/connection.js'
import type { ConnectionInit } from '../connection/handlers.js'
import { MAX_TIMEOUT_MS } from '../connection/settings.js'
import type { Client } from './reconnect.js'

/** What comes next after a failure. */
export interface Retry {
  /** Until the next attempt begins. */
  delayMs: number
  /** How often it failed in a row, this time included. */
  failures: number
  /** What went wrong; undefined where the connection ended in order. */
  error: unknown
}

/** What was never sent. */
export interface Unsent {
  messages: number
  bytes: number
}

/**
 * Handlers of the client itself, called with the client first; `this` is the object that they were given in. Handlers of
 * its connections stand beside them (`message`, `close`, …).
 */
export interface ClientHandlers<State = unknown, In = Buffer, Out = string | Uint8Array> {
  /**
   * There is a connection, and its handler `open` was called: the place to log in and to subscribe, with `connection`. The
   * promise of an async handler is waited for, before anybody else's messages are sent. What it throws costs the connection.
   */
  connected?(client: Client<State, In, Out>, connection: Connection<State, In, Out>): unknown
  /** The connection is lost, and its handler `close` was called. `error` says why, if it failed. */
  disconnected?(client: Client<State, In, Out>, error: unknown): unknown
  /** Connecting failed or the connection was lost, and another attempt will be made. */
  retry?(client: Client<State, In, Out>, retry: Retry): unknown
  /**
   * The client is closed for good: the last handler that is called.
   *
   * @param error undefined after `close()`; the signal's reason; ERR_POLLUX_RECONNECT_FAILED
   * @param unsent what was kept for a connection that did not come
   */
  closed?(client: Client<State, In, Out>, error: unknown, unsent: Unsent): unknown
}

/** How a client reconnects. */
export interface ClientOptions {
  /** The least time between a failure and the next attempt. Default 100. */
  minDelayMs?: number
  /** The most; the upper end of the jittered delay doubles with each failure until it is here. Default 30 000. */
  maxDelayMs?: number
  /** A connection that lasted so long was a success, and failures are counted from 0 again. Default 10 000. */
  stableAfterMs?: number
  /** Failures in a row (attempts, or connections that did not last) after which the client closes. Default Infinity. */
  maxAttempts?: number
  /**
   * How many bytes are kept while there is no connection, to be sent in order when there is one. What comes beyond is
   * refused: `send` throws. Default 0: nothing is kept.
   */
  maxOfflineBytes?: number
}

/** What `createClient` takes. */
export interface ClientInit<State = unknown, In = Buffer, Out = string | Uint8Array>
  extends ConnectionInit<State, In, Out>,
    ClientHandlers<State, In, Out>,
    ClientOptions {}

const HANDLERS = ['connected', 'disconnected', 'retry', 'closed'] as const

const MIN_DELAY_MS = 100
const MAX_DELAY_MS = 30_000
const STABLE_AFTER_MS = 10_000

/** @throws TypeError or RangeError that names the option */
export function checkClientInit<State, In, Out>(init: ClientInit<State, In, Out>): Required<ClientOptions> {
  checkObject(init, 'handlers')
  for (const name of HANDLERS) {
    const handler: unknown = init[name]
    if (handler !== undefined && typeof handler !== 'function') {
      throw invalidArgType(name, 'of type function', handler)
    }
  }
  const minDelayMs = checkInteger(init.minDelayMs ?? MIN_DELAY_MS, 'minDelayMs', 1, MAX_TIMEOUT_MS)
  const max = init.maxDelayMs ?? Math.max(MAX_DELAY_MS, minDelayMs)
  return {
    minDelayMs,
    maxDelayMs: checkInteger(max, 'maxDelayMs', minDelayMs, MAX_TIMEOUT_MS),
    stableAfterMs: checkInteger(init.stableAfterMs ?? STABLE_AFTER_MS, 'stableAfterMs', 0, MAX_TIMEOUT_MS),
    maxAttempts: checkCount(init.maxAttempts ?? Number.POSITIVE_INFINITY, 'maxAttempts', 1),
    maxOfflineBytes: checkInteger(init.maxOfflineBytes ?? 0, 'maxOfflineBytes', 0, Number.MAX_SAFE_INTEGER),
  }
}

/** `value` if it is an integer from `min` on, or Infinity. */
export function checkCount(value: unknown, name: string, min: number): number {
  if (value === Number.POSITIVE_INFINITY) return value
  return checkInteger(value, name, min, Number.MAX_SAFE_INTEGER)
}

/** `value` if it is a number from 0 on, or Infinity. */
export function checkDeadline(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0)) throw outOfRange('deadlineMs', '>= 0', value)
  return value
}
