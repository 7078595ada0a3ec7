/** Options of the socket below, which may be set before there is one. */
import { SocketError, type UnderlyingSocket } from '@pollux/core'
import { checkNumber, invalidType, outOfRange } from '../arguments.js'
import { errnoError } from '../errors.js'
import { SocketTimeout } from './timeout.js'

/** What a connected socket does about its options when it is connected. */
export interface TcpOptions {
  noDelay: boolean
  keepAlive: boolean
  keepAliveDelaySeconds: number
  keepAliveIntervalSeconds: number | undefined
  keepAliveCount: number | undefined
  typeOfService: number | undefined
}

/** With the options of TCP and IP that `net.Socket` has methods for. */
export abstract class SocketTcpOptions extends SocketTimeout {
  declare protected tcp: TcpOptions

  setNoDelay(enable?: boolean): this {
    const noDelay = enable === undefined ? true : Boolean(enable)
    if (this.wire !== null && !this.connecting && noDelay !== this.tcp.noDelay)
      this.setOption('noDelay', noDelay)
    this.tcp.noDelay = noDelay
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
    const { tcp } = this
    tcp.keepAlive = Boolean(given.enable)
    tcp.keepAliveDelaySeconds = wholeSeconds(given.initialDelay)
    tcp.keepAliveIntervalSeconds = given.interval === undefined ? undefined : wholeSeconds(given.interval)
    tcp.keepAliveCount = given.count
    if (this.wire !== null && !this.connecting) this.applyKeepAlive()
    return this
  }

  /** The type-of-service byte (RFC 2474) of what is sent, 0 to 255; of an IPv6 socket its traffic class. */
  setTypeOfService(tos: number): this {
    checkTypeOfService(tos, 'tos')
    const { tcp, wire } = this
    const isNew = tos !== tcp.typeOfService
    tcp.typeOfService = tos
    if (isNew && wire !== null && !this.connecting) this.tryTypeOfService(tos)
    return this
  }

  /** What the kernel says; before there is a connection what was asked for, or 0. */
  getTypeOfService(): number {
    const { tcp, wire } = this
    if (wire === null || this.connecting || !wire.hasTypeOfService) return tcp.typeOfService ?? 0
    return wire.typeOfService
  }

  /** The rest of Berkeley sockets on this one. Undefined where there is no socket: before `connect`, and once it is closed. */
  get berkeley(): UnderlyingSocket | undefined {
    return this.wire?.berkeley
  }

  /** Options that a server gives its connections. */
  configure(noDelay: boolean, keepAlive: boolean, keepAliveDelaySeconds: number): void {
    if (noDelay) {
      this.tcp.noDelay = true
      this.setOption('noDelay', true)
    }
    if (keepAlive) {
      this.tcp.keepAlive = true
      this.tcp.keepAliveDelaySeconds = keepAliveDelaySeconds
      this.applyKeepAlive()
    }
  }

  protected setOption(name: 'noDelay' | 'keepAlive', value: boolean): void {
    this.wire?.setOption(name, value)
  }

  /** @throws what Node throws where the kernel refuses */
  protected tryTypeOfService(tos: number): void {
    try {
      if (this.wire !== null) this.wire.typeOfService = tos
    } catch (error) {
      if (error instanceof SocketError && error.errno !== undefined) {
        throw errnoError(-Math.abs(error.errno), 'setTypeOfService')
      }
      throw error
    }
  }

  protected applyKeepAlive(): void {
    const { keepAlive, keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount } = this.tcp
    this.wire?.setKeepAlive(keepAlive, keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount)
  }
}

/** Of milliseconds, as Node rounds them; 0 for what is no number. */
export function wholeSeconds(milliseconds: number | undefined): number {
  return Math.trunc((milliseconds ?? 0) / 1000) || 0
}

/** @throws what `socket.setTypeOfService` of Node throws */
export function checkTypeOfService(value: unknown, name: string): number | undefined {
  if (Number.isNaN(value)) throw invalidType(name, 'of type number', value)
  const tos = checkNumber(value, name)
  if (!Number.isInteger(tos)) throw outOfRange(name, 'an integer', tos)
  if (tos < 0 || tos > 255) throw outOfRange(name, '>= 0 && <= 255', tos)
  return tos
}
