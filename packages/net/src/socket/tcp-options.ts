/** Options of the socket below, which may be set before there is one. */
import { SocketError, type UnderlyingSocket } from '@pollux/core'
import { checkNumber, invalidType, outOfRange } from '../arguments.js'
import { errnoError } from '../errors.js'
import {
  kApplyKeepAlive,
  kChangeNoDelay,
  kConfigure,
  kSetOption,
  kTcp,
  kTryTypeOfService,
  kWire,
} from '../internals.js'
import type { InternalOptions } from './options.js'
import { SocketTimeout } from './timeout.js'

/** What a connected socket does about its options when it is connected. Replaced, not changed: most sockets share one. */
export interface TcpOptions {
  readonly noDelay: boolean
  readonly keepAlive: boolean
  readonly keepAliveDelaySeconds: number
  readonly keepAliveIntervalSeconds: number | undefined
  readonly keepAliveCount: number | undefined
  readonly typeOfService: number | undefined
}

/** Of a socket of which nothing else was asked. */
export const AS_OPENED: TcpOptions = {
  noDelay: false,
  keepAlive: false,
  keepAliveDelaySeconds: 0,
  keepAliveIntervalSeconds: undefined,
  keepAliveCount: undefined,
  typeOfService: undefined,
}

const WITHOUT_DELAY: TcpOptions = { ...AS_OPENED, noDelay: true }

/** With the options of TCP and IP that `net.Socket` has methods for. */
export abstract class SocketTcpOptions extends SocketTimeout {
  declare protected [kTcp]: TcpOptions

  setNoDelay(enable?: boolean): this {
    const noDelay = enable === undefined ? true : Boolean(enable)
    if (this[kWire] !== null && !this.connecting && noDelay !== this[kTcp].noDelay)
      this[kSetOption]('noDelay', noDelay)
    this[kChangeNoDelay](noDelay)
    return this
  }

  setKeepAlive(
    enable?: boolean | { enable?: boolean; initialDelay?: number; interval?: number; count?: number },
    initialDelay?: number,
    interval?: number,
    count?: number,
  ): this {
    const given =
      typeof enable === 'object' && enable !== null ? enable : { enable, initialDelay, interval, count }
    this[kTcp] = {
      ...this[kTcp],
      keepAlive: Boolean(given.enable),
      keepAliveDelaySeconds: wholeSeconds(given.initialDelay),
      keepAliveIntervalSeconds: given.interval === undefined ? undefined : wholeSeconds(given.interval),
      keepAliveCount: given.count,
    }
    if (this[kWire] !== null && !this.connecting) this[kApplyKeepAlive]()
    return this
  }

  /** The type-of-service byte (RFC 2474) of what is sent, 0 to 255; of an IPv6 socket its traffic class. */
  setTypeOfService(tos: number): this {
    if (Number.isNaN(tos)) throw invalidType('tos', 'of type number', tos)
    checkTypeOfService(tos, 'tos')
    const { [kTcp]: tcp, [kWire]: wire } = this
    const isNew = tos !== tcp.typeOfService
    this[kTcp] = { ...tcp, typeOfService: tos }
    if (isNew && wire !== null && !this.connecting) this[kTryTypeOfService](tos)
    return this
  }

  /** What the kernel says; before there is a connection what was asked for, or 0. */
  getTypeOfService(): number {
    const { [kTcp]: tcp, [kWire]: wire } = this
    if (wire === null || this.connecting || !wire.hasTypeOfService) return tcp.typeOfService ?? 0
    return wire.typeOfService
  }

  /** The rest of Berkeley sockets on this one. Undefined where there is no socket: before `connect`, and once it is closed. */
  get berkeley(): UnderlyingSocket | undefined {
    return this[kWire]?.berkeley
  }

  /** Options that a server gives its connections. */
  [kConfigure](noDelay: boolean, keepAlive: boolean, keepAliveDelaySeconds: number): void {
    if (noDelay) {
      this[kChangeNoDelay](true)
      this[kSetOption]('noDelay', true)
    }
    if (keepAlive) {
      this[kTcp] = { ...this[kTcp], keepAlive: true, keepAliveDelaySeconds }
      this[kApplyKeepAlive]()
    }
  }

  private [kChangeNoDelay](noDelay: boolean): void {
    if (noDelay !== this[kTcp].noDelay) {
      this[kTcp] = this[kTcp] === AS_OPENED ? WITHOUT_DELAY : { ...this[kTcp], noDelay }
    }
  }

  protected [kSetOption](name: 'noDelay' | 'keepAlive', value: boolean): void {
    this[kWire]?.setOption(name, value)
  }

  /** @throws what Node throws where the kernel refuses */
  protected [kTryTypeOfService](tos: number): void {
    try {
      if (this[kWire] !== null) this[kWire].typeOfService = tos
    } catch (error) {
      if (error instanceof SocketError && error.errno !== undefined) {
        throw errnoError(-Math.abs(error.errno), 'setTypeOfService')
      }
      throw error
    }
  }

  protected [kApplyKeepAlive](): void {
    const { keepAlive, keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount } = this[kTcp]
    this[kWire]?.setKeepAlive(keepAlive, keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount)
  }
}

/** What a new socket is asked for. @throws what the constructor of Node's throws */
export function tcpOptionsOf(options: InternalOptions): TcpOptions {
  const { keepAliveInterval, typeOfService } = options
  return {
    noDelay: Boolean(options.noDelay),
    keepAlive: Boolean(options.keepAlive),
    keepAliveDelaySeconds: wholeSeconds(options.keepAliveInitialDelay),
    keepAliveIntervalSeconds: keepAliveInterval === undefined ? undefined : wholeSeconds(keepAliveInterval),
    keepAliveCount: options.keepAliveCount,
    typeOfService:
      typeOfService === undefined ? undefined : checkTypeOfService(typeOfService, 'options.typeOfService'),
  }
}

/** Of milliseconds, as Node rounds them; 0 for what is no number. */
function wholeSeconds(milliseconds: number | undefined): number {
  return ~~((milliseconds ?? 0) / 1000)
}

/** A byte. @throws what Node throws for anything else */
function checkTypeOfService(value: unknown, name: string): number {
  const tos = checkNumber(value, name)
  if (!Number.isInteger(tos)) throw outOfRange(name, 'an integer', tos)
  if (tos < 0 || tos > 255) throw outOfRange(name, '>= 0 && <= 255', tos)
  return tos
}
