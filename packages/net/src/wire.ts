/** A socket's place on the event loop: what the reactor tells it, and what it asks of the reactor. */
import { AsyncResource } from 'node:async_hooks'
import { constants } from 'node:os'
import {
  type ChannelSocket,
  Column,
  type EventLoop,
  Op,
  optionCallsOf,
  type SocketAddress,
  SocketError,
  setSocketOption,
  syscallName,
} from '@pollux/core'
import { errnoError } from './errors.js'
import { Handle } from './handle.js'
import { kConnected, kPeerEnded, kReceived, kWireFailed } from './internals.js'
import { NODE_MAJOR } from './versions.js'

/** What a wire tells its stream. */
export interface WireOwner {
  [kReceived](chunk: Buffer): void
  [kPeerEnded](): void
  [kWireFailed](errno: number, syscall: string): void
  [kConnected](errno: number): void
}

/** A write is done, or will never be. */
type Sent = (error?: Error) => void

/** A write of which the kernel left more than this is not done before it has taken all. */
const MAX_UNSENT_BYTES = 64 * 1024

/** An end that is on its way. What comes of it belongs to the context of who asked for it; `AsyncResource.bind` costs microseconds. */
class Shutdown extends AsyncResource {
  constructor(readonly done: () => void) {
    super('SHUTDOWNWRAP')
  }
}

/** What the process has to wait for, or no longer, as far as the reactor does not know yet. */
const unsettled: Wire[] = []

function settleAll(): void {
  for (const wire of unsettled.splice(0)) wire.settle()
}

export class Wire extends Handle {
  owner: WireOwner | null
  /** Whether what arrives is wanted. */
  reading = false
  /** Bytes that were written, sent or not. */
  bytesWritten = 0
  /** Of a socket that is no TCP socket. */
  readonly isUnix: boolean
  /** The kernel has not said yet how connecting ended. */
  isConnecting = false
  /** Whether connect(2) would say that it is connected, and not that it has connected. */
  private saysConnected = true
  private paused = false
  private peerHasEnded = false
  /** The connection is gone, which nobody has heard yet: whoever writes will. */
  private isGone = false
  /** Whether the process waits for it, as far as the reactor knows. */
  private isHeld = true
  private isUnsettled = false
  private onSent: Sent | null = null
  private onShutdown: Shutdown | null = null
  private onceClosed: (() => void) | null = null
  private finalBytesRead = -1
  private lastBytesTaken = 0

  constructor(loop: EventLoop, slot: number, generation: number, isUnix: boolean, owner: WireOwner | null) {
    super(loop, slot, generation, isUnix ? 'PIPEWRAP' : 'TCPWRAP')
    this.isUnix = isUnix
    this.owner = owner
  }

  /** Takes over a socket that was made for it. */
  static on(socket: ChannelSocket, isUnix: boolean, owner: WireOwner | null): Wire {
    return new Wire(socket.loop, socket.slot, socket.generation, isUnix, owner)
  }

  get bytesRead(): number {
    return this.finalBytesRead < 0 ? this.column(Column.BYTES_READ) : this.finalBytesRead
  }

  /** Bytes that the kernel has not taken. */
  get unsentBytes(): number {
    return this.column(Column.QUEUED)
  }

  get localAddress(): SocketAddress | undefined {
    return this.lookUpLocalAddress()
  }

  get remoteAddress(): SocketAddress | undefined {
    return this.lookUpRemoteAddress()
  }

  startedConnecting(): void {
    this.isConnecting = true
    this.saysConnected = false
    this.settleReference()
  }

  /**
   * Whether connect(2) on a socket that has been connected would fail (EISCONN). Where connecting took a while, Linux tells
   * the next call first that it has succeeded, unless there was a shutdown(2) meanwhile.
   */
  refusesToConnect(): boolean {
    const refuses = this.saysConnected
    this.saysConnected = true
    return refuses
  }

  startReading(): void {
    this.reading = true
    if (!this.paused) return
    this.paused = false
    this.submit(Op.RESUME)
    this.settleReference()
  }

  stopReading(): void {
    this.reading = false
    if (this.paused) return
    this.paused = true
    this.submit(Op.PAUSE)
    this.settleReference()
  }

  // What node:http calls on the `_handle` of a socket, by the names that it knows.

  readStart(): void {
    this.startReading()
  }

  readStop(): void {
    this.stopReading()
  }

  /**
   * Sends; `sent` is called when the kernel has all of it, or so much of it that more may come. Nothing refers to the data
   * by then: whoever wrote it may use its memory for others, that of a received chunk as well.
   */
  write(data: string | Uint8Array, encoding: BufferEncoding, sent: Sent): void {
    if (this.isGone) {
      sent(errnoError(-constants.errno.EPIPE, 'write'))
      return
    }
    const { submissions } = this.loop
    const { slot } = this
    if (typeof data === 'string') {
      this.bytesWritten += submissions.text(slot, this.generation, data, encoding)
    } else {
      submissions.copy(slot, this.generation, data, data.length)
      this.bytesWritten += data.length
    }
    if (!this.isAwaited) this.settleReference()
    if (this.unsentBytes > MAX_UNSENT_BYTES) {
      submissions.flush()
      if (this.unsentBytes > 0) {
        this.onSent = sent
        this.submit(Op.WATCH_DRAIN, 0)
        return
      }
    }
    sent()
  }

  /** Sends the end after everything else; `done` is called when the kernel has it. */
  shutdown(done: () => void): void {
    this.onShutdown = new Shutdown(done)
    this.saysConnected = true
    if (this.isGone) {
      setImmediate(() => this.onFinish())
      return
    }
    this.submit(Op.END)
    this.settleReference()
  }

  /** Closes at once; with a reset where the peer is to see one. */
  close(reset: boolean, closed: () => void): void {
    if (this.closing) return
    this.finalBytesRead = this.column(Column.BYTES_READ)
    this.closing = true
    this.owner = null
    this.onceClosed = closed
    // What closes is waited for, as with Node: 'close' comes, although nothing else keeps the process alive.
    if (!this.isHeld) this.loop.reactor.ref(this.handle)
    const { submissions } = this.loop
    // What was written has left, as far as the writer knows.
    if (this.onSent !== null || this.unsentBytes === 0) {
      this.submit(reset ? Op.RESET : Op.DESTROY)
    } else if (reset) {
      submissions.flush()
      this.submit(Op.RESET)
    } else {
      this.submit(Op.CLOSE)
      submissions.flush()
      // The kernel has no room for it: it leaves when there is, and nobody waits for that.
      if (this.unsentBytes > 0) {
        this.loop.reactor.unref(this.handle)
        setImmediate(() => this.onClosed())
      }
    }
  }

  /** Whether the kernel has taken some of the output since this was last asked. */
  takesOutput(): boolean {
    if (this.onSent === null) return false
    const written = this.column(Column.BYTES_WRITTEN)
    const took = written !== this.lastBytesTaken
    this.lastBytesTaken = written
    return took
  }

  setOption(name: 'noDelay' | 'keepAlive', value: boolean): void {
    if (this.isUnix || this.closing) return
    setSocketOption(this, name, value)
  }

  setKeepAlive(on: boolean, delaySeconds: number, intervalSeconds = 1, count = 10): void {
    if (this.isUnix || this.closing) return
    this.setOption('keepAlive', on)
    if (!on || delaySeconds <= 0) return
    const { setsockopt } = optionCallsOf(this)
    try {
      setsockopt('IPPROTO_TCP', 'TCP_KEEPIDLE', delaySeconds)
      setsockopt('IPPROTO_TCP', 'TCP_KEEPINTVL', Math.max(intervalSeconds, 1))
      setsockopt('IPPROTO_TCP', 'TCP_KEEPCNT', Math.max(count, 1))
    } catch (error) {
      // Times that the kernel does not take are not taken: Node does not tell either.
      if (!(error instanceof SocketError)) throw error
    }
  }

  /** The byte that IPv4 calls type of service and IPv6 traffic class; 0 of a socket that has neither. */
  get typeOfService(): number {
    if (!this.hasTypeOfService) return 0
    const { getsockopt } = optionCallsOf(this)
    return this.isIpv6 ? getsockopt('IPPROTO_IPV6', 'IPV6_TCLASS') : getsockopt('IPPROTO_IP', 'IP_TOS')
  }

  set typeOfService(byte: number) {
    if (!this.hasTypeOfService) return
    const { setsockopt } = optionCallsOf(this)
    if (this.isIpv6) setsockopt('IPPROTO_IPV6', 'IPV6_TCLASS', byte)
    else setsockopt('IPPROTO_IP', 'IP_TOS', byte)
  }

  get hasTypeOfService(): boolean {
    return !this.isUnix && !this.closing
  }

  private get isIpv6(): boolean {
    return this.localAddress?.family === 'IPv6'
  }

  override onConnect(errno: number): void {
    this.isConnecting = false
    this.settleReference()
    this.resource.runInAsyncScope(this.tellConnected, this, errno)
  }

  override onData(chunk: Buffer): void {
    if (this.owner !== null) this.resource.runInAsyncScope(this.owner[kReceived], this.owner, chunk)
  }

  override onEnd(): void {
    this.peerHasEnded = true
    this.settleReference()
    if (this.owner !== null) this.resource.runInAsyncScope(this.owner[kPeerEnded], this.owner)
  }

  override onDrain(): void {
    if (this.closing) return
    this.settleReference()
    this.tellSent()
  }

  override onFinish(): void {
    const shutdown = this.onShutdown
    this.onShutdown = null
    if (shutdown === null || this.closing) return
    this.settleReference()
    shutdown.runInAsyncScope(shutdown.done)
  }

  override onError(errno: number, syscall: number): void {
    const { owner } = this
    if (owner === null) return
    const name = syscallName(syscall)
    // What came before the peer's end may still wait to be read: an error would throw it away.
    if (this.peerHasEnded && name === 'recv') {
      this.isGone = true
      this.onFinish()
      if (this.bytesWritten <= this.column(Column.BYTES_WRITTEN)) return
      this.resource.runInAsyncScope(owner[kWireFailed], owner, -constants.errno.EPIPE, 'write')
      return
    }
    const shown = name === 'recv' ? 'read' : name === 'send' ? 'write' : name
    this.resource.runInAsyncScope(owner[kWireFailed], owner, -Math.abs(errno), shown)
  }

  override onClosed(): void {
    // A write that the kernel never took all of is over as well. Node 20 does not say that it failed.
    if (this.onSent !== null) {
      this.tellSent(NODE_MAJOR < 22 ? undefined : errnoError(-constants.errno.ECANCELED, 'write'))
    }
    const closed = this.onceClosed
    this.onceClosed = null
    if (closed !== null) this.resource.runInAsyncScope(closed)
  }

  /** Whether the process waits for what its peer sends: for what nobody reads it does not, as with Node. */
  private get isAwaited(): boolean {
    return this.isReferenced && !this.paused && !this.peerHasEnded
  }

  /**
   * Tells the reactor whether the process waits for this one: once what runs now is over, for most of it changes at once again, such as
   * a socket that is paused and goes on, or ends when its peer has.
   */
  protected override settleReference(): void {
    if (this.isUnsettled || (this.isHeld && this.isAwaited)) return
    this.isUnsettled = true
    if (unsettled.push(this) === 1) queueMicrotask(settleAll)
  }

  settle(): void {
    this.isUnsettled = false
    if (this.closing) return
    // What was asked of the kernel is waited for, as with Node, although the socket itself keeps no process alive.
    const isHeld = this.isAwaited || this.isConnecting || this.onShutdown !== null || this.isSending()
    if (isHeld === this.isHeld) return
    this.isHeld = isHeld
    if (isHeld) this.loop.reactor.ref(this.handle)
    else this.loop.reactor.unref(this.handle)
  }

  /** Whether the kernel has no room for what was written. `onDrain` will say when it has taken it. */
  private isSending(): boolean {
    if (this.unsentBytes === 0) return false
    if (this.onSent !== null) return true
    this.loop.submissions.flush()
    if (this.unsentBytes === 0) return false
    this.submit(Op.WATCH_DRAIN, 0)
    return true
  }

  private tellSent(error?: Error): void {
    const sent = this.onSent
    this.onSent = null
    if (sent !== null) this.resource.runInAsyncScope(sent, undefined, error)
  }

  private tellConnected(errno: number): void {
    this.owner?.[kConnected](errno)
  }
}
