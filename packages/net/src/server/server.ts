/** A server with the interface of `net.Server`, on the event loop of Pollux. */
import { channel, tracingChannel } from 'node:diagnostics_channel'
import EventEmitter from 'node:events'
import { type AddressInfo, type BlockList, Server as NodeServer } from 'node:net'
import { getDefaultHighWaterMark } from 'node:stream'
import { type ChannelSocket, SocketError, type UnderlyingSocket } from '@pollux/core'
import { type Callback, checkFunction } from '../arguments.js'
import { makeClass } from '../class-function.js'
import { addressError, errnoError, listenError, nodeError, type SystemError } from '../errors.js'
import {
  kAccepted,
  kAcceptFailed,
  kCloseOnAbort,
  kConfigure,
  kDrop,
  kInitialize,
  kIsFull,
  kListenOn,
  kListenOnPrimary,
  kLookUpAndListen,
  kOpenToAll,
  kSocketClosed,
  kStart,
  kStarted,
} from '../internals.js'
import type { InternalOptions } from '../socket/options.js'
import { Socket } from '../socket/socket.js'
import type { ServerOptions } from '../types.js'
import { NODE_MAJOR } from '../versions.js'
import type { Wire } from '../wire.js'
import { lookUpHost, openToAll, shareFd } from './bind.js'
import {
  acceptsItself,
  askPrimary,
  bindErrorOf,
  closeTogether,
  isClusterWorker,
  PrimaryListener,
  type PrimaryQuery,
  primaryQuery,
} from './cluster.js'
import { endsOf, isBlocked } from './ends.js'
import { type ListenRequest, listenArguments, type PathTarget, readListenRequest } from './listen-form.js'
import { Listener, type ListenerOwner, type Listening } from './listener.js'
import { type FoundAddress, openAt, type Place, placeOf } from './open.js'
import { checkServerOptions, type ListenOptions } from './options.js'

/** Node 20 takes a `maxConnections` of 0 for none. */
const ZERO_DROPS_ALL = NODE_MAJOR > 20

const listenChannel = tracingChannel('net.server.listen')
const socketChannel = channel('net.server.socket')

type ConnectionListener = (socket: Socket) => void

/** What the socket of a connection is made with: one object for all of them. Of the stream's as `streamOptions` has them. */
const forAccepted: InternalOptions = {
  wire: undefined,
  allowHalfOpen: false,
  pauseOnCreate: false,
  emitClose: false,
  autoDestroy: true,
  decodeStrings: false,
  readableHighWaterMark: undefined,
  writableHighWaterMark: undefined,
}

/** The methods of {@link Server}, which is a function and no class: programs call it without `new`, and by `call`. */
abstract class ServerMethods extends EventEmitter implements ListenerOwner {
  declare maxConnections: number
  declare dropMaxConnection: boolean
  declare allowHalfOpen: boolean
  declare pauseOnConnect: boolean
  declare noDelay: boolean
  declare keepAlive: boolean
  /** Seconds. */
  declare keepAliveInitialDelay: number
  declare highWaterMark: number
  declare blockList: BlockList | undefined
  // Names of Node's: programs look at them although they are not documented.
  declare _connections: number
  declare _handle: Listening | null
  declare _usingWorkers: boolean
  declare _workers: unknown[]
  declare _unref: boolean
  /** Counts calls of `listen` and `close`: an answer that comes after the next one means nothing. */
  declare _listeningId: number
  declare _pipeName: string | undefined
  declare _connectionKey: string | undefined

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

  listen(port?: number, hostname?: string, backlog?: number, listener?: () => void): this
  listen(port?: number, hostname?: string, listener?: () => void): this
  listen(port?: number, backlog?: number, listener?: () => void): this
  listen(port?: number, listener?: () => void): this
  listen(path: string, backlog?: number, listener?: () => void): this
  listen(path: string, listener?: () => void): this
  listen(options: ListenOptions, listener?: () => void): this
  /** A {@link BoundSocket}, a server, or another owner of a descriptor (`fd`, `_handle`, `handle`). */
  listen(handle: object, backlog?: number, listener?: () => void): this
  listen(handle: object, listener?: () => void): this
  listen(...args: unknown[]): this {
    const [given, callback] = listenArguments(args)
    if (this._handle !== null) {
      const text = 'Listen method has been called more than once without closing.'
      throw nodeError(Error, 'ERR_SERVER_ALREADY_LISTEN', text)
    }
    if (listenChannel.hasSubscribers) listenChannel.asyncStart.publish({ server: this, options: given })
    if (callback !== null) this.once('listening', callback)
    this._listeningId++
    const request = readListenRequest(args, given)
    if (request.signal !== undefined) this[kCloseOnAbort](request.signal)
    const { target } = request
    if (target.kind === 'port' && target.host !== '') this[kLookUpAndListen](target.host, request)
    else this[kListenOn](request, undefined)
    if (target.kind === 'path') this[kOpenToAll](target)
    return this
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

  // --- for the modules of this package ---

  [kAccepted](wire: Wire): void {
    if (this[kIsFull]()) {
      this[kDrop](wire)
      return
    }
    if (this.blockList !== undefined && isBlocked(this.blockList, wire)) {
      wire.close(false, nothing)
      return
    }
    const options = forAccepted
    options.wire = wire
    options.allowHalfOpen = this.allowHalfOpen
    options.pauseOnCreate = this.pauseOnConnect
    options.readableHighWaterMark = this.highWaterMark
    options.writableHighWaterMark = this.highWaterMark
    const socket = new Socket(options as never)
    options.wire = undefined
    socket[kConfigure](this.noDelay, this.keepAlive, this.keepAliveInitialDelay)
    this._connections++
    socket.server = this as unknown as Server
    socket._server = this as unknown as Server
    this.emit('connection', socket)
    if (socketChannel.hasSubscribers) socketChannel.publish({ socket })
  }

  [kAcceptFailed](error: Error): void {
    this.emit('error', error)
  }

  [kSocketClosed](): void {
    this._connections--
    this._emitCloseIfDrained()
  }

  _emitCloseIfDrained(): void {
    if (this._handle !== null || this._connections > 0) return
    process.nextTick(() => this.emit('close'))
  }

  private [kIsFull](): boolean {
    const { maxConnections } = this
    if (maxConnections === undefined || maxConnections === null) return false
    return this._connections >= maxConnections && (maxConnections !== 0 || ZERO_DROPS_ALL)
  }

  private [kDrop](wire: Wire): void {
    if (wire.isUnix) this.emit('drop')
    else this.emit('drop', endsOf(wire))
    wire.close(false, nothing)
  }

  private [kCloseOnAbort](signal: AbortSignal): void {
    const abort = () => this.close()
    if (signal.aborted) {
      process.nextTick(abort)
      return
    }
    const { [Symbol.dispose]: forget } = EventEmitter.addAbortListener(signal, abort)
    this.once('close', forget)
  }

  private [kLookUpAndListen](host: string, request: ListenRequest): void {
    const id = this._listeningId
    lookUpHost(host, (error, address, family) => {
      if (id !== this._listeningId) return
      if (error === null) this[kListenOn](request, { address, family })
      else this.emit('error', error)
    })
  }

  private [kListenOn](request: ListenRequest, found: FoundAddress | undefined): void {
    const { target, backlog } = request
    if ('path' in target && target.path !== undefined) this._pipeName = target.path
    if (isClusterWorker() && !request.exclusive) {
      this[kListenOnPrimary](primaryQuery(target, backlog, found))
      return
    }
    const place = placeOf(target, found)
    this[kStart](() => openAt(target, place), place, backlog)
  }

  private [kListenOnPrimary](query: PrimaryQuery): void {
    const id = this._listeningId
    askPrimary(this, query, (errno, handle) => {
      if (id !== this._listeningId) {
        handle?.close()
        return
      }
      const { address, port, addressType: type, backlog } = query
      const failed = handle === null ? errno : bindErrorOf(errno, handle, port)
      if (handle === null || failed !== 0) {
        this.emit('error', addressError(failed, 'bind', address, port))
      } else if (acceptsItself(handle)) {
        this[kStarted](new PrimaryListener(handle, this), { address, port, type })
      } else {
        const { fd = -1 } = handle
        const closed = () => handle.close()
        this[kStart](() => shareFd(fd), { address, port, type }, backlog, closed)
        if (this._handle !== null) closeTogether(handle, this._handle, this)
      }
    })
  }

  /** Opens a socket and listens on it. What goes wrong is told later: nobody listens yet. */
  private [kStart](open: () => ChannelSocket, place: Place, backlog: number, closed?: () => void): void {
    let socket: ChannelSocket | undefined
    try {
      socket = open()
      const listener = new Listener(socket, this, closed)
      socket.listen(false, backlog)
      socket.release()
      this[kStarted](listener, place)
    } catch (error) {
      socket?.close()
      closed?.()
      if (!(error instanceof SocketError) || error.errno === undefined) throw error
      const told = listenError(error.errno, place.address, place.port)
      if (listenChannel.hasSubscribers) listenChannel.error.publish({ server: this, error: told })
      process.nextTick(() => this.emit('error', told))
    }
  }

  private [kOpenToAll]({ path, readableAll, writableAll }: PathTarget): void {
    // Of a worker's path the primary opens it, and of one that failed there is nothing to open.
    if (this._handle === null || !(readableAll || writableAll)) return
    try {
      openToAll(path, readableAll, writableAll)
    } catch (error) {
      this._handle.close()
      this._handle = null
      throw errnoError(-((error as SystemError).errno ?? 0), 'uv_pipe_chmod')
    }
  }

  private [kStarted](handle: Listening, { address, port, type }: Place): void {
    this._handle = handle
    if (listenChannel.hasSubscribers) listenChannel.asyncEnd.publish({ server: this })
    this._connectionKey = `${type}:${address}:${port}`
    if (this._unref) handle.unref()
    process.nextTick(emitListening, this)
  }
}

function emitListening(server: ServerMethods): void {
  // Closed meanwhile, it does not listen.
  if (server._handle !== null) server.emit('listening')
}

function nothing(): void {}
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

makeClass('Server', Server, ServerMethods, EventEmitter, NodeServer)
