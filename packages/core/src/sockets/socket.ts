/** Berkeley sockets: every call by its POSIX name, on one nonblocking descriptor. */
import type { Endpoint, SocketAddress } from '../address.js'
import { SOMAXCONN } from '../constants.js'
import { EventLoop } from '../event-loop.js'
import { getOption, setOption } from '../options/calls.js'
import type {
  OptionInput,
  OptionLevel,
  OptionValue,
  ReadableOption,
  SettableOption,
} from '../options/table.js'
import { systemError } from '../system-error.js'
import { checkInteger } from '../validate.js'
import { addressArguments, addressOrThrow } from './socket-address.js'
import { SocketCore } from './socket-core.js'

const MAX_INT = 2 ** 31 - 1
const MIN_INT = -(2 ** 31)

/** Where a socket lives. */
export interface SocketOptions {
  /** Default: the loop of this thread. */
  loop?: EventLoop
}

/** For the modules of this package: what stands behind a Socket. */
export let coreOf: (socket: Socket) => SocketCore

/** For the modules of this package: makes the Socket of a core. */
export let socketOf: (core: SocketCore) => Socket

/**
 * A socket, nonblocking and close-on-exec, of any family and type that the system has.
 *
 * @example
 * ```ts
 * import { AF_INET, SOCK_DGRAM, socket } from '@pollux/core'
 *
 * using udp = socket(AF_INET, SOCK_DGRAM)
 * udp.bind({ host: '127.0.0.1', port: 0 })
 * console.log(udp.getsockname()) // { family: 'IPv4', host: '127.0.0.1', port: 49152 }
 * ```
 */
export class Socket {
  readonly #core: SocketCore

  static {
    coreOf = (socket) => socket.#core
    socketOf = (core) => new Socket(core)
  }

  private constructor(core: SocketCore) {
    this.#core = core
  }

  /**
   * Takes over an open descriptor, which must be a socket: it is made nonblocking and close-on-exec, and closed with
   * this object. Where it is none, this throws, and the descriptor stays the caller's.
   *
   * O_NONBLOCK belongs to the open file: whoever else has a descriptor of it, perhaps in another process, finds it
   * nonblocking too.
   *
   * @throws SocketError EBADF, ENOTSOCK, EEXIST (a socket of this loop has it already); TypeError, RangeError
   */
  static fromFd(fd: number, options: SocketOptions = {}): Socket {
    const loop = loopOf(options)
    checkInteger(fd, 'fd', 0, MAX_INT)
    const handle = loop.openHandle((reactor) => reactor.adoptSocket(fd))
    if (handle < 0) throw systemError(handle, 'getsockopt')
    return new Socket(SocketCore.of(loop, handle))
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
    check(this.#core.loop.reactor.bindNow(this.#core.handle, ...native), 'bind', address)
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

  /**
   * getsockopt(2) of an option by its level and name, which fix the type of the value; or of any other, as bytes.
   *
   * @param level 'SOL_SOCKET', 'IPPROTO_IP', 'IPPROTO_IPV6', 'IPPROTO_TCP', 'IPPROTO_UDP'; or a number
   * @param name as in the manual: 'SO_LINGER'; or a number
   * @param maxBytes of a raw option: what the value has at most, 1 to 1,048,576; the kernel finds them zeroed
   * @throws SocketError ENOPROTOOPT where the platform, its kernel, or this kind of socket has no such option,
   *   ENOTCONN, …; TypeError, RangeError
   *
   * @example
   * ```ts
   * import { AF_INET, constants, SOCK_STREAM, socket } from '@pollux/core'
   *
   * using tcp = socket(AF_INET, SOCK_STREAM)
   * console.log(tcp.getsockopt('SOL_SOCKET', 'SO_RCVBUF')) // 131072
   * console.log(tcp.getsockopt('IPPROTO_TCP', 'TCP_INFO').state) // 'CLOSE'
   * console.log(tcp.getsockopt(constants.SOL_SOCKET, constants.SO_TYPE, 4)) // Uint8Array(4) [ 1, 0, 0, 0 ]
   * ```
   */
  getsockopt<Level extends OptionLevel, Name extends ReadableOption<Level>>(
    level: Level,
    name: Name,
  ): OptionValue<Level, Name>
  getsockopt(level: number, name: number, maxBytes: number): Uint8Array
  getsockopt(level: OptionLevel | number, name: unknown, maxBytes?: number): unknown {
    return getOption(this.#core, level, name, maxBytes)
  }

  /**
   * setsockopt(2) of an option by its level and name, which fix the type of the value; or of any other, as bytes.
   *
   * @param level 'SOL_SOCKET', 'IPPROTO_IP', 'IPPROTO_IPV6', 'IPPROTO_TCP', 'IPPROTO_UDP'; or a number
   * @param name as in the manual: 'SO_LINGER'; or a number
   * @param value of a raw option: as the kernel reads it, at most 1,048,576 bytes
   * @throws SocketError ENOPROTOOPT where the platform, its kernel, or this kind of socket has no such option, EPERM
   *   with the capability that is needed, EINVAL, …; TypeError, RangeError
   *
   * @example
   * ```ts
   * import { AF_INET, SOCK_STREAM, socket } from '@pollux/core'
   *
   * using tcp = socket(AF_INET, SOCK_STREAM)
   * tcp.setsockopt('SOL_SOCKET', 'SO_LINGER', { on: true, seconds: 5 })
   * tcp.setsockopt('IPPROTO_TCP', 'TCP_NODELAY', true)
   * console.log(tcp.getsockopt('SOL_SOCKET', 'SO_LINGER')) // { on: true, seconds: 5 }
   * ```
   */
  setsockopt<Level extends OptionLevel, Name extends SettableOption<Level>>(
    level: Level,
    name: Name,
    value: OptionInput<Level, Name>,
  ): void
  setsockopt(level: number, name: number, value: ArrayBufferView): void
  setsockopt(level: OptionLevel | number, name: unknown, value: unknown): void {
    setOption(this.#core, level, name, value)
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

/** The handle of a socket in calls of the addon. @throws SocketError ERR_POLLUX_CLOSED */
export function handleOf(socket: Socket): number {
  return coreOf(socket).handle
}

/**
 * socket(2): nonblocking and close-on-exec.
 *
 * @param family AF_INET, AF_INET6 or AF_UNIX
 * @param type SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET or SOCK_RAW
 * @param protocol 0 for the one that goes with family and type, or IPPROTO_…
 * @throws SocketError EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EINVAL, EPERM (SOCK_RAW needs CAP_NET_RAW),
 *   EMFILE, ENFILE, …
 */
export function socket(family: number, type: number, protocol = 0, options: SocketOptions = {}): Socket {
  const loop = loopOf(options)
  checkKind(family, type, protocol)
  const handle = loop.openHandle((reactor) => reactor.socket(family, type, protocol))
  if (handle < 0) throw systemError(handle, 'socket')
  return socketOf(SocketCore.of(loop, handle))
}

/**
 * socketpair(2): two sockets that are connected to each other.
 *
 * @param family AF_UNIX; others are EOPNOTSUPP on most systems
 * @throws SocketError EOPNOTSUPP, EAFNOSUPPORT, EPROTONOSUPPORT, EMFILE, ENFILE, …
 */
export function socketpair(
  family: number,
  type: number,
  protocol = 0,
  options: SocketOptions = {},
): [Socket, Socket] {
  const loop = loopOf(options)
  checkKind(family, type, protocol)
  const pair = loop.openHandle((reactor) => reactor.socketpair(family, type, protocol))
  if (typeof pair === 'number') throw systemError(pair, 'socketpair')
  const [one, other] = pair.map((handle) => socketOf(SocketCore.of(loop, handle)))
  return [one, other]
}

function loopOf({ loop }: SocketOptions): EventLoop {
  return loop ?? EventLoop.default()
}

function checkKind(family: unknown, type: unknown, protocol: unknown): void {
  checkInteger(family, 'family', 0, MAX_INT)
  checkInteger(type, 'type', 0, MAX_INT)
  checkInteger(protocol, 'protocol', 0, MAX_INT)
}

function check(result: number, syscall: string, endpoint?: Endpoint): number {
  if (result < 0) throw systemError(result, syscall, endpoint)
  return result
}
