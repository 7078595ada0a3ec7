/** What stands behind a Socket: its place on the loop. The modules of the calls share it. */
import { ErrorCode, SocketError } from '../errors.js'
import type { EventLoop } from '../event-loop.js'
import { systemError } from '../system-error.js'
import { Waiting } from './waiting.js'

/** In place of the handle: the socket is closed. */
const NO_HANDLE = -1

/** An open socket that the program drives call by call. */
export class SocketCore {
  readonly loop: EventLoop
  readonly family: number
  readonly type: number
  readonly protocol: number
  /** What waits on it; null until something did. */
  waiting: Waiting | null = null
  private owned: number

  constructor(loop: EventLoop, handle: number, family: number, type: number, protocol: number) {
    this.loop = loop
    this.owned = handle
    this.family = family
    this.type = type
    this.protocol = protocol
  }

  /** The socket of `handle`, which the loop has just made; asks the kernel what it is. @throws SocketError */
  static of(loop: EventLoop, handle: number): SocketCore {
    const kind = loop.reactor.describe(handle)
    if (typeof kind === 'number') throw systemError(kind, 'getsockopt')
    return new SocketCore(loop, handle, ...kind)
  }

  get closed(): boolean {
    return this.owned === NO_HANDLE || this.loop.isClosed
  }

  /**
   * The socket's name in calls of the addon.
   *
   * @throws SocketError ERR_POLLUX_CLOSED
   */
  get handle(): number {
    if (this.closed) throw new SocketError('the socket is closed', { code: ErrorCode.CLOSED })
    return this.owned
  }

  /** @throws SocketError ERR_POLLUX_CLOSED */
  makeWaiting(): Waiting {
    this.waiting ??= new Waiting(this.loop, this.handle)
    return this.waiting
  }

  /** close(2). Idempotent. */
  close(): void {
    if (this.closed) return
    this.loop.reactor.closeNow(this.end())
    this.waiting?.end('the socket was closed')
  }

  /** Gives the fd away: the socket is closed afterwards, the fd is not. The fd, or `-errno`. */
  detach(): number {
    const fd = this.loop.reactor.detach(this.handle)
    if (fd < 0) return fd
    this.end()
    this.waiting?.end('the socket was detached')
    return fd
  }

  private end(): number {
    const { handle } = this
    this.owned = NO_HANDLE
    return handle
  }
}
