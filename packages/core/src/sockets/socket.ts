/** Berkeley sockets: every call by its POSIX name, on one nonblocking descriptor. */
import type { Endpoint, SocketAddress } from '../address.js'
import { SOMAXCONN } from '../constants.js'
import { EventLoop } from '../event-loop.js'
import { systemError } from '../system-error.js'
import { checkInteger } from '../validate.js'
import { Accept, type AcceptedAs, Connections } from './accept.js'
import { Connect, isUnspecified, tryConnect, type Unspecified } from './connect.js'
import { perform, type WaitOptions } from './perform.js'
import { addressArguments, addressOrThrow } from './socket-address.js'
import { SocketCore } from './socket-core.js'
import {
  isDontWait,
  Receive,
  type ReceivedFrom,
  ReceiveFrom,
  ReceiveVectors,
  receivingAll,
  Send,
  SendVectors,
  sendingAll,
} from './transfer.js'
import type { WouldBlock } from './would-block.js'

const MAX_INT = 2 ** 31 - 1
const MIN_INT = -(2 ** 31)

/** Where a socket lives. */
export interface SocketOptions {
  /** Default: the loop of this thread. */
  loop?: EventLoop
}

/** A connection that `accept` took, and who is at its other end. */
export type Accepted = AcceptedAs<Socket>

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
   * accept(2), once.
   *
   * @throws SocketError EINVAL (not listening), EOPNOTSUPP, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, …
   */
  tryAccept(): Accepted | WouldBlock {
    return new Accept(this.#core, socketOf).attempt()
  }

  /** accept(2): the next connection, when there is one. Rejects as `tryAccept` throws. */
  async accept(options?: WaitOptions): Promise<Accepted> {
    return perform(this.#core, new Accept(this.#core, socketOf), options)
  }

  /**
   * The connections as they come, until the socket is closed. Leaving the loop leaves the socket open. A connection
   * that was gone before it could be taken (ECONNABORTED) is passed over; want of descriptors (EMFILE) is an error.
   *
   * @example
   * ```ts
   * for await (const { socket, address } of listener) serve(socket, address)
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Accepted> {
    return new Connections(
      (signal) => this.accept({ signal }),
      () => this.closed,
    )
  }

  /**
   * connect(2), once. WOULD_BLOCK: it is under way (EINPROGRESS); when the socket is writable, SO_ERROR says how it
   * ended. `{ family: 'Unspecified' }` takes a datagram socket's peer away.
   *
   * @throws SocketError ECONNREFUSED, EADDRNOTAVAIL, EAFNOSUPPORT, EALREADY, EISCONN, ENETUNREACH, EACCES, ENOENT,
   *   EPROTOTYPE, EAGAIN (the queue of a Unix listener is full), …
   */
  tryConnect(address: Endpoint | Unspecified): undefined | WouldBlock {
    return tryConnect(this.#core, address)
  }

  /**
   * connect(2) until its end. A promise that is rejected by a signal or a timeout leaves the connect under way: close
   * the socket.
   *
   * @throws SocketError as `tryConnect`, and ETIMEDOUT, ECONNRESET, EHOSTUNREACH
   */
  async connect(address: Endpoint | Unspecified, options?: WaitOptions): Promise<void> {
    if (isUnspecified(address)) tryConnect(this.#core, address)
    else return perform(this.#core, new Connect(this.#core, address), options)
  }

  /**
   * recv(2), once: how many bytes came; 0 at the end of a stream, and for an empty datagram.
   *
   * @param flags MSG_PEEK, MSG_OOB, MSG_TRUNC, …
   * @throws SocketError ECONNRESET, ECONNREFUSED, ENOTCONN, EINVAL, ETIMEDOUT, …; TypeError
   */
  tryRecv(buffer: ArrayBufferView, flags = 0): number | WouldBlock {
    return new Receive(this.#core, 'recv', buffer, flags).attempt()
  }

  /**
   * recv(2): resolves as soon as anything came. With MSG_WAITALL, on a stream, when the buffer is full or the stream
   * ends; with MSG_DONTWAIT it is rejected with EAGAIN where it would wait.
   */
  async recv(buffer: ArrayBufferView, flags = 0, options?: WaitOptions): Promise<number> {
    const operation = receivingAll(this.#core, new Receive(this.#core, 'recv', buffer, flags), flags)
    return perform(this.#core, operation, options, isDontWait(flags))
  }

  /**
   * send(2), once: how many bytes the kernel took, on a stream perhaps not all. MSG_NOSIGNAL is always added.
   *
   * @param flags MSG_OOB, MSG_DONTROUTE, MSG_EOR, …
   * @throws SocketError EPIPE, ECONNRESET, ENOTCONN, EDESTADDRREQ, EMSGSIZE, ENOBUFS, …; TypeError
   */
  trySend(data: ArrayBufferView, flags = 0): number | WouldBlock {
    return new Send(this.#core, 'send', data, flags).attempt()
  }

  /**
   * send(2): on a stream it goes on until everything is sent. Where it fails after a part, `bytesTransferred` of the
   * error says how much. `data` must not change until then.
   */
  async send(data: ArrayBufferView, flags = 0, options?: WaitOptions): Promise<number> {
    const operation = sendingAll(this.#core, new Send(this.#core, 'send', data, flags))
    return perform(this.#core, operation, options, isDontWait(flags))
  }

  /** recvfrom(2), once. @throws as `tryRecv` */
  tryRecvfrom(buffer: ArrayBufferView, flags = 0): ReceivedFrom | WouldBlock {
    return new ReceiveFrom(this.#core, buffer, flags).attempt()
  }

  /** recvfrom(2): as `recv`, and the sender. */
  async recvfrom(buffer: ArrayBufferView, flags = 0, options?: WaitOptions): Promise<ReceivedFrom> {
    const operation = receivingAll(this.#core, new ReceiveFrom(this.#core, buffer, flags), flags)
    return perform(this.#core, operation, options, isDontWait(flags))
  }

  /**
   * sendto(2), once.
   *
   * @throws as `trySend`, and SocketError EISCONN, EAFNOSUPPORT, EACCES (broadcast), ENETUNREACH, ENOENT, ECONNREFUSED
   */
  trySendto(data: ArrayBufferView, flags: number, address: Endpoint): number | WouldBlock {
    return new Send(this.#core, 'sendto', data, flags, address).attempt()
  }

  /** sendto(2): as `send`, to an address. */
  async sendto(
    data: ArrayBufferView,
    flags: number,
    address: Endpoint,
    options?: WaitOptions,
  ): Promise<number> {
    const operation = sendingAll(this.#core, new Send(this.#core, 'sendto', data, flags, address))
    return perform(this.#core, operation, options, isDontWait(flags))
  }

  /** read(2), once: `tryRecv` without flags. */
  tryRead(buffer: ArrayBufferView): number | WouldBlock {
    return new Receive(this.#core, 'read', buffer, 0).attempt()
  }

  /** read(2): `recv` without flags. */
  async read(buffer: ArrayBufferView, options?: WaitOptions): Promise<number> {
    return perform(this.#core, new Receive(this.#core, 'read', buffer, 0), options)
  }

  /** write(2), once: `trySend` without flags. A broken connection is EPIPE, never SIGPIPE. */
  tryWrite(data: ArrayBufferView): number | WouldBlock {
    return new Send(this.#core, 'write', data, 0).attempt()
  }

  /** write(2): `send` without flags. */
  async write(data: ArrayBufferView, options?: WaitOptions): Promise<number> {
    return perform(this.#core, sendingAll(this.#core, new Send(this.#core, 'write', data, 0)), options)
  }

  /**
   * readv(2), once: fills the buffers in turn. A stream uses at most IOV_MAX of them in one call.
   *
   * @throws as `tryRecv`, and SocketError EINVAL for more than IOV_MAX buffers where the socket is no stream
   */
  tryReadv(buffers: readonly ArrayBufferView[]): number | WouldBlock {
    return new ReceiveVectors(this.#core, buffers).attempt()
  }

  /** readv(2): resolves as soon as anything came. */
  async readv(buffers: readonly ArrayBufferView[], options?: WaitOptions): Promise<number> {
    return perform(this.#core, new ReceiveVectors(this.#core, buffers), options)
  }

  /** writev(2), once: sends the buffers in turn, as one datagram or a part of the stream. @throws as `trySend` */
  tryWritev(buffers: readonly ArrayBufferView[]): number | WouldBlock {
    return new SendVectors(this.#core, buffers).attempt()
  }

  /** writev(2): on a stream it goes on until everything is sent. */
  async writev(buffers: readonly ArrayBufferView[], options?: WaitOptions): Promise<number> {
    return perform(this.#core, sendingAll(this.#core, new SendVectors(this.#core, buffers)), options)
  }

  /**
   * shutdown(2): SHUT_RD, SHUT_WR or SHUT_RDWR. What was sent before SHUT_WR still arrives, and then the end.
   *
   * @throws SocketError ENOTCONN, EINVAL (no such `how`)
   */
  shutdown(how: number): void {
    checkInteger(how, 'how', MIN_INT, MAX_INT)
    check(this.#core.loop.reactor.shutdownNow(this.#core.handle, how), 'shutdown')
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
