/** Berkeley sockets: every call by its POSIX name, on one nonblocking descriptor. */
import type { Endpoint } from '../address.js'
import { invalidArgType } from '../errors.js'
import { EventLoop } from '../event-loop.js'
import { MessageSocket } from '../messages/message-socket.js'
import { native } from '../native.js'
import { systemError } from '../system-error.js'
import { checkInteger, checkObject } from '../validate.js'
import type { WaitOptions } from '../wait-options.js'
import { Accept, type AcceptedAs, Connections } from './accept.js'
import { Connect, isUnspecified, tryConnect, type Unspecified } from './connect.js'
import { coreOf } from './open-socket.js'
import { perform } from './perform.js'
import { SocketCore } from './socket-core.js'
import type { WouldBlock } from './would-block.js'

const MAX_INT = 2 ** 31 - 1

/** Where a socket lives. */
export interface SocketOptions {
  /** Default: the loop of this thread. */
  loop?: EventLoop
}

/** A connection that `accept` took, and who is at its other end. */
export type Accepted = AcceptedAs<Socket>

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
export class Socket extends MessageSocket {
  static {
    socketOf = (core) => new Socket(core)
  }

  private constructor(core: SocketCore) {
    if (!(core instanceof SocketCore)) {
      throw new TypeError('a Socket is made by socket(), socketpair() or Socket.fromFd()')
    }
    super(core)
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
    if (handle < 0) throw systemError(handle, 'getsockopt', undefined, adviceFor(handle, fd))
    return wrap(loop, [handle], (opened) => loop.reactor.detach(opened))[0]
  }

  /**
   * accept(2), once.
   *
   * @throws SocketError EINVAL (not listening), EOPNOTSUPP, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, …
   */
  tryAccept(): Accepted | WouldBlock {
    return new Accept(coreOf(this), socketOf).attempt()
  }

  /** accept(2): the next connection, when there is one. Rejects as `tryAccept` throws. */
  async accept(options?: WaitOptions): Promise<Accepted> {
    return perform(coreOf(this), new Accept(coreOf(this), socketOf), options)
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
    return tryConnect(coreOf(this), address)
  }

  /**
   * connect(2) until its end. A promise that is rejected by a signal or a timeout leaves the connect under way: close
   * the socket.
   *
   * @throws SocketError as `tryConnect`, and ETIMEDOUT, ECONNRESET, EHOSTUNREACH
   */
  async connect(address: Endpoint | Unspecified, options?: WaitOptions): Promise<void> {
    if (isUnspecified(address)) tryConnect(coreOf(this), address)
    else return perform(coreOf(this), new Connect(coreOf(this), address), options)
  }
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
  return wrap(loop, [handle], (opened) => loop.reactor.closeNow(opened))[0]
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
  const [one, other] = wrap(loop, pair, (opened) => loop.reactor.closeNow(opened))
  return [one, other]
}

/** The sockets of handles that the loop has just opened; `undo` is done to each of them if that fails. */
function wrap(loop: EventLoop, handles: number[], undo: (handle: number) => void): Socket[] {
  try {
    return handles.map((handle) => socketOf(SocketCore.of(loop, handle)))
  } catch (error) {
    handles.forEach(undo)
    throw error
  }
}

/** What `fromFd` says of a descriptor that it does not take, beside the system's words. */
function adviceFor(error: number, fd: number): string | undefined {
  const taken = error === -native.errorNumber('EEXIST')
  return taken ? undefined : `fromFd takes the descriptor of an open socket, and was given ${fd}`
}

function loopOf(options: SocketOptions): EventLoop {
  const { loop } = checkObject(options, 'options') as SocketOptions
  if (loop === undefined) return EventLoop.default()
  if (!(loop instanceof EventLoop)) throw invalidArgType('options.loop', 'an instance of EventLoop', loop)
  return loop
}

function checkKind(family: unknown, type: unknown, protocol: unknown): void {
  checkInteger(family, 'family', 0, MAX_INT)
  checkInteger(type, 'type', 0, MAX_INT)
  checkInteger(protocol, 'protocol', 0, MAX_INT)
}
