/** The life of a socket: made, connected, destroyed. */
import { channel } from 'node:diagnostics_channel'
import type { BlockList, NetConnectOpts } from 'node:net'
import type { ChannelSocket } from '@pollux/core'
import { normalizeArguments } from '../arguments.js'
import { checkBlockList } from '../block-list.js'
import { BoundSocket, takeBound } from '../bound-socket.js'
import { type Connecting, startConnecting } from '../connecting/start.js'
import { errnoError, nodeError } from '../errors.js'
import {
  kApplyKeepAlive,
  kApplyTypeOfService,
  kAttempt,
  kBecameConnected,
  kBoundPath,
  kBoundSource,
  kConnected,
  kDropWire,
  kFinalBytesRead,
  kFinalBytesWritten,
  kForgetWire,
  kHasBoundSource,
  kHasHandle,
  kInitialize,
  kIsReading,
  kOnread,
  kPauseFlow,
  kPeername,
  kPendingBytes,
  kResetsOnClose,
  kSetOption,
  kSocketClosed,
  kSockname,
  kStopTimers,
  kTakeBoundSource,
  kTcp,
  kTimer,
  kTryTypeOfService,
  kUseWire,
  kWantsRef,
  kWire,
  kWireFailed,
} from '../internals.js'
import { ReadBuffer } from '../read-buffer.js'
import type { Server } from '../server/server.js'
import { NODE_MAJOR } from '../versions.js'
import { Wire, type WireOwner } from '../wire.js'
import { adopt } from './adopt.js'
import { onPeerEnd } from './half-open.js'
import type { InternalOptions } from './options.js'
import type { Socket } from './socket.js'
import { AS_OPENED, tcpOptionsOf } from './tcp-options.js'
import { SocketWriting } from './writing.js'

/** Each socket that is about to connect. Node 20 publishes those of `net.connect` only. */
export const clientSockets = channel('net.client.socket')

type WriteCallback = (error?: Error | null) => void

/** With this a socket has its methods. It is no class itself ({@link Socket}): programs call it without `new`, and by `call`. */
export abstract class SocketLife extends SocketWriting implements WireOwner {
  declare autoSelectFamilyAttemptedAddresses: string[] | undefined
  declare server: Server | null
  declare _server: Server | null
  declare _host: string | null
  /** Of the stream: as new. */
  declare _undestroy: () => void
  declare blockList: BlockList | undefined
  declare private [kAttempt]: Connecting | null
  /** A socket that was bound before this one was made, and waits to be connected. */
  declare private [kBoundSource]: ChannelSocket | null
  declare private [kResetsOnClose]: boolean
  declare private [kWantsRef]: boolean

  /** All that the constructor does after the stream's own. */
  protected [kInitialize](options: InternalOptions): void {
    this.connecting = false
    this.timeout = undefined
    this.server = null
    this._server = null
    this._host = null
    this._parent = null
    this[kWire] = null
    this[kAttempt] = null
    this[kOnread] = ReadBuffer.from(options.onread)
    this[kTcp] = options.wire === undefined ? tcpOptionsOf(options) : AS_OPENED
    this[kTimer] = null
    this[kResetsOnClose] = false
    this[kWantsRef] = true
    this[kPendingBytes] = 0
    this[kFinalBytesRead] = 0
    this[kFinalBytesWritten] = 0
    this[kSockname] = undefined
    this[kPeername] = undefined
    this.blockList = options.blockList ? checkBlockList(options.blockList, 'options.blockList') : undefined
    this.on('end', onPeerEnd)
    this[kBoundSource] = null
    this[kBoundPath] = undefined
    if (options.handle instanceof BoundSocket) {
      if (options.handle.isPipe) this[kBoundPath] = String(options.handle.address())
      this[kBoundSource] = takeBound(options.handle)
      this[kWire] = Wire.on(this[kBoundSource], options.handle.isPipe, this)
      return
    }
    const wire = options.wire ?? (options.fd === undefined ? undefined : adopt(options.fd))
    // Aborted before it was made, it says so and may still be connected: as Node has it.
    if (this.destroyed) this._undestroy()
    if (wire === undefined) return
    wire.owner = this
    this[kWire] = wire
    if (options.readable === false) {
      wire.stopReading()
      return
    }
    if (options.pauseOnCreate) {
      wire.stopReading()
      this[kPauseFlow]()
    } else if (!options.manualStart) {
      this.read(0)
    }
  }

  // --- what Node documents ---

  get pending(): boolean {
    return this[kWire] === null || this.connecting
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening'
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  get bufferSize(): number | undefined {
    return this[kHasHandle] ? this.writableLength : undefined
  }

  connect(...args: unknown[]): this {
    const [options, callback] = normalizeArguments(args)
    if (NODE_MAJOR >= 22 && clientSockets.hasSubscribers) clientSockets.publish({ socket: this })
    if (callback !== null) this.once('connect', callback)
    if (this._parent?.connecting) return this
    if (options.port === undefined && options.path == null) {
      throw nodeError(
        TypeError,
        'ERR_MISSING_ARGS',
        'The "options" or "port" or "path" argument must be specified',
      )
    }
    // A socket may be used again after its end.
    if (Object.hasOwn(this, 'write')) delete (this as Partial<this>).write
    if (this.destroyed) {
      this[kForgetWire]()
      this[kPeername] = undefined
    }
    if (!this[kHasHandle]) {
      // What was asked of the last connection, this one is not asked.
      this[kWantsRef] = true
      this[kFinalBytesRead] = 0
      this[kFinalBytesWritten] = 0
      this._undestroy()
    }
    this._unrefTimer()
    this.connecting = true
    const attempt = startConnecting(this as unknown as Socket, options as Partial<NetConnectOpts>)
    // It may have failed, or been given up by a listener.
    if (this.connecting) this[kAttempt] = attempt
    return this
  }

  ref(): this {
    if (this[kHasHandle]) {
      this[kWantsRef] = true
      this[kWire]?.ref()
    } else {
      this.once('connect', this.ref)
    }
    return this
  }

  unref(): this {
    if (this[kHasHandle]) {
      this[kWantsRef] = false
      this[kWire]?.unref()
    } else {
      this.once('connect', this.unref)
    }
    return this
  }

  resetAndDestroy(): this {
    if (!this[kHasHandle]) {
      this.destroy(nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'))
    } else if (this[kWire]?.isUnix) {
      throw nodeError(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent')
    } else if (this.connecting) {
      this.once('connect', () => this._reset())
    } else {
      this._reset()
    }
    return this
  }

  // --- the stream's half of the bargain ---

  /** A signal that is aborted already has the stream's constructor call it: what `initialize` sets may be undefined. */
  override _destroy(error: Error | null, callback: WriteCallback): void {
    // Its signal had been aborted when the stream was made, which is before the rest of it is.
    if (this[kWire] === undefined) {
      callback(error)
      process.nextTick(() => this.emit('close'))
      return
    }
    const wasConnecting = this.connecting
    this.connecting = false
    this[kAttempt]?.cancel()
    this[kAttempt] = null
    this[kStopTimers]()
    const { [kWire]: wire } = this
    const hadError = error !== null && error !== undefined
    if (wire == null) {
      callback(error)
      // One that was looking its host up had something to close, as Node has it.
      if (wasConnecting) setImmediate(() => this.emit('close', hadError))
      else process.nextTick(() => this.emit('close'))
    } else {
      const reset = this[kResetsOnClose]
      this[kResetsOnClose] = false
      this[kForgetWire]()
      wire.close(reset, () => this.emit('close', hadError))
      callback(error)
    }
    this._server?.[kSocketClosed]()
  }

  // --- what the reactor says ---

  [kWireFailed](errno: number, syscall: string): void {
    this.destroy(errnoError(errno, syscall))
  }

  [kConnected](errno: number): void {
    this[kAttempt]?.done(errno)
  }

  // --- for the modules of this package ---

  get [kHasBoundSource](): boolean {
    return this[kBoundSource] !== null
  }

  [kTakeBoundSource](): ChannelSocket | null {
    const { [kBoundSource]: boundSource } = this
    this[kBoundSource] = null
    return boundSource
  }

  /** A socket that is on its way. */
  [kUseWire](wire: Wire): void {
    this[kWire] = wire
    if (!this[kWantsRef]) wire.unref()
    // Nobody asked for what comes yet.
    if (this.isPaused()) wire.stopReading()
  }

  /** An attempt to connect is given up. */
  [kDropWire](): void {
    this[kWire]?.close(false, nothing)
    this[kWire] = null
  }

  /** The kernel said that the connection stands. */
  [kBecameConnected](): void {
    this.connecting = false
    this[kAttempt] = null
    this[kSockname] = undefined
    this._unrefTimer()
    if (this[kTcp].noDelay) this[kSetOption]('noDelay', true)
    if (this[kTcp].keepAlive) this[kApplyKeepAlive]()
    if (this[kTcp].typeOfService !== undefined) this[kApplyTypeOfService](this[kTcp].typeOfService)
    try {
      this.emit('connect')
      this.emit('ready')
      if (!this.destroyed && !this.isPaused()) this.read(0)
    } finally {
      // Nobody asked for what comes yet: paused, with a full buffer, or because a listener threw.
      if (!this[kIsReading]) this[kWire]?.stopReading()
    }
  }

  /** A connection is not worse for a byte that the kernel did not take: listeners are told. */
  private [kApplyTypeOfService](tos: number): void {
    try {
      this[kTryTypeOfService](tos)
    } catch (error) {
      this.emit('error', error)
    }
  }

  // --- what programs use although Node does not document it ---

  get _connecting(): boolean {
    return this.connecting
  }

  get _handle(): Wire | null {
    return this[kWire]
  }

  _reset(): this {
    this[kResetsOnClose] = true
    return this.destroy()
  }

  /** Whether Node would have a handle: it makes one before there is an address to connect to. */
  private get [kHasHandle](): boolean {
    return this[kWire] !== null || this.connecting
  }
}

function nothing(): void {}
