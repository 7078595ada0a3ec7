/** What a server does with the connections that come: each becomes a socket, or is one too many. */
import { channel } from 'node:diagnostics_channel'
import EventEmitter from 'node:events'
import type { BlockList } from 'node:net'
import { kAccepted, kAcceptFailed, kConfigure, kDrop, kIsFull, kSocketClosed } from '../internals.js'
import type { InternalOptions } from '../socket/options.js'
import { Socket } from '../socket/socket.js'
import { NODE_MAJOR } from '../versions.js'
import type { Wire } from '../wire.js'
import { endsOf, isBlocked } from './ends.js'
import type { ListenerOwner, Listening } from './listener.js'
import type { Server } from './server.js'

/** Node 20 takes a `maxConnections` of 0 for none. */
const ZERO_DROPS_ALL = NODE_MAJOR > 20

const socketChannel = channel('net.server.socket')

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

/** Whom a listener tells of connections. */
export abstract class ServerAccepting extends EventEmitter implements ListenerOwner {
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
  declare _handle: Listening | null;

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
}

function nothing(): void {}
