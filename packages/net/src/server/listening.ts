/** How a server comes to listen: by itself, on what somebody else opened, or on a socket of the primary of its cluster. */
import { tracingChannel } from 'node:diagnostics_channel'
import EventEmitter from 'node:events'
import { type ChannelSocket, SocketError } from '@pollux/core'
import { addressError, errnoError, listenError, nodeError, type SystemError } from '../errors.js'
import {
  kCloseOnAbort,
  kListenOn,
  kListenOnPrimary,
  kLookUpAndListen,
  kOpenToAll,
  kStart,
  kStarted,
} from '../internals.js'
import { ServerAccepting } from './accepting.js'
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
import { type ListenRequest, listenArguments, type PathTarget, readListenRequest } from './listen-form.js'
import { Listener, type Listening } from './listener.js'
import { type FoundAddress, openAt, type Place, placeOf } from './open.js'
import type { ListenOptions } from './options.js'

const listenChannel = tracingChannel('net.server.listen')
/** With all forms of `listen`. */
export abstract class ServerListening extends ServerAccepting {
  declare _unref: boolean
  /** Counts calls of `listen` and `close`: an answer that comes after the next one means nothing. */
  declare _listeningId: number
  declare _pipeName: string | undefined
  declare _connectionKey: string | undefined

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

  abstract close(): this
}

function emitListening(server: ServerListening): void {
  // Closed meanwhile, it does not listen.
  if (server._handle !== null) server.emit('listening')
}
