/** What all sockets have, whatever goes through them: an address, a life, an end. */
import type { Endpoint, SocketAddress } from '../address.js'
import { SOMAXCONN } from '../constants.js'
import type { EventLoop } from '../event-loop.js'
import { systemError } from '../system-error.js'
import { checkInteger } from '../validate.js'
import { addressArguments, addressOrThrow, endpointOf } from './socket-address.js'
import type { SocketCore } from './socket-core.js'

const MAX_INT = 2 ** 31 - 1
const MIN_INT = -(2 ** 31)

/** For the modules of this package: what stands behind a socket. */
export let coreOf: (socket: OpenSocket) => SocketCore

/** For the modules of this package: whether it is a socket, and not only looks like one. */
export let isSocket: (value: unknown) => value is OpenSocket

/** The handle of a socket in calls of the addon. @throws SocketError ERR_POLLUX_CLOSED */
export function handleOf(socket: OpenSocket): number {
  return coreOf(socket).handle
}

/** The calls about the socket itself. Users see it as a part of `Socket`. */
export abstract class OpenSocket {
  readonly #core: SocketCore

  static {
    coreOf = (socket) => socket.#core
    isSocket = (value): value is OpenSocket => typeof value === 'object' && value !== null && #core in value
  }

  /** Internal. */
  constructor(core: SocketCore) {
    this.#core = core
  }

  /** The loop that the socket is on. */
  get loop(): EventLoop {
    return this.#core.loop
  }

  /** AF_INET, AF_INET6, AF_UNIX, … */
  get family(): number {
    return this.#core.family
  }

  /** SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW. */
  get type(): number {
    return this.#core.type
  }

  /** IPPROTO_TCP, IPPROTO_UDP, … as the kernel chose it; 0 for Unix domain sockets. */
  get protocol(): number {
    return this.#core.protocol
  }

  /**
   * The descriptor. It stays this object's: `detach` gives it away.
   *
   * @throws SocketError ERR_POLLUX_CLOSED
   */
  get fd(): number {
    return check(this.#core.loop.reactor.fd(this.#core.handle), 'fd')
  }

  /** Whether it was closed or detached, or its loop was closed. */
  get closed(): boolean {
    return this.#core.closed
  }

  /**
   * bind(2): gives the socket its address. A Unix path must not exist yet (EADDRINUSE), and its file stays when the
   * socket is closed.
   *
   * @throws SocketError EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL (bound already), ENAMETOOLONG, ENOENT,
   *   ENODEV (no such interface), …
   */
  bind(address: Endpoint): void {
    const native = addressArguments(address)
    check(this.#core.loop.reactor.bindNow(this.#core.handle, ...native), 'bind', endpointOf(native))
  }

  /**
   * listen(2): connections are queued from now on.
   *
   * @param backlog how many may wait to be accepted; the system has a limit of its own (net.core.somaxconn)
   * @throws SocketError EADDRINUSE, EINVAL (connected), EOPNOTSUPP (not of a type that listens)
   */
  listen(backlog: number = SOMAXCONN): void {
    checkInteger(backlog, 'backlog', MIN_INT, MAX_INT)
    const { loop, handle } = this.#core
    const result = loop.reactor.listenNow(handle, backlog)
    if (result < 0) throw systemError(result, 'listen')
  }

  /**
   * shutdown(2): SHUT_RD, SHUT_WR or SHUT_RDWR. What was sent before SHUT_WR still arrives, and then the end.
   *
   * @throws SocketError ENOTCONN, EINVAL (no such `how`)
   */
  shutdown(how: number): void {
    checkInteger(how, 'how', MIN_INT, MAX_INT)
    check(this.#core.loop.reactor.shutdownNow(this.#core.handle, how), 'shutdown')
    // select(2) says nothing of a hang-up to who waits for room.
    this.#core.waiting?.wakeAll()
  }

  /**
   * sockatmark(3): whether the next byte to receive is the one that was marked as urgent (MSG_OOB).
   *
   * @throws SocketError ENOTTY, EINVAL (not of a type that has urgent data)
   */
  sockatmark(): boolean {
    return check(this.#core.loop.reactor.sockatmark(this.#core.handle), 'sockatmark') === 1
  }

  /**
   * getsockname(2).
   *
   * @throws SocketError EAFNOSUPPORT for a family that Pollux has no words for
   */
  getsockname(): SocketAddress {
    return addressOrThrow(this.#core.loop.reactor.localAddress(this.#core.handle), 'getsockname')
  }

  /**
   * getpeername(2).
   *
   * @throws SocketError ENOTCONN, EINVAL (shut down, on some systems)
   */
  getpeername(): SocketAddress {
    return addressOrThrow(this.#core.loop.reactor.peerName(this.#core.handle), 'getpeername')
  }

  /** close(2): the descriptor is closed when it returns, and every promise that waits is rejected. Idempotent. */
  close(): void {
    this.#core.close()
  }

  /**
   * Gives the descriptor away: it stays open (nonblocking, close-on-exec) and is the caller's to close; this object is
   * closed. That is how a socket gets to a worker thread, which makes one of it with `Socket.fromFd`.
   */
  detach(): number {
    return check(this.#core.detach(), 'detach')
  }

  /** The process stays alive while this socket is open (the default). */
  ref(): this {
    this.#core.loop.reactor.ref(this.#core.handle)
    return this
  }

  /** The process may end although this socket is open. */
  unref(): this {
    this.#core.loop.reactor.unref(this.#core.handle)
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

function check(result: number, syscall: string, endpoint?: Endpoint): number {
  if (result < 0) throw systemError(result, syscall, endpoint)
  return result
}
