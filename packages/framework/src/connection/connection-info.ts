/** What one can ask of a connection: its state, its addresses, what it has moved. */
import { Channel, Column, type SocketAddress, UnderlyingSocket } from '@pollux/core'
import type { Secure } from '../tls/secure.js'
import type { Filter } from './filter.js'
import { Lifecycle, type ReadyState, readyStateOf } from './lifecycle.js'

const { CONNECTING, DESTROYED, CLOSED } = Lifecycle

/** What an idle connection does without: made when it is first asked for, or at the close. */
class Details {
  local: SocketAddress | undefined = undefined
  remote: SocketAddress | undefined = undefined
  socket: UnderlyingSocket | undefined = undefined
  /** What failed the connection, and why it closes in a word. */
  error: unknown = undefined
  closeReason: string | undefined = undefined
  /** Who waits in `drained`. */
  drained: PromiseWithResolvers | undefined = undefined
  /** The pipe that takes what is received, and the one that leads here. */
  pipeFrom: PipeFrom | undefined = undefined
  pipeTo: PipeTo | undefined = undefined
  /** Files under way, oldest first. */
  files: FileUnderWay[] | undefined = undefined
  bytesRead = 0
  bytesWritten = 0
  /** How many plugins have let it in, where one of them took its time. */
  letInBy = 0
}

/** A pipe, as the connection that is read sees it. */
export interface PipeFrom {
  /** Whether it took the bytes, which are valid until this returns; if not, they wait for it. */
  received(chunk: Buffer): boolean
  /** No more bytes will come, unless some wait. */
  peerEnded(): void
  /** The reactor's part is over: 0 after the peer's end, else the errno of the other side. */
  over(errno: number): void
  sourceClosed(): void
}

/** A pipe, as the connection that is written to sees it. */
export interface PipeTo {
  /** Whether bytes are between the two connections, in the kernel. */
  readonly hasBytes: boolean
  targetClosed(): void
}

/** A call of `sendFile` that is not over. */
export interface FileUnderWay {
  sent(): void
  lost(cause: unknown): void
}

/** A promise that is settled from elsewhere. */
export interface PromiseWithResolvers {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

let lastId = 0

export abstract class ConnectionInfo extends Channel {
  /** Its number, for logs: unique in this thread. */
  readonly id: number = ++lastId
  /** Changed by `Connection.move` alone. */
  protected lifecycle: Lifecycle = CONNECTING
  /** Internal: what stands between the socket and this connection; null: nothing does. */
  protected through: Filter | null = null
  private lazyDetails: Details | null = null

  /** 'connecting', 'open' (for writing), 'ending' (our half has ended), or 'closed' (from `destroy` on). */
  get readyState(): ReadyState {
    return readyStateOf(this.lifecycle)
  }

  /** Bytes written that the kernel has not taken yet. */
  get queuedBytes(): number {
    if (this.lifecycle === CLOSED) return 0
    const queued = this.column(Column.QUEUED)
    return this.through === null ? queued : queued + this.through.queuedBytes
  }

  /** Bytes received in all; stays readable after the close. */
  get bytesRead(): number {
    return this.lifecycle === CLOSED ? this.details.bytesRead : this.column(Column.BYTES_READ)
  }

  /** Bytes that the kernel took in all; stays readable after the close. */
  get bytesWritten(): number {
    return this.lifecycle === CLOSED ? this.details.bytesWritten : this.column(Column.BYTES_WRITTEN)
  }

  /** When bytes last moved either way, in milliseconds of the loop's clock (`loop.now()`); 0 after the close. */
  get lastActivityMs(): number {
    return this.lifecycle === CLOSED ? 0 : this.column(Column.LAST_ACTIVITY_MS)
  }

  /** Our address (getsockname(2)). Looked up when it is first read, and undefined if that is after the close. */
  get localAddress(): SocketAddress | undefined {
    const { details } = this
    details.local ??= this.lookUpLocalAddress()
    return details.local
  }

  /**
   * The peer's address (getpeername(2)). Looked up when it is first read; of an accepted TCP connection it can also
   * be read in `close`. A Unix client has the path '' as a rule.
   */
  get remoteAddress(): SocketAddress | undefined {
    const { details } = this
    details.remote ??= this.lookUpRemoteAddress()
    return details.remote
  }

  /** What TLS has agreed on with the peer; undefined without TLS, and before its handshake is done. */
  get secure(): Secure | undefined {
    return this.through?.secure
  }

  /** Plugins: the addresses to go by from now on, where the socket's own are those of a proxy. */
  assumeAddresses(remote: SocketAddress, local: SocketAddress): void {
    this.details.remote = remote
    this.details.local = local
  }

  /** The socket underneath, with every option that the system has. */
  get socket(): UnderlyingSocket {
    const { details } = this
    details.socket ??= new UnderlyingSocket(this.loop, this.handle)
    return details.socket
  }

  /**
   * Why the connection closes, in a word: one of {@link CloseReason}, or a plugin's own. Undefined before it does.
   * For messages to people there is the error that `error` and `close` get.
   */
  get closeReason(): string | undefined {
    return this.lazyDetails?.closeReason
  }

  /** Keeps the process alive while this connection is open (the default). */
  ref(): this {
    if (this.lifecycle < DESTROYED) this.loop.reactor.ref(this.handle)
    return this
  }

  /** Lets the process end although this connection is open. */
  unref(): this {
    if (this.lifecycle < DESTROYED) this.loop.reactor.unref(this.handle)
    return this
  }

  /** The row in the socket table is about to be another socket's. */
  protected keepTotals(): void {
    this.details.bytesRead = this.column(Column.BYTES_READ)
    this.details.bytesWritten = this.column(Column.BYTES_WRITTEN)
  }

  /** The first reason stays: what follows from it is none. */
  protected closingBecause(reason: string): void {
    this.details.closeReason ??= reason
  }

  /** Whether a pipe leads here, which ends our half when it ends itself. */
  protected get isPipedTo(): boolean {
    return this.lazyDetails?.pipeTo !== undefined
  }

  /** Whether a file or a pipe has bytes for the peer, which are not queued as writes are. */
  protected get hasMoves(): boolean {
    const details = this.lazyDetails
    if (details === null) return false
    return (details.files?.length ?? 0) > 0 || details.pipeTo?.hasBytes === true
  }

  protected get details(): Details {
    this.lazyDetails ??= new Details()
    return this.lazyDetails
  }

  /** Whether there is a promise of `drained` to settle, looked up without making the details. */
  protected takeDrained(): PromiseWithResolvers | undefined {
    const drained = this.lazyDetails?.drained
    if (drained !== undefined) this.details.drained = undefined
    return drained
  }
}
