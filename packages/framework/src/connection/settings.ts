/** Options and handlers, checked and with their defaults, in an object of one shape for the hot path. */
import { checkBoolean, checkInteger, checkObject, EventLoop, invalidArgType } from '@pollux/core'
import type { ConnectionHandlers, ConnectionInit, ConnectionOptions, ServerInit } from './handlers.js'

const KIB = 1024
const MIB = 1024 * KIB

const HIGH_WATER_MARK = 256 * KIB
const LOW_WATER_PART = 4
const MAX_QUEUED_BYTES = 64 * MIB

const MAX_INT = 2 ** 31 - 1

/** The longest timeout, some 24 days: as for Node's timers. */
export const MAX_TIMEOUT_MS = MAX_INT

/** Names of connection handlers; each must be a function where it is given. */
const HANDLERS = ['open', 'data', 'drain', 'end', 'timeout', 'error', 'close', 'state'] as const

/** Names of server handlers, none of which must be given. */
const SERVER_HANDLERS = ['listening', 'acceptPaused', 'acceptResumed', 'failed'] as const

/** @throws TypeError that names the handler which is no function */
export function checkServerHandlers<State>(init: ServerInit<State>): void {
  for (const name of SERVER_HANDLERS) {
    const handler: unknown = init[name]
    if (handler !== undefined && typeof handler !== 'function') {
      throw invalidArgType(name, 'of type function', handler)
    }
  }
}

type Handlers<State> = Required<ConnectionHandlers<State>>

export class Settings<State> {
  /** `this` of every handler. */
  readonly self: object
  readonly open: Handlers<State>['open'] | null
  readonly data: Handlers<State>['data']
  readonly drain: Handlers<State>['drain'] | null
  readonly end: Handlers<State>['end'] | null
  readonly timeout: Handlers<State>['timeout'] | null
  readonly error: Handlers<State>['error'] | null
  readonly close: Handlers<State>['close'] | null
  readonly state: Required<ConnectionOptions<State>>['state'] | null
  readonly borrow: boolean
  readonly highWaterMark: number
  readonly lowWaterMark: number
  readonly maxQueuedBytes: number
  readonly idleTimeoutMs: number
  readonly allowHalfOpen: boolean
  readonly noDelay: boolean
  readonly loop: EventLoop
  /** Bytes written to connections that had closed meanwhile. */
  droppedBytes = 0
  private warned = false

  /** @throws TypeError or RangeError that names the option */
  constructor(init: ConnectionInit<State>) {
    checkObject(init, 'handlers')
    for (const name of HANDLERS) {
      const handler: unknown = init[name]
      const missing = handler === undefined && name !== 'data'
      if (!missing && typeof handler !== 'function') throw invalidArgType(name, 'of type function', handler)
    }
    this.self = init
    this.open = init.open ?? null
    this.data = init.data
    this.drain = init.drain ?? null
    this.end = init.end ?? null
    this.timeout = init.timeout ?? null
    this.error = init.error ?? null
    this.close = init.close ?? null
    this.state = init.state ?? null
    this.borrow = checkBoolean(init.borrow ?? false, 'borrow')
    this.highWaterMark = checkInteger(init.highWaterMark ?? HIGH_WATER_MARK, 'highWaterMark', 1, MAX_INT)
    const low = init.lowWaterMark ?? Math.floor(this.highWaterMark / LOW_WATER_PART)
    this.lowWaterMark = checkInteger(low, 'lowWaterMark', 0, this.highWaterMark - 1)
    const max = init.maxQueuedBytes ?? Math.max(MAX_QUEUED_BYTES, this.highWaterMark)
    this.maxQueuedBytes = checkInteger(max, 'maxQueuedBytes', this.highWaterMark, Number.MAX_SAFE_INTEGER)
    this.idleTimeoutMs = checkInteger(init.idleTimeoutMs ?? 0, 'idleTimeoutMs', 0, MAX_TIMEOUT_MS)
    this.allowHalfOpen = checkBoolean(init.allowHalfOpen ?? false, 'allowHalfOpen')
    this.noDelay = checkBoolean(init.noDelay ?? true, 'noDelay')
    if (init.loop !== undefined && !(init.loop instanceof EventLoop)) {
      throw invalidArgType('loop', 'an instance of EventLoop', init.loop)
    }
    this.loop = init.loop ?? EventLoop.default()
  }

  /** What a handler threw where no `error` handler can be told. Once: a flood of warnings would be a fault more. */
  warnOfHandlerError(error: unknown): void {
    if (this.warned) return
    this.warned = true
    process.emitWarning(
      'A connection handler failed, and `error` could not be told: there is none, or it was told of an earlier failure',
      {
        type: 'PolluxWarning',
        code: 'POLLUX_HANDLER_ERROR',
        detail: error instanceof Error ? error.stack : String(error),
      },
    )
  }
}
