/** What stands behind a Socket: its place on the loop. The modules of the calls share it. */
import { ErrorCode, SocketError } from '../errors.js'
import type { EventLoop } from '../event-loop.js'
import { systemError } from '../system-error.js'

/** In place of the handle: the socket is closed. */
const NO_HANDLE = -1

/** An open socket that the program drives call by call. */
export class SocketCore {
  readonly loop: EventLoop
  readonly family: number
  readonly type: number
  readonly protocol: number
  private owned: number

  constructor(loop: EventLoop, handle: number, family: number, type: number, protocol: number) {
    this.loop = loop
    this.owned = handle
    this.family = family
    this.type = type
    this.protocol = protocol
  }

  /** The socket of `handle`, which the loop has just made; asks the kernel what it is. */
  static of(loop: EventLoop, handle: number): SocketCore {
    const kind = loop.reactor.describe(handle)
    if (typeof kind !== 'number') return new SocketCore(loop, handle, ...kind)
    loop.reactor.closeNow(handle)
    throw systemError(kind, 'getsockopt')
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
    if (this.closed) throw closedError('the socket is closed')
    return this.owned
  }

  /** close(2). Idempotent. */
  close(): void {
    if (this.closed) return
    const { handle } = this
    this.owned = NO_HANDLE
    this.loop.reactor.closeNow(handle)
  }

  /** Gives the fd away. The socket is closed afterwards, the fd is not. */
  detach(): number {
    const { handle } = this
    this.owned = NO_HANDLE
    return this.loop.reactor.detach(handle)
  }
}

/** That something was used or waited for after its socket was closed. */
export function closedError(message: string, bytesTransferred?: number): SocketError {
  return new SocketError(message, { code: ErrorCode.CLOSED, bytesTransferred })
}
