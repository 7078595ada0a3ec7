/** What one can ask of a connection: its state, its addresses, what it has moved. */
import { Channel, Column, type SocketAddress } from '@pollux/core'
import { Lifecycle, type ReadyState, readyStateOf } from './lifecycle.js'

const { CONNECTING, DESTROYED, CLOSED } = Lifecycle

/** What an idle connection does without: made when it is first asked for, or at the close. */
class Details {
  local: SocketAddress | undefined = undefined
  remote: SocketAddress | undefined = undefined
  /** Why the connection failed. */
  reason: unknown = undefined
  bytesRead = 0
  bytesWritten = 0
}

export abstract class ConnectionInfo extends Channel {
  /** Changed by `Connection.move` alone. */
  protected lifecycle: Lifecycle = CONNECTING
  private lazyDetails: Details | null = null

  /** 'connecting', 'open' (for writing), 'ending' (our half has ended), or 'closed' (from `destroy` on). */
  get readyState(): ReadyState {
    return readyStateOf(this.lifecycle)
  }

  /** Bytes written that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.lifecycle === CLOSED ? 0 : this.column(Column.QUEUED)
  }

  /** Bytes received in all; stays readable after the close. */
  get bytesRead(): number {
    return this.lifecycle === CLOSED ? this.details.bytesRead : this.column(Column.BYTES_READ)
  }

  /** Bytes that the kernel took in all; stays readable after the close. */
  get bytesWritten(): number {
    return this.lifecycle === CLOSED ? this.details.bytesWritten : this.column(Column.BYTES_WRITTEN)
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

  protected get details(): Details {
    this.lazyDetails ??= new Details()
    return this.lazyDetails
  }
}
