/** What a socket does: connect, read, write, end, and close. */
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
  kBorrows,
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
  kPeerEnded,
  kPeername,
  kPendingBytes,
  kReceived,
  kResetsOnClose,
  kSetOption,
  kSocketClosed,
  kSockname,
  kStartReading,
  kStopTimers,
  kTakeBoundSource,
  kTcp,
  kTimer,
  kTryTypeOfService,
  kUseWire,
  kWantsRef,
  kWire,
  kWireFailed,
  kWriteOnceConnected,
} from '../internals.js'
import { ReadBuffer } from '../read-buffer.js'
import type { Server } from '../server/server.js'
import { NODE_MAJOR } from '../versions.js'
import { Wire, type WireOwner } from '../wire.js'
import { adopt } from './adopt.js'
import { byteLength } from './ends.js'
import { onPeerEnd } from './half-open.js'
import type { InternalOptions } from './options.js'
import type { Socket } from './socket.js'
import { AS_OPENED, SocketTcpOptions, tcpOptionsOf } from './tcp-options.js'

/** Each socket that is about to connect. Node 20 publishes those of `net.connect` only. */
export const clientSockets = channel('net.client.socket')

type WriteCallback = (error?: Error | null) => void

/** The methods of {@link Socket}, which is a function and no class: programs call it without `new`, and by `call`. */
export abstract class SocketMethods extends SocketTcpOptions implements WireOwner {
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
  declare private [kOnread]: ReadBuffer | undefined
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
    if (options.handle instanceof BoundSocket) {
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
    if (options.readable === false) return
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
    if (this[kWire] === null) {
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

  override end(...args: unknown[]): this {
    super.end(...(args as []))
    return this
  }

  override pause(): this {
    if (this[kOnread] !== undefined && !this.connecting && this[kWire]?.reading) this[kWire].stopReading()
    return super.pause()
  }

  override resume(): this {
    if (this[kOnread] !== undefined && !this.connecting) this[kStartReading]()
    return super.resume()
  }

  override read(size?: number): unknown {
    if (this[kOnread] !== undefined && !this.connecting && this[kWire] !== null && !this[kWire].reading) {
      this[kStartReading]()
    }
    return super.read(size)
  }

  ref(): this {
    this[kWantsRef] = true
    if (this[kWire] === null) this.once('connect', this.ref)
    else this[kWire].ref()
    return this
  }

  unref(): this {
    this[kWantsRef] = false
    if (this[kWire] === null) this.once('connect', this.unref)
    else this[kWire].unref()
    return this
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', this.destroy)
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

  override _read(size: number): void {
    if (this.connecting || this[kWire] === null) this.once('connect', () => this._read(size))
    else if (!this[kWire].reading) this[kStartReading]()
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: WriteCallback): void {
    if (this.connecting) {
      this[kWriteOnceConnected](byteLength(chunk, encoding), callback, () =>
        this._write(chunk, encoding, callback),
      )
      return
    }
    if (this[kWire] === null) {
      callback(nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'))
      return
    }
    this._unrefTimer()
    this[kWire].write(chunk, encoding, callback)
  }

  override _writev(
    chunks: { chunk: string | Uint8Array; encoding: BufferEncoding }[],
    callback: WriteCallback,
  ): void {
    if (this.connecting) {
      let bytes = 0
      for (const { chunk, encoding } of chunks) bytes += byteLength(chunk, encoding)
      this[kWriteOnceConnected](bytes, callback, () => this._writev(chunks, callback))
      return
    }
    const { [kWire]: wire } = this
    if (wire === null) {
      callback(nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'))
      return
    }
    this._unrefTimer()
    const last = chunks.length - 1
    for (let i = 0; i < last; i++) wire.write(chunks[i].chunk, chunks[i].encoding, nothing)
    wire.write(chunks[last].chunk, chunks[last].encoding, callback)
  }

  override _final(callback: WriteCallback): void {
    // Before Node 22 one that nobody has connected waits, too.
    if (this.connecting || (NODE_MAJOR < 22 && this[kWire] === null)) {
      this.once('connect', () => this._final(callback))
      return
    }
    if (this[kWire] === null) callback()
    else this[kWire].shutdown(callback)
  }

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

  [kReceived](chunk: Buffer): void {
    this._unrefTimer()
    if (this.destroyed) return
    if (this[kOnread] === undefined ? this.push(chunk) : this[kOnread].take(chunk, this)) return
    this[kWire]?.stopReading()
  }

  [kPeerEnded](): void {
    this._unrefTimer()
    this.push(null)
    this.read(0)
  }

  [kWireFailed](errno: number, syscall: string): void {
    this.destroy(errnoError(errno, syscall))
  }

  [kConnected](errno: number): void {
    this[kAttempt]?.done(errno)
  }

  // --- for the modules of this package ---

  /** Whether what arrives is wanted now. */
  get [kIsReading](): boolean {
    return this[kWire]?.reading === true
  }

  /** Whether chunks may be borrowed: they go into the user's memory before `received` returns. */
  get [kBorrows](): boolean {
    return this[kOnread] !== undefined
  }

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
    this.emit('connect')
    this.emit('ready')
    if (this.destroyed) return
    if (!this.isPaused()) this.read(0)
    else if (!this[kIsReading]) this[kWire]?.stopReading()
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

  get _bytesDispatched(): number {
    return this[kWire] === null ? this[kFinalBytesWritten] : this[kWire].bytesWritten
  }

  _reset(): this {
    this[kResetsOnClose] = true
    return this.destroy()
  }

  /** Whether Node would have a handle: it makes one before there is an address to connect to. */
  private get [kHasHandle](): boolean {
    return this[kWire] !== null || this.connecting
  }

  private [kStartReading](): void {
    const { [kWire]: wire, [kOnread]: onread } = this
    if (wire === null) return
    wire.startReading()
    if (onread?.hasRest && !onread.take(null, this)) wire.stopReading()
  }

  private [kWriteOnceConnected](bytes: number, callback: WriteCallback, write: () => void): void {
    const closed = () => {
      const text = 'Socket closed before the connection was established'
      callback(nodeError(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', text))
    }
    this[kPendingBytes] = bytes
    this.once('connect', () => {
      this.off('close', closed)
      this[kPendingBytes] = 0
      write()
    })
    this.once('close', closed)
  }

  /** Not flowing, without being paused: what comes is read when somebody asks. */
  private [kPauseFlow](): void {
    ;(this as { readableFlowing: boolean | null }).readableFlowing = false
  }
}

function nothing(): void {}
