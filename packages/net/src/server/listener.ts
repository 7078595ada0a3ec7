/** What a server listens on. */
import type { AddressInfo } from 'node:net'
import { type ChannelSocket, Op, type SocketAddress, type UnderlyingSocket } from '@pollux/core'
import { errnoError } from '../errors.js'
import { Handle } from '../handle.js'
import { kAccepted, kAcceptFailed } from '../internals.js'
import { Wire } from '../wire.js'

/** Whom a listener tells. */
export interface ListenerOwner {
  [kAccepted](wire: Wire): void
  [kAcceptFailed](error: Error): void
}

/** A socket of this process ({@link Listener}), or a share of one of the primary's (`PrimaryListener`). */
export interface Listening {
  readonly fd: number
  readonly berkeley: UnderlyingSocket | undefined
  /** Of a TCP socket. */
  address(): AddressInfo | null
  getAsyncId(): number
  ref(): void
  unref(): void
  hasRef(): boolean
  close(): void
}

/** A listening socket's place on the event loop. */
export class Listener extends Handle implements Listening {
  private readonly owner: ListenerOwner
  private readonly bound: SocketAddress
  private readonly isUnix: boolean
  private readonly closed: (() => void) | undefined

  /**
   * Takes over the socket; `listen` of the socket comes next.
   *
   * @param closed called when the listener is closed
   */
  constructor(socket: ChannelSocket, owner: ListenerOwner, closed?: () => void) {
    const bound = socket.localAddress
    const isUnix = bound.family === 'Unix'
    super(socket.loop, socket.slot, socket.generation, isUnix ? 'PIPESERVERWRAP' : 'TCPSERVERWRAP')
    this.owner = owner
    this.closed = closed
    this.bound = bound
    this.isUnix = isUnix
  }

  address(): AddressInfo | null {
    const { bound } = this
    if (bound.family === 'Unix') return null
    return { address: bound.host, family: bound.family, port: bound.port }
  }

  close(): void {
    if (this.closing) return
    this.closing = true
    this.submit(Op.DESTROY)
    // At once: who listens there next, maybe in this very tick, finds the port free and the file gone.
    this.loop.submissions.flush()
    this.closed?.()
  }

  override onAccept(slot: number, generation: number): void {
    if (this.closing) {
      this.loop.submissions.push(Op.DESTROY, slot, generation, 0, 0)
      return
    }
    // The listener's context is that of 'connection' only: the connection itself begins outside of it, as in Node.
    const wire = new Wire(this.loop, slot, generation, this.isUnix, null)
    this.resource.runInAsyncScope(this.owner[kAccepted], this.owner, wire)
  }

  override onError(errno: number): void {
    this.close()
    const error = errnoError(-Math.abs(errno), 'accept')
    this.resource.runInAsyncScope(this.owner[kAcceptFailed], this.owner, error)
  }
}
