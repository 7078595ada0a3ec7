/** The socket under something that has words of its own for it: a connection, a server, a stream. */
import { publicAddress, type SocketAddress } from './address.js'
import type { EventLoop } from './event-loop.js'
import { type OptionCalls, optionCallsOf } from './options/option-calls.js'
import { systemError } from './system-error.js'

/**
 * A socket of an event loop that somebody else owns, for whatever its owner has no word of its own for: every option, both
 * addresses and the descriptor.
 *
 * @example
 * ```ts
 * conn.socket.setsockopt('SOL_SOCKET', 'SO_KEEPALIVE', true)
 * console.log(conn.socket.getsockopt('IPPROTO_TCP', 'TCP_INFO').state) // 'ESTABLISHED'
 * ```
 */
export class UnderlyingSocket {
  /** getsockopt(2), as `Socket.getsockopt`. Throws SocketError EBADF once the socket is closed. */
  readonly getsockopt: OptionCalls['getsockopt']
  /** setsockopt(2), as `Socket.setsockopt`. What is set on a listening socket, connections inherit as the kernel has it. */
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

  /** getsockname(2). Undefined once the socket is closed. */
  get localAddress(): SocketAddress | undefined {
    const address = this.#loop.reactor.localAddress(this.#handle)
    return typeof address === 'number' ? undefined : publicAddress(address)
  }

  /**
   * getpeername(2): of who is at the other end of the socket itself, a proxy too. Undefined once it is closed, and where
   * there is nobody.
   */
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
