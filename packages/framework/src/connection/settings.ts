/** Options and handlers, checked and with their defaults, in an object of one shape for the hot path. */
import {
  checkBoolean,
  checkInteger,
  checkObject,
  EventLoop,
  invalidArgType,
  invalidArgValue,
} from '@pollux/core'
import type { Codec, CodecSource } from '../codecs/codec.js'
import { Contexts } from '../diagnostics/contexts.js'
import { Hooks } from '../plugins/hooks.js'
import type { Plugin } from '../plugins/plugin.js'
import { type Counted, Statistics } from '../server/statistics.js'
import { TlsPlugin } from '../tls/tls-plugin.js'
import type { Adapter } from './adapter.js'
import type { Timeouts } from './deadlines.js'
import type {
  ConnectionHandlers,
  ConnectionInit,
  ConnectionOptions,
  ServerInit,
  UpgradeInit,
} from './handlers.js'

const KIB = 1024
const MIB = 1024 * KIB

const HIGH_WATER_MARK = 256 * KIB
const LOW_WATER_PART = 4
const MAX_QUEUED_BYTES = 64 * MIB

const MAX_INT = 2 ** 31 - 1

/** The longest timeout, some 24 days: as for Node's timers. */
export const MAX_TIMEOUT_MS = MAX_INT

/** Names of connection handlers; each must be a function where it is given. */
const HANDLERS = ['open', 'message', 'data', 'drain', 'end', 'timeout', 'error', 'close'] as const

const HANDLERS_AND_STATE = [...HANDLERS, 'state'] as const

/** Names of server handlers, none of which must be given. */
const SERVER_HANDLERS = [
  'listening',
  'acceptPaused',
  'acceptResumed',
  'closing',
  'overload',
  'failed',
] as const

const HANDSHAKE_TIMEOUT_MS = 10_000

const OVERFLOWS = ['close', 'drop', 'error'] as const

/** @throws TypeError that names the handler which is no function */
export function checkServerHandlers<State, In, Out>(init: ServerInit<State, In, Out>): void {
  checkFunctions(init, SERVER_HANDLERS)
}

type Handlers<State, In, Out> = Required<ConnectionHandlers<State, In, Out>>

export class Settings<State, In, Out> {
  /** `this` of every handler. */
  readonly self: object
  readonly open: Handlers<State, In, Out>['open'] | null
  readonly message: Handlers<State, In, Out>['message'] | null
  readonly data: Handlers<State, In, Out>['data'] | null
  readonly drain: Handlers<State, In, Out>['drain'] | null
  readonly end: Handlers<State, In, Out>['end'] | null
  readonly timeout: Handlers<State, In, Out>['timeout'] | null
  readonly error: Handlers<State, In, Out>['error'] | null
  readonly close: Handlers<State, In, Out>['close'] | null
  readonly state: Required<ConnectionOptions<State, In, Out>>['state'] | null
  readonly codec: CodecSource<In, Out> | null
  /** Who takes the messages in place of `message` and `data`; null: nobody does. */
  readonly adapter: Adapter<In> | null
  /** What makes connections TLS; null: they are not. */
  readonly tls: TlsPlugin | null
  readonly hooks: Hooks
  /** Whether messages may be views of what was received. */
  readonly borrow: boolean
  /** Whether the reactor hands out borrowed chunks: a codec copies what is to be kept, and only that. */
  readonly borrowChunks: boolean
  readonly highWaterMark: number
  readonly lowWaterMark: number
  readonly maxQueuedBytes: number
  readonly overflow: 'close' | 'drop' | 'error'
  readonly pauseOnBackpressure: boolean
  readonly timeouts: Timeouts
  /** Whether an open connection has any of them. */
  readonly hasTimeouts: boolean
  readonly allowHalfOpen: boolean
  readonly noDelay: boolean
  readonly loop: EventLoop
  readonly statistics: Statistics
  private readonly warnings: Warnings
  private readonly contexts: Contexts | null
  /** Whether these were made of others, whose handlers have their `this` already. */
  private readonly isDerived: boolean

  /** @throws TypeError or RangeError that names the option */
  constructor(
    init: ConnectionInit<State, In, Out>,
    openConnections: () => Iterable<Counted>,
    base: Settings<State, never, never> | null = null,
    adapter: Adapter<In> | null = null,
  ) {
    checkObject(init, 'handlers')
    checkFunctions(init, HANDLERS)
    checkFunctions(init, ['state'])
    this.self = init
    this.isDerived = base !== null
    const asked = checkBoolean(init.asyncContext ?? false, 'asyncContext')
    this.contexts = base?.contexts ?? (asked ? new Contexts() : null)
    const handlers = this.contexts?.wrapped(init, HANDLERS_AND_STATE) ?? init
    this.open = handlers.open ?? null
    this.message = handlers.message ?? null
    this.data = handlers.data ?? null
    this.drain = handlers.drain ?? null
    this.end = handlers.end ?? null
    this.timeout = handlers.timeout ?? null
    this.error = handlers.error ?? null
    this.close = handlers.close ?? null
    this.state = handlers.state ?? null
    this.codec = checkCodec(init)
    this.adapter = adapter
    this.tls = base === null ? tlsOf(init) : base.tls
    this.hooks = base?.hooks ?? new Hooks(withTls(init.plugins ?? [], this.tls))
    this.borrow = checkBoolean(init.borrow ?? false, 'borrow')
    // Which was decided when the socket was made.
    this.borrowChunks = base?.borrowChunks ?? (this.borrow || this.codec !== null)
    this.highWaterMark = checkInteger(init.highWaterMark ?? HIGH_WATER_MARK, 'highWaterMark', 1, MAX_INT)
    const low = init.lowWaterMark ?? Math.floor(this.highWaterMark / LOW_WATER_PART)
    this.lowWaterMark = checkInteger(low, 'lowWaterMark', 0, this.highWaterMark - 1)
    const max = init.maxQueuedBytes ?? Math.max(MAX_QUEUED_BYTES, this.highWaterMark)
    this.maxQueuedBytes = checkInteger(max, 'maxQueuedBytes', this.highWaterMark, Number.MAX_SAFE_INTEGER)
    this.overflow = init.overflow ?? 'close'
    if (!OVERFLOWS.includes(this.overflow)) {
      throw invalidArgValue('overflow', `must be one of: ${OVERFLOWS.join(', ')}`, init.overflow)
    }
    const pause = init.pauseOnBackpressure ?? this.codec !== null
    this.pauseOnBackpressure = checkBoolean(pause, 'pauseOnBackpressure')
    this.timeouts = checkTimeouts(init)
    const { idleMs, firstMessageMs, messageMs, writeMs } = this.timeouts
    this.hasTimeouts = idleMs + firstMessageMs + messageMs + writeMs > 0
    this.allowHalfOpen = checkBoolean(init.allowHalfOpen ?? false, 'allowHalfOpen')
    this.noDelay = checkBoolean(init.noDelay ?? true, 'noDelay')
    if (init.loop !== undefined && !(init.loop instanceof EventLoop)) {
      throw invalidArgType('loop', 'an instance of EventLoop', init.loop)
    }
    this.loop = base?.loop ?? init.loop ?? EventLoop.default()
    this.statistics = base?.statistics ?? new Statistics(openConnections)
    this.warnings = base?.warnings ?? new Warnings()
  }

  /** The same with another codec, and with other handlers where there are some. */
  upgraded<In2, Out2>(
    codec: CodecSource<In2, Out2>,
    init: UpgradeInit<State, In2, Out2>,
  ): Settings<State, In2, Out2> {
    checkObject(init, 'handlers')
    const { self } = this
    const before = self as ConnectionInit<State, In2, Out2>
    const handlers: Record<string, unknown> = {}
    for (const name of HANDLERS) {
      // There is no place for it beside a codec.
      if (name === 'data') continue
      const given: unknown = init[name]
      // The handlers of before keep their `this`.
      if (given !== undefined) handlers[name] = bound(given, init)
      else handlers[name] = this.isDerived ? before[name] : before[name]?.bind(self)
    }
    const adapter = init.message === undefined ? (this.adapter as Adapter<In2> | null) : null
    if (adapter !== null)
      handlers.message = (_connection: unknown, message: In2) => adapter.onMessage(message)
    return new Settings<State, In2, Out2>(
      { ...before, ...handlers, data: undefined, codec, borrow: init.borrow ?? this.borrow },
      () => [],
      this as unknown as Settings<State, never, never>,
      adapter,
    )
  }

  /** The same, with somebody who takes the messages, and who hears of everything else beside the handlers. */
  adapted<In2>(adapter: Adapter<In2>, changes: AdapterChanges<In2>): Settings<State, In2, Out> {
    const { self } = this
    const before = self as ConnectionInit<State, In2, Out>
    const codec = changes.codec ?? (this.codec as CodecSource<In2, Out> | null)
    const copies = codec === null && this.borrowChunks
    const received = (_connection: unknown, message: In2) => {
      adapter.onMessage(copies ? (Buffer.from(message as Buffer) as In2) : message)
    }
    return new Settings<State, In2, Out>(
      {
        ...before,
        open: before.open?.bind(self),
        state: before.state?.bind(self),
        timeout: before.timeout?.bind(self),
        error: before.error?.bind(self),
        codec: codec ?? undefined,
        message: codec === null ? undefined : received,
        data: codec === null ? (received as (connection: unknown, chunk: Buffer) => void) : undefined,
        drain(connection) {
          adapter.onDrained()
          return before.drain?.call(self, connection)
        },
        end(connection) {
          adapter.onPeerEnd()
          return before.end?.call(self, connection)
        },
        close(connection, error) {
          adapter.onClosed(error)
          return before.close?.call(self, connection, error)
        },
        borrow: false,
        pauseOnBackpressure: changes.pauseOnBackpressure ?? this.pauseOnBackpressure,
        // Whoever takes the messages still has an answer to give when the last one is there.
        allowHalfOpen: true,
      },
      () => [],
      this as unknown as Settings<State, never, never>,
      adapter,
    )
  }

  /** A codec for one connection. */
  makeCodec(): Codec<In, Out> | null {
    return typeof this.codec === 'function' ? this.codec() : this.codec
  }

  /** What a handler threw where no `error` handler can be told. */
  warnOfHandlerError(error: unknown): void {
    this.warnings.handlerError(error)
  }
}

/** What an adapter wants to be different. */
export interface AdapterChanges<In> {
  /** A codec of its own. Default: that of the connection. */
  codec?: CodecSource<In, never>
  pauseOnBackpressure?: boolean
}

function tlsOf(init: { tls?: unknown }): TlsPlugin | null {
  return init.tls === undefined ? null : new TlsPlugin(init.tls)
}

/** Behind the others: they refuse a connection before it costs a handshake, and read what comes before it. */
function withTls(plugins: readonly Plugin[], tls: TlsPlugin | null): readonly Plugin[] {
  return tls === null ? plugins : [...plugins, tls]
}

/** What is said once for each server: a flood of warnings would be a fault more. */
class Warnings {
  private warned = false

  handlerError(error: unknown): void {
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

function bound(handler: unknown, self: object): unknown {
  return typeof handler === 'function' ? handler.bind(self) : handler
}

function checkFunctions<Name extends string>(
  init: Partial<Record<Name, unknown>>,
  names: readonly Name[],
): void {
  for (const name of names) {
    const value = init[name]
    if (value !== undefined && typeof value !== 'function') {
      throw invalidArgType(name, 'of type function', value)
    }
  }
}

function checkTimeouts<State, In, Out>(init: ConnectionInit<State, In, Out>): Timeouts {
  const { idleTimeoutMs, handshakeTimeoutMs, firstMessageTimeoutMs, messageTimeoutMs, writeTimeoutMs } = init
  return {
    idleMs: checkTimeout(idleTimeoutMs ?? 0, 'idleTimeoutMs'),
    handshakeMs: checkTimeout(handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS, 'handshakeTimeoutMs'),
    firstMessageMs: checkTimeout(firstMessageTimeoutMs ?? 0, 'firstMessageTimeoutMs'),
    messageMs: checkTimeout(messageTimeoutMs ?? 0, 'messageTimeoutMs'),
    writeMs: checkTimeout(writeTimeoutMs ?? 0, 'writeTimeoutMs'),
  }
}

function checkTimeout(value: unknown, name: string): number {
  return checkInteger(value, name, 0, MAX_TIMEOUT_MS)
}

/** A codec with `message`, or neither with `data`; or `open` alone, which takes the messages otherwise. */
function checkCodec<State, In, Out>(init: ConnectionInit<State, In, Out>): CodecSource<In, Out> | null {
  const { codec, message, data, open } = init
  if (codec === undefined) {
    if (message !== undefined) {
      throw invalidArgType('codec', 'a codec, for there is a `message` handler (or use `data`)', codec)
    }
    if (data === undefined && open === undefined) {
      throw invalidArgType('data', 'of type function (or give a `codec` with a `message` handler)', data)
    }
    return null
  }
  const isCodec =
    typeof codec === 'function' ||
    (typeof codec === 'object' && typeof codec?.decode === 'function' && typeof codec.encode === 'function')
  if (!isCodec) throw invalidArgType('codec', 'a codec, or a function that makes one', codec)
  if (data !== undefined) {
    throw invalidArgValue(
      'data',
      'can not be given with a codec, which hands its messages to `message`',
      data,
    )
  }
  return codec
}
