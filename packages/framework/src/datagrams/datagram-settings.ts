/** Options and handlers of a datagram server, checked and with their defaults. */
import { checkBoolean, checkInteger, checkObject, EventLoop, invalidArgType } from '@pollux/core'
import { type Counted, Statistics } from '../server/statistics.js'
import type { DatagramCodec, DatagramServerHandlers, DatagramServerInit } from './datagram-handlers.js'

const MAX_PENDING = 1024
const MAX_INT = 2 ** 31 - 1

const HANDLERS = ['message', 'error', 'drain', 'close', 'listening', 'failed', 'state'] as const

export class DatagramSettings<State, In, Out> {
  /** `this` of every handler. */
  readonly self: DatagramServerInit<State, In, Out>
  readonly message: DatagramServerHandlers<State, In, Out>['message']
  readonly codec: DatagramCodec<In, Out> | null
  readonly borrow: boolean
  readonly maxPending: number
  readonly name: string
  readonly loop: EventLoop
  readonly statistics: Statistics
  private warned = false

  /** @throws TypeError or RangeError that names the option */
  constructor(init: DatagramServerInit<State, In, Out>, openSockets: () => Iterable<Counted>) {
    checkObject(init, 'handlers')
    for (const name of HANDLERS) {
      const handler: unknown = init[name]
      const missing = handler === undefined && name !== 'message'
      if (!missing && typeof handler !== 'function') throw invalidArgType(name, 'of type function', handler)
    }
    this.self = init
    this.message = init.message
    this.codec = checkCodec(init.codec)
    this.borrow = checkBoolean(init.borrow ?? false, 'borrow')
    this.maxPending = checkInteger(init.maxPending ?? MAX_PENDING, 'maxPending', 1, MAX_INT)
    this.name = init.name ?? 'default'
    if (typeof this.name !== 'string') throw invalidArgType('name', 'of type string', this.name)
    if (init.loop !== undefined && !(init.loop instanceof EventLoop)) {
      throw invalidArgType('loop', 'an instance of EventLoop', init.loop)
    }
    this.loop = init.loop ?? EventLoop.default()
    this.statistics = new Statistics(openSockets)
  }

  /** What a handler threw where there is no `error` handler. Once: a flood of warnings would be a fault more. */
  warnOfHandlerError(error: unknown): void {
    if (this.warned) return
    this.warned = true
    process.emitWarning('A datagram handler failed, and there is no `error` handler to be told', {
      type: 'PolluxWarning',
      code: 'POLLUX_HANDLER_ERROR',
      detail: error instanceof Error ? error.stack : String(error),
    })
  }
}

function checkCodec<In, Out>(codec: DatagramCodec<In, Out> | undefined): DatagramCodec<In, Out> | null {
  if (codec === undefined) return null
  if (typeof codec?.decode !== 'function' || typeof codec.encode !== 'function') {
    throw invalidArgType('codec', 'an object with `decode` and `encode`', codec)
  }
  return codec
}
