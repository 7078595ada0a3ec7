/**
 * A server with the interface of `net.Server`, on the event loop of Pollux.
 *
 * ```
 *   EventEmitter ◁─ ServerAccepting ◁─ ServerListening ◁─ ServerMethods ◁─ Server
 *                   connections        listen             the rest         construction
 * ```
 */
import EventEmitter from 'node:events'
import { type AddressInfo, Server as NodeServer } from 'node:net'
import { getDefaultHighWaterMark } from 'node:stream'
import type { UnderlyingSocket } from '@pollux/core'
import { type Callback, checkFunction } from '../arguments.js'
import { makeClass, takeForOurs } from '../class-function.js'
import { nodeError } from '../errors.js'
import { kInitialize } from '../internals.js'
import type { Socket } from '../socket/socket.js'
import type { ServerOptions } from '../types.js'
import { ServerListening } from './listening.js'
import { checkServerOptions } from './options.js'

type ConnectionListener = (socket: Socket) => void

/** The methods of {@link Server}, which is a function and no class: programs call it without `new`, and by `call`. */
abstract class ServerMethods extends ServerListening {
  // Names of Node's: programs look at them although they are not documented.
  declare _usingWorkers: boolean
  declare _workers: unknown[]

  protected [kInitialize](options: ServerOptions): void {
    this._connections = 0
    this._handle = null
    this._usingWorkers = false
    this._workers = []
    this._unref = false
    this._listeningId = 1
    this.allowHalfOpen = options.allowHalfOpen || false
    this.pauseOnConnect = Boolean(options.pauseOnConnect)
    this.noDelay = Boolean(options.noDelay)
    this.keepAlive = Boolean(options.keepAlive)
    this.keepAliveInitialDelay = Math.trunc((options.keepAliveInitialDelay ?? 0) / 1000)
    this.highWaterMark = options.highWaterMark ?? getDefaultHighWaterMark(false)
    if (options.blockList) this.blockList = options.blockList
  }

  // --- what Node documents ---

  get listening(): boolean {
    return this._handle !== null
  }

  address(): AddressInfo | string | null {
    return this._handle?.address() ?? this._pipeName ?? null
  }

  close(callback?: (error?: Error) => void): this {
    this._listeningId++
    if (typeof callback === 'function') {
      if (this._handle !== null) this.once('close', callback)
      else {
        this.once('close', () =>
          callback(nodeError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')),
        )
      }
    }
    this._handle?.close()
    this._handle = null
    this._emitCloseIfDrained()
    return this
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(checkFunction(callback, 'callback'), null, this._connections)
    return this
  }

  ref(): this {
    this._unref = false
    this._handle?.ref()
    return this
  }

  unref(): this {
    this._unref = true
    this._handle?.unref()
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this._handle === null) return
    await new Promise<void>((resolve, reject) => {
      this.close((error) => (error === undefined ? resolve() : reject(error)))
    })
  }

  override [EventEmitter.captureRejectionSymbol](error: Error, event: string, socket: Socket): void {
    if (event === 'connection') socket.destroy(error)
    else this.emit('error', error)
  }

  // --- what Node has no word for ---

  /**
   * The rest of Berkeley sockets on the listening socket. Undefined while the server does not listen, and in a worker of
   * a cluster whose primary accepts.
   */
  get berkeley(): UnderlyingSocket | undefined {
    return this._handle?.berkeley
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
  if (!(this instanceof ServerMethods))
    return new Server(given as ServerOptions, listener as ConnectionListener)
  const onConnection = typeof given === 'function' ? given : listener
  const options = checkServerOptions(typeof given === 'function' ? undefined : given)
  ;(EventEmitter as unknown as (this: unknown) => void).call(this)
  ;(this as unknown as { [kInitialize](options: ServerOptions): void })[kInitialize](options)
  if (typeof onConnection === 'function') (this as Server).on('connection', onConnection as Callback)
  return undefined
} as unknown as ServerConstructor

makeClass('Server', Server, ServerMethods, EventEmitter)
takeForOurs(Server, NodeServer)
