/**
 * A stream socket with the interface of `net.Socket`, on the event loop of Pollux.
 *
 * ```
 *   Readable ◀── push ─── received ◀── Wire ◀── reactor
 *   Writable ──▶ _write ──────────────▶ Wire ──▶ reactor
 * ```
 */
import type { AddressInfo, NetConnectOpts, SocketConstructorOpts } from 'node:net'
import { Duplex, type DuplexOptions } from 'node:stream'
import { ChannelSocket, EventLoop, type SocketAddress, SocketError } from '@pollux/core'
import { checkNumber, invalidType, invalidValue, normalizeArguments, outOfRange } from './arguments.js'
import { type Connecting, startConnecting } from './connecting/start.js'
import { errnoError, nodeError } from './errors.js'
import { ReadBuffer } from './read-buffer.js'
import type { Server } from './server/server.js'
import { Wire, type WireOwner } from './wire.js'

/** Of Node's timers. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

type WriteCallback = (error?: Error | null) => void

/** What the constructor takes, beside what Node documents for it. */
export interface InternalOptions extends Omit<SocketConstructorOpts, 'onread'>, DuplexOptions {
  wire?: Wire
  pauseOnCreate?: boolean
  manualStart?: boolean
  onread?: unknown
  noDelay?: boolean
  keepAlive?: boolean
  keepAliveInitialDelay?: number
}

/** What a connected socket does about its options when it is connected. */
interface TcpOptions {
  noDelay: boolean
  keepAlive: boolean
  keepAliveDelaySeconds: number
  keepAliveIntervalSeconds: number | undefined
  keepAliveCount: number | undefined
}

/** The methods of {@link Socket}, which is a function and no class: programs call it without `new`, and by `call`. */
abstract class SocketMethods extends Duplex implements WireOwner {
  declare connecting: boolean
  declare timeout: number | undefined
  declare autoSelectFamilyAttemptedAddresses: string[] | undefined
  declare server: Server | null
  declare _server: Server | null
  declare _host: string | null
  declare _parent: SocketMethods | null
  declare private wire: Wire | null
  declare private attempt: Connecting | null
  declare private onread: ReadBuffer | undefined
  declare private tcp: TcpOptions
  declare private timer: NodeJS.Timeout | null
  declare private resetsOnClose: boolean
  declare private wantsRef: boolean
  declare private pendingBytes: number
  declare private finalBytesRead: number
  declare private finalBytesWritten: number
  declare private sockname: AddressInfo | object | undefined
  declare private peername: AddressInfo | object | undefined

  /** All that the constructor does after the stream's own. */
  protected initialize(options: InternalOptions): void {
    this.connecting = false
    this.timeout = undefined
    this.server = null
    this._server = null
    this._host = null
    this._parent = null
    this.wire = null
    this.attempt = null
    this.onread = ReadBuffer.from(options.onread)
    this.tcp = {
      noDelay: Boolean(options.noDelay),
      keepAlive: Boolean(options.keepAlive),
      keepAliveDelaySeconds: Math.trunc((options.keepAliveInitialDelay ?? 0) / 1000),
      keepAliveIntervalSeconds: undefined,
      keepAliveCount: undefined,
    }
    this.timer = null
    this.resetsOnClose = false
    this.wantsRef = true
    this.pendingBytes = 0
    this.finalBytesRead = 0
    this.finalBytesWritten = 0
    this.sockname = undefined
    this.peername = undefined
    this.on('end', onPeerEnd)
    const wire = options.wire ?? (options.fd === undefined ? undefined : adopt(options.fd))
    if (wire === undefined) return
    wire.owner = this
    this.wire = wire
    if (options.readable === false) return
    if (options.pauseOnCreate) {
      wire.stopReading()
      this.pauseFlow()
    } else if (!options.manualStart) {
      this.read(0)
    }
  }

  // --- what Node documents ---

  get pending(): boolean {
    return this.wire === null || this.connecting
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening'
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  get bufferSize(): number | undefined {
    return this.hasHandle ? this.writableLength : undefined
  }

  get bytesRead(): number {
    return this.wire === null ? this.finalBytesRead : this.wire.bytesRead
  }

  get bytesWritten(): number {
    const buffered = this as unknown as { writableBuffer?: { chunk: unknown; encoding: BufferEncoding }[] }
    let bytes = (this.wire === null ? this.finalBytesWritten : this.wire.bytesWritten) + this.pendingBytes
    for (const { chunk, encoding } of buffered.writableBuffer ?? []) bytes += byteLength(chunk, encoding)
    return bytes
  }

  get localAddress(): string | undefined {
    return this.endOf('local').address
  }

  get localPort(): number | undefined {
    return this.endOf('local').port
  }

  get localFamily(): string | undefined {
    return this.endOf('local').family
  }

  get remoteAddress(): string | undefined {
    return this.endOf('remote').address
  }

  get remotePort(): number | undefined {
    return this.endOf('remote').port
  }

  get remoteFamily(): string | undefined {
    return this.endOf('remote').family
  }

  address(): AddressInfo | object {
    return this.endOf('local')
  }

  connect(...args: unknown[]): this {
    const [options, callback] = normalizeArguments(args)
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
      this.forgetWire()
      this.peername = undefined
    }
    this._unrefTimer()
    this.connecting = true
    this.attempt = startConnecting(this as unknown as Socket, options as Partial<NetConnectOpts>)
    return this
  }

  override end(...args: unknown[]): this {
    super.end(...(args as []))
    return this
  }

  override pause(): this {
    if (this.onread !== undefined && !this.connecting && this.wire?.reading) this.wire.stopReading()
    return super.pause()
  }

  override resume(): this {
    if (this.onread !== undefined && !this.connecting) this.startReading()
    return super.resume()
  }

  override read(size?: number): unknown {
    if (this.onread !== undefined && !this.connecting && this.wire !== null && !this.wire.reading) {
      this.startReading()
    }
    return super.read(size)
  }

  setTimeout(milliseconds: number, callback?: () => void): this {
    if (this.destroyed) return this
    this.timeout = milliseconds
    const delay = timerDelay(milliseconds)
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (delay === 0) {
      if (callback !== undefined) {
        checkListener(callback)
        this.removeListener('timeout', callback)
      }
    } else {
      this.timer = setTimeout(() => this._onTimeout(), delay).unref()
      if (callback !== undefined) {
        checkListener(callback)
        this.once('timeout', callback)
      }
    }
    return this
  }

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
    tcp.keepAliveDelaySeconds = Math.trunc((given.initialDelay ?? 0) / 1000)
    tcp.keepAliveIntervalSeconds =
      given.interval === undefined ? undefined : Math.trunc(given.interval / 1000)
    tcp.keepAliveCount = given.count
    if (this.wire !== null && !this.connecting) this.applyKeepAlive()
    return this
  }

  ref(): this {
    this.wantsRef = true
    if (this.wire === null) this.once('connect', this.ref)
    else this.wire.ref()
    return this
  }

  unref(): this {
    this.wantsRef = false
    if (this.wire === null) this.once('connect', this.unref)
    else this.wire.unref()
    return this
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', this.destroy)
  }

  resetAndDestroy(): this {
    if (!this.hasHandle) {
      this.destroy(nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'))
    } else if (this.wire?.isUnix) {
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
    if (this.connecting || this.wire === null) this.once('connect', () => this._read(size))
    else if (!this.wire.reading) this.startReading()
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: WriteCallback): void {
    if (this.connecting) {
      this.writeOnceConnected(byteLength(chunk, encoding), callback, () =>
        this._write(chunk, encoding, callback),
      )
      return
    }
    if (this.wire === null) {
      callback(nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'))
      return
    }
    this._unrefTimer()
    this.wire.write(chunk, encoding, callback)
  }

  override _writev(
    chunks: { chunk: string | Uint8Array; encoding: BufferEncoding }[],
    callback: WriteCallback,
  ): void {
    if (this.connecting) {
      let bytes = 0
      for (const { chunk, encoding } of chunks) bytes += byteLength(chunk, encoding)
      this.writeOnceConnected(bytes, callback, () => this._writev(chunks, callback))
      return
    }
    const { wire } = this
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
    if (this.pending) {
      this.once('connect', () => this._final(callback))
      return
    }
    if (this.wire === null) callback()
    else this.wire.shutdown(callback)
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    const hadHandle = this.hasHandle
    this.connecting = false
    this.attempt?.cancel()
    this.attempt = null
    for (let socket: SocketMethods | null = this; socket !== null; socket = socket._parent) {
      if (socket.timer !== null) clearTimeout(socket.timer)
    }
    const { wire } = this
    const hadError = error !== null && error !== undefined
    if (!hadHandle) {
      callback(error)
      process.nextTick(() => this.emit('close'))
    } else if (wire === null) {
      setImmediate(() => this.emit('close', hadError))
      callback(error)
    } else {
      const reset = this.resetsOnClose
      this.resetsOnClose = false
      this.forgetWire()
      wire.close(reset, () => this.emit('close', hadError))
      callback(error)
    }
    if (this._server !== null) this._server.socketClosed()
  }

  // --- what the reactor says ---

  received(chunk: Buffer): void {
    this._unrefTimer()
    if (this.destroyed) return
    if (this.onread === undefined ? this.push(chunk) : this.onread.take(chunk, () => this.isReading)) return
    this.wire?.stopReading()
  }

  peerEnded(): void {
    this._unrefTimer()
    this.push(null)
    this.read(0)
  }

  wireFailed(errno: number, syscall: string): void {
    this.destroy(errnoError(errno, syscall))
  }

  connected(wire: Wire, errno: number): void {
    this.attempt?.done(wire, errno)
  }

  // --- for the modules of this package ---

  /** A socket that is on its way. */
  useWire(wire: Wire): void {
    this.wire = wire
    if (!this.wantsRef) wire.unref()
    // Nobody asked for what comes yet.
    if (this.isPaused()) wire.stopReading()
  }

  /** An attempt to connect is given up. */
  dropWire(): void {
    this.wire?.close(false, nothing)
    this.wire = null
  }

  /** The kernel said that the connection stands. */
  becameConnected(): void {
    this.connecting = false
    this.attempt = null
    this.sockname = undefined
    this._unrefTimer()
    if (this.tcp.noDelay) this.setOption('noDelay', true)
    if (this.tcp.keepAlive) this.applyKeepAlive()
    this.emit('connect')
    this.emit('ready')
    if (this.destroyed) return
    if (!this.isPaused()) this.read(0)
    else if (!this.isReading) this.wire?.stopReading()
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

  // --- what programs use although Node does not document it ---

  get _connecting(): boolean {
    return this.connecting
  }

  get _handle(): Wire | null {
    return this.wire
  }

  get _bytesDispatched(): number {
    return this.wire === null ? this.finalBytesWritten : this.wire.bytesWritten
  }

  _unrefTimer(): void {
    for (let socket: SocketMethods | null = this; socket !== null; socket = socket._parent) {
      socket.timer?.refresh()
    }
  }

  _onTimeout(): void {
    // Output that is being taken is activity.
    if (this.wire?.takesOutput()) {
      this._unrefTimer()
      return
    }
    this.emit('timeout')
  }

  _reset(): this {
    this.resetsOnClose = true
    return this.destroy()
  }

  /** Whether Node would have a handle: it makes one as soon as there is an address to look up. */
  private get hasHandle(): boolean {
    return this.wire !== null || this.connecting
  }

  private get isReading(): boolean {
    return this.wire?.reading === true
  }

  private startReading(): void {
    const { wire, onread } = this
    if (wire === null) return
    wire.startReading()
    if (onread?.hasRest && !onread.take(null, () => this.isReading)) wire.stopReading()
  }

  private writeOnceConnected(bytes: number, callback: WriteCallback, write: () => void): void {
    const closed = () => {
      const text = 'Socket closed before the connection was established'
      callback(nodeError(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', text))
    }
    this.pendingBytes = bytes
    this.once('connect', () => {
      this.off('close', closed)
      this.pendingBytes = 0
      write()
    })
    this.once('close', closed)
  }

  private forgetWire(): void {
    const { wire } = this
    if (wire === null) return
    this.finalBytesRead = wire.bytesRead
    this.finalBytesWritten = wire.bytesWritten
    this.wire = null
    this.sockname = undefined
  }

  private endOf(which: 'local' | 'remote'): Partial<AddressInfo> {
    const { wire } = this
    if (which === 'local') {
      if (wire === null) return {}
      this.sockname ??= partsOf(wire.localAddress)
      return this.sockname
    }
    if (wire === null || this.connecting) return this.peername ?? {}
    this.peername ??= partsOf(wire.remoteAddress)
    return this.peername
  }

  private setOption(name: 'noDelay' | 'keepAlive', value: boolean): void {
    this.wire?.setOption(name, value)
  }

  private applyKeepAlive(): void {
    const { keepAlive, keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount } = this.tcp
    this.wire?.setKeepAlive(keepAlive, keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount)
  }

  /** Not flowing, without being paused: what comes is read when somebody asks. */
  private pauseFlow(): void {
    ;(this as { readableFlowing: boolean | null }).readableFlowing = false
  }
}

/** Bytes of what `write` takes. */
function byteLength(chunk: unknown, encoding: BufferEncoding): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : (chunk as Uint8Array).length
}

function nothing(): void {}

function partsOf(address: SocketAddress | undefined): Partial<AddressInfo> {
  if (address === undefined || address.family === 'Unix') return {}
  const { host, family, port } = address
  return { address: host, family, port }
}

/** Milliseconds as Node's timers take them. @throws what `socket.setTimeout` of Node throws */
function timerDelay(milliseconds: unknown): number {
  checkNumber(milliseconds, 'msecs')
  const delay = milliseconds as number
  if (delay < 0 || !Number.isFinite(delay)) throw outOfRange('msecs', 'a non-negative finite number', delay)
  if (delay <= MAX_TIMEOUT_MS) return delay
  process.emitWarning(
    `${delay} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ${MAX_TIMEOUT_MS}.`,
    'TimeoutOverflowWarning',
  )
  return MAX_TIMEOUT_MS
}

function checkListener(callback: unknown): void {
  if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback)
}

/** The peer has ended: what is written from here on can't arrive, unless half-open connections are wanted. */
function onPeerEnd(this: SocketMethods): void {
  if (!this.allowHalfOpen) (this as { write: unknown }).write = writeAfterEnd
}

function writeAfterEnd(this: SocketMethods, ...args: unknown[]): boolean {
  if (!this.writableEnded) return Duplex.prototype.write.apply(this, args as never)
  const error = nodeError(Error, 'EPIPE', 'This socket has been ended by the other party')
  error.stack = error.stack?.replace(' [EPIPE]', '')
  const callback = args.find((arg) => typeof arg === 'function') as WriteCallback | undefined
  if (callback !== undefined) process.nextTick(callback, error)
  this.destroy(error)
  return false
}

/** A descriptor that somebody else opened. @throws where it is no stream socket */
function adopt(fd: unknown): Wire {
  if (typeof fd !== 'number' || fd < 0 || !Number.isInteger(fd))
    throw invalidType('options.fd', 'a descriptor', fd)
  try {
    const socket = ChannelSocket.adopt(fd, EventLoop.default())
    const wire = Wire.on(socket, socket.localAddress.family === 'Unix', null)
    socket.open(false)
    socket.release()
    return wire
  } catch (error) {
    if (error instanceof SocketError && error.code === 'ENOTSOCK') {
      throw nodeError(TypeError, 'ERR_INVALID_FD_TYPE', 'Unsupported fd type: UNKNOWN')
    }
    if (error instanceof SocketError && error.errno !== undefined) throw errnoError(error.errno, 'open')
    throw error
  }
}

function streamOptions(options: InternalOptions): DuplexOptions {
  return {
    ...options,
    allowHalfOpen: Boolean(options.allowHalfOpen),
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
  }
}

function checkedOptions(options: unknown): InternalOptions {
  const given = (typeof options === 'number' ? { fd: options } : (options ?? {})) as InternalOptions
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode'] as const) {
    if (given[name]) throw invalidValue(`options.${name}`, given[name], 'is not supported')
  }
  if (given.keepAliveInitialDelay === undefined) return given
  checkNumber(given.keepAliveInitialDelay, 'options.keepAliveInitialDelay')
  return given.keepAliveInitialDelay < 0 ? { ...given, keepAliveInitialDelay: 0 } : given
}

/** A socket as `net.Socket` has it. */
export interface Socket extends SocketMethods {}

/** `new Socket(options)`, `Socket(options)`, or `Socket.call(this, options)` in a constructor that inherits from it. */
export interface SocketConstructor {
  new (options?: SocketConstructorOpts): Socket
  (options?: SocketConstructorOpts): Socket
  readonly prototype: Socket
}

export const Socket: SocketConstructor = function (this: unknown, options?: unknown): Socket | undefined {
  if (!(this instanceof Socket)) return new Socket(options as SocketConstructorOpts)
  const given = checkedOptions(options)
  ;(Duplex as unknown as (this: unknown, options: DuplexOptions) => void).call(this, streamOptions(given))
  ;(this as unknown as { initialize(options: InternalOptions): void }).initialize(given)
  return undefined
} as unknown as SocketConstructor

Object.defineProperty(Socket, 'prototype', { value: SocketMethods.prototype, writable: false })
Object.defineProperty(SocketMethods.prototype, 'constructor', {
  value: Socket,
  writable: true,
  configurable: true,
})
Object.setPrototypeOf(Socket, Duplex)
Object.defineProperty(Socket, 'name', { value: 'Socket' })
