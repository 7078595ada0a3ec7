/** The socket under a connection, for whatever the framework has no word of its own for. */
import {
  type EventLoop,
  type OptionCalls,
  optionCallsOf,
  publicAddress,
  type SocketAddress,
  systemError,
} from '@pollux/core'

/**
 * The socket of a connection: every option of `@pollux/core`, and the descriptor.
 *
 * @example
 * ```ts
 * conn.socket.setsockopt('SOL_SOCKET', 'SO_KEEPALIVE', true)
 * console.log(conn.socket.getsockopt('IPPROTO_TCP', 'TCP_INFO').state) // 'ESTABLISHED'
 * ```
 */
export class ConnectionSocket {
  /** getsockopt(2), as `Socket.getsockopt` of `@pollux/core`. Throws SocketError EBADF once the connection is closed. */
  readonly getsockopt: OptionCalls['getsockopt']
  /** setsockopt(2), as `Socket.setsockopt` of `@pollux/core`. */
  readonly setsockopt: OptionCalls['setsockopt']
  private readonly loop: EventLoop
  private readonly handle: number

  /** Internal. */
  constructor(loop: EventLoop, handle: number) {
    this.loop = loop
    this.handle = handle
    const { getsockopt, setsockopt } = optionCallsOf({ loop, handle })
    this.getsockopt = getsockopt
    this.setsockopt = setsockopt
  }

  /** getsockname(2): also where a PROXY header has put another in its place. Undefined once the connection is closed. */
  get localAddress(): SocketAddress | undefined {
    const address = this.loop.reactor.localAddress(this.handle)
    return typeof address === 'number' ? undefined : publicAddress(address)
  }

  /** getpeername(2): the proxy's, where there is one between. Undefined once the connection is closed. */
  get remoteAddress(): SocketAddress | undefined {
    const address = this.loop.reactor.remoteAddress(this.handle)
    return typeof address === 'number' ? undefined : publicAddress(address)
  }

  /**
   * The descriptor, for diagnostics: what is done to it behind Pollux's back is not noticed.
   *
   * @throws SocketError EBADF once the connection is closed
   */
  get fd(): number {
    const fd = this.loop.reactor.fd(this.handle)
    if (fd < 0) throw systemError(fd, 'fd')
    return fd
  }
}
