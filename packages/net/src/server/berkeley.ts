/** The socket under a server, for whatever `node:net` has no word for. */
import {
  type EventLoop,
  type OptionCalls,
  optionCallsOf,
  publicAddress,
  type SocketAddress,
  systemError,
} from '@pollux/core'

/**
 * A listening socket: every option of `@pollux/core`, its name and its descriptor.
 *
 * @example
 * ```ts
 * import { createServer } from '@pollux/net'
 *
 * const server = createServer().listen(0, '127.0.0.1', () => {
 *   server.berkeley.setsockopt('IPPROTO_TCP', 'TCP_DEFER_ACCEPT', 5)
 *   console.log(server.berkeley.getsockopt('SOL_SOCKET', 'SO_ACCEPTCONN')) // true
 *   server.close()
 * })
 * ```
 */
export class ListeningSocket {
  /** getsockopt(2), as `Socket.getsockopt` of `@pollux/core`. Throws SocketError EBADF once the server is closed. */
  readonly getsockopt: OptionCalls['getsockopt']
  /** setsockopt(2), as `Socket.setsockopt` of `@pollux/core`. What is set here, connections inherit as the kernel has it. */
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

  /** getsockname(2), with the path of a Unix socket. Undefined once the server is closed. */
  get localAddress(): SocketAddress | undefined {
    const address = this.#loop.reactor.localAddress(this.#handle)
    return typeof address === 'number' ? undefined : publicAddress(address)
  }

  /**
   * The descriptor, for diagnostics: what is done to it behind Pollux's back is not noticed.
   *
   * @throws SocketError EBADF once the server is closed
   */
  get fd(): number {
    const fd = this.#loop.reactor.fd(this.#handle)
    if (fd < 0) throw systemError(fd, 'fd')
    return fd
  }
}
