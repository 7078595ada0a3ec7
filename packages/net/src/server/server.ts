/** A server with the interface of `net.Server`, on the event loop of Pollux. */
import { type LookupAddress, lookup } from 'node:dns'
import EventEmitter from 'node:events'
import { chmodSync } from 'node:fs'
import type { AddressInfo, ListenOptions } from 'node:net'
import { getDefaultHighWaterMark } from 'node:stream'
import { ChannelSocket, EventLoop, SocketError } from '@pollux/core'
import {
  type Callback,
  checkNumber,
  checkPort,
  invalidType,
  invalidValue,
  isPath,
  normalizeArguments,
  toNumber,
} from '../arguments.js'
import { listenError, nodeError } from '../errors.js'
import { type InternalOptions, Socket } from '../socket.js'
import type { Wire } from '../wire.js'
import { ANY_IPV4, ANY_IPV6, bindIp, bindPath, hasIpv6, preferred } from './bind.js'
import { Listener } from './listener.js'
import type { DropArgument, ServerOptions } from './options.js'

/** As Node asks for, unless it is told. */
const BACKLOG = 511

type ConnectionListener = (socket: Socket) => void

abstract class ServerMethods extends EventEmitter {
  declare maxConnections: number
  declare dropMaxConnection: boolean
  declare allowHalfOpen: boolean
  declare pauseOnConnect: boolean
  declare noDelay: boolean
  declare keepAlive: boolean
  declare keepAliveInitialDelay: number
  declare highWaterMark: number
  declare blockList: unknown
  declare _connections: number
  declare private listener: Listener | null
  declare private path: string | undefined
  declare private isReferenced: boolean
  /** Counts calls of `listen` and `close`: an answer that comes after the next one means nothing. */
  declare private calls: number

  protected initialize(options: ServerOptions): void {
    this._connections = 0
    this.listener = null
    this.path = undefined
    this.isReferenced = true
    this.calls = 1
    this.allowHalfOpen = options.allowHalfOpen || false
    this.pauseOnConnect = Boolean(options.pauseOnConnect)
    this.noDelay = Boolean(options.noDelay)
    this.keepAlive = Boolean(options.keepAlive)
    this.keepAliveInitialDelay = Math.trunc((options.keepAliveInitialDelay ?? 0) / 1000)
    this.highWaterMark = options.highWaterMark ?? getDefaultHighWaterMark(false)
  }

  get listening(): boolean {
    return this.listener !== null
  }

  get _handle(): Listener | null {
    return this.listener
  }

  listen(...args: unknown[]): this {
    const [given, callback] = normalizeArguments(args)
    if (this.listener !== null) {
      const text = 'Listen method has been called more than once without closing.'
      throw nodeError(Error, 'ERR_SERVER_ALREADY_LISTEN', text)
    }
    if (callback !== null) this.once('listening', callback)
    const options = given as ListenOptions & { fd?: number }
    const backlogArgument =
      toNumber(args.length > 1 && args[1]) || toNumber(args.length > 2 && args[2]) || undefined
    this.calls++
    this.followSignal(options.signal)
    if (typeof options.fd === 'number' && options.fd >= 0) {
      this.listenOnFd(options.fd, backlogArgument)
      return this
    }
    const anyPort =
      args.length === 0 ||
      typeof args[0] === 'function' ||
      (options.port === undefined && 'port' in options) ||
      options.port === null
    const port: unknown = anyPort ? 0 : options.port
    const backlog = options.backlog || backlogArgument
    if (typeof port === 'number' || typeof port === 'string') {
      const number = checkPort(port, 'options.port')
      if (options.host) this.lookUpAndListen(options.host, number, backlog, options)
      else this.listenOnIp(null, number, backlog, options)
      return this
    }
    if (options.path && isPath(options.path)) {
      this.listenOnPath(options.path, backlog, options)
      return this
    }
    throw invalidValue(
      'options',
      given,
      'port' in options || 'path' in options ? 'is invalid' : 'must have the property "port" or "path"',
    )
  }

  address(): AddressInfo | string | null {
    const { listener } = this
    if (listener === null) return null
    const { address } = listener
    if (address.family === 'Unix') return this.path ?? address.path
    return { address: address.host, family: address.family, port: address.port }
  }

  close(callback?: (error?: Error) => void): this {
    this.calls++
    if (typeof callback === 'function') {
      if (this.listener !== null) this.once('close', callback)
      else
        this.once('close', () =>
          callback(nodeError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')),
        )
    }
    this.listener?.close()
    this.listener = null
    this._emitCloseIfDrained()
    return this
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(callback, null, this._connections)
    return this
  }

  ref(): this {
    this.isReferenced = true
    this.listener?.ref()
    return this
  }

  unref(): this {
    this.isReferenced = false
    this.listener?.unref()
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.listener === null) return
    await new Promise<void>((resolve, reject) => {
      this.close((error) => (error === undefined ? resolve() : reject(error)))
    })
  }

  override [EventEmitter.captureRejectionSymbol](error: Error, event: string, socket: Socket): void {
    if (event === 'connection') socket.destroy(error)
    else this.emit('error', error)
  }

  // --- for the modules of this package ---

  accepted(wire: Wire): void {
    if (this.maxConnections && this._connections >= this.maxConnections) {
      this.drop(wire)
      return
    }
    const options: InternalOptions = {
      wire,
      allowHalfOpen: this.allowHalfOpen,
      pauseOnCreate: this.pauseOnConnect,
      readable: true,
      writable: true,
      readableHighWaterMark: this.highWaterMark,
      writableHighWaterMark: this.highWaterMark,
    }
    const socket = new Socket(options as never)
    socket.configure(this.noDelay, this.keepAlive, this.keepAliveInitialDelay)
    this._connections++
    socket.server = this as unknown as Server
    socket._server = this as unknown as Server
    this.emit('connection', socket)
  }

  socketClosed(): void {
    this._connections--
    this._emitCloseIfDrained()
  }

  _emitCloseIfDrained(): void {
    if (this.listener !== null || this._connections > 0) return
    process.nextTick(() => this.emit('close'))
  }

  private drop(wire: Wire): void {
    const { localAddress: local, remoteAddress: remote } = wire
    const data: DropArgument = {}
    if (local !== undefined && local.family !== 'Unix') {
      data.localAddress = local.host
      data.localPort = local.port
      data.localFamily = local.family
    }
    if (remote !== undefined && remote.family !== 'Unix') {
      data.remoteAddress = remote.host
      data.remotePort = remote.port
      data.remoteFamily = remote.family
    }
    this.emit('drop', data)
    wire.close(false, () => {})
  }

  private followSignal(signal: AbortSignal | undefined): void {
    if (signal === undefined) return
    if (typeof signal !== 'object' || signal === null || !('aborted' in signal)) {
      throw invalidType('options.signal', 'an instance of AbortSignal', signal)
    }
    const abort = () => this.close()
    if (signal.aborted) {
      process.nextTick(abort)
      return
    }
    signal.addEventListener('abort', abort, { once: true })
    this.once('close', () => signal.removeEventListener('abort', abort))
  }

  private lookUpAndListen(
    host: string,
    port: number,
    backlog: number | undefined,
    options: ListenOptions,
  ): void {
    const { calls } = this
    lookup(host, { all: true }, (error, addresses) => {
      if (calls !== this.calls) return
      if (error) this.emit('error', error)
      else this.listenOnIp(preferred(addresses), port, backlog, options)
    })
  }

  private listenOnIp(
    address: LookupAddress | null,
    port: number,
    backlog: number | undefined,
    options: ListenOptions & { reusePort?: boolean },
  ): void {
    if (address !== null) {
      this.start(() => bindIp(address.address, port, options), backlog, address.address, port)
      return
    }
    const host = hasIpv6() ? ANY_IPV6 : ANY_IPV4
    this.start(() => bindIp(host, port, options), backlog, host, port)
  }

  private listenOnPath(path: string, backlog: number | undefined, options: ListenOptions): void {
    const { readableAll, writableAll } = options
    if (path[0] === '\0' && (readableAll || writableAll)) {
      const text = 'can not set readableAll or writableAllt to true when path is abstract unix socket'
      throw invalidValue('options', options, text)
    }
    this.path = path
    this.start(() => bindPath(path), backlog, path, undefined)
    if (this.listener !== null && (readableAll || writableAll)) {
      chmodSync(path, 0o700 | (readableAll ? 0o444 : 0) | (writableAll ? 0o222 : 0))
    }
  }

  private listenOnFd(fd: number, backlog: number | undefined): void {
    this.start(() => ChannelSocket.adopt(fd, EventLoop.default()), backlog, null, undefined)
  }

  private start(
    open: () => ChannelSocket,
    backlog: number | undefined,
    address: string | null,
    port: number | undefined,
  ): void {
    let socket: ChannelSocket | undefined
    try {
      socket = open()
      const bound = socket.localAddress
      const listener = new Listener(
        socket.loop,
        socket.slot,
        socket.generation,
        this as unknown as Server,
        bound,
      )
      socket.listen(false, backlog ?? BACKLOG)
      socket.release()
      this.listener = listener
      if (!this.isReferenced) listener.unref()
      process.nextTick(() => {
        if (this.listener === listener) this.emit('listening')
      })
    } catch (error) {
      socket?.close()
      if (!(error instanceof SocketError) || error.errno === undefined) throw error
      const told = listenError(error.errno, address, port)
      process.nextTick(() => this.emit('error', told))
    }
  }
}

/** A server as `net.Server` has it. */
export interface Server extends ServerMethods {}

/** `new Server(options, listener)`, or without `new`, or by `call` in a constructor that inherits from it. */
export interface ServerConstructor {
  new (options?: ServerOptions | ConnectionListener, listener?: ConnectionListener): Server
  (options?: ServerOptions | ConnectionListener, listener?: ConnectionListener): Server
  readonly prototype: Server
}

export const Server: ServerConstructor = function (
  this: unknown,
  given?: unknown,
  listener?: unknown,
): Server | undefined {
  if (!(this instanceof Server)) return new Server(given as ServerOptions, listener as ConnectionListener)
  let options: ServerOptions = {}
  let onConnection = listener
  if (typeof given === 'function') onConnection = given
  else if (given !== undefined && given !== null && typeof given !== 'object') {
    throw invalidType('options', 'of type object', given)
  } else options = { ...(given as ServerOptions) }
  if (options.keepAliveInitialDelay !== undefined) {
    const delay = checkNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay')
    options.keepAliveInitialDelay = Math.max(delay, 0)
  }
  if (options.highWaterMark !== undefined) {
    const mark = checkNumber(options.highWaterMark, 'options.highWaterMark')
    if (mark < 0) delete options.highWaterMark
  }
  ;(EventEmitter as unknown as (this: unknown, options: ServerOptions) => void).call(this, options)
  ;(this as unknown as { initialize(options: ServerOptions): void }).initialize(options)
  if (typeof onConnection === 'function') (this as Server).on('connection', onConnection as Callback)
  return undefined
} as unknown as ServerConstructor

Object.defineProperty(Server, 'prototype', { value: ServerMethods.prototype, writable: false })
Object.defineProperty(ServerMethods.prototype, 'constructor', {
  value: Server,
  writable: true,
  configurable: true,
})
Object.setPrototypeOf(Server, EventEmitter)
Object.defineProperty(Server, 'name', { value: 'Server' })
