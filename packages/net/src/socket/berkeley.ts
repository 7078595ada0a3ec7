/** The socket under a stream, for whatever `node:net` has no word for. */
import {
  type EventLoop,
  type OptionCalls,
  optionCallsOf,
  publicAddress,
  type SocketAddress,
  systemError,
} from '@pollux/core'

/**
 * A stream socket: every option of `@pollux/core`, the names of both ends and the descriptor.
 *
 * @example
 * ```ts
 * import { connect, createServer } from '@pollux/net'
 *
 * const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1', () => {
 *   const socket = connect(server.address().port, '127.0.0.1', () => {
 *     console.log(socket.berkeley.getsockopt('IPPROTO_TCP', 'TCP_INFO').state) // ESTABLISHED
 *     socket.destroy()
 *     server.close()
 *   })
 * })
 * ```
 */
export class StreamSocket {
  /** getsockopt(2), as `Socket.getsockopt` of `@pollux/core`. Throws SocketError EBADF once the socket is closed. */
  readonly getsockopt: OptionCalls['getsockopt']
  /** setsockopt(2), as `Socket.setsockopt` of `@pollux/core`. */
  readonly setsockopt: OptionCalls['setsockopt']
  readonly #loop: EventLoop
  readonly #handle: number

  /** Internal. */
  constructor(loop: EventLoop, handle: number) {
    this.#loop = loop
    this.#handle = handle
    const { getsockopt, setsockopt } = optionCallsOf({ loop, handle })
    this.getsockopt = getsockopt
    this.setsockopt = setsockopt
  }

  /** getsockname(2), with the path of a Unix socket. Undefined once the socket is closed. */
  get localAddress(): SocketAddress | undefined {
    const address = this.#loop.reactor.localAddress(this.#handle)
    return typeof address === 'number' ? undefined : publicAddress(address)
  }

  /** getpeername(2), with the path of a Unix socket. Undefined while there is no peer, and once the socket is closed. */
  get remoteAddress(): SocketAddress | undefined {
    const address = this.#loop.reactor.remoteAddress(this.#handle)
    return typeof address === 'number' ? undefined : publicAddress(address)
  }

  /**
   * The descriptor, for diagnostics: what is done to it behind Pollux's back is not noticed.
   *
   * @throws SocketError EBADF once the socket is closed
   */
  get fd(): number {
    const fd = this.#loop.reactor.fd(this.#handle)
    if (fd < 0) throw systemError(fd, 'fd')
    return fd
  }
}
