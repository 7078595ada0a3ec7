/** A stream socket that the reactor will drive: made, configured, bound, and then handed to its channel. */
import { HANDLE_BASE, Op } from '@pollux/native-poll'
import { checkPath, checkPort, type Endpoint, isUnix, publicAddress, type SocketAddress } from './address.js'
import { ErrorCode, SocketError } from './errors.js'
import { EventLoop } from './event-loop.js'
import { native } from './native.js'
import { parseNumericHost } from './resolve.js'
import {
  type BooleanSocketOption,
  getSocketOption,
  type NumericSocketOption,
  type SocketOption,
  setSocketOption,
} from './socket-options.js'
import { systemError } from './system-error.js'
import { checkInteger } from './validate.js'

/** The address families of stream sockets. */
export type SocketFamily = SocketAddress['family']

const FAMILIES: Readonly<Record<SocketFamily, string>> = {
  IPv4: 'AF_INET',
  IPv6: 'AF_INET6',
  Unix: 'AF_UNIX',
}

/** In place of the handle: the socket is closed, or a channel's. */
const NO_HANDLE = -1

const MAX_INT = 2 ** 31 - 1

/**
 * A stream socket, nonblocking and close-on-exec. Each failing call throws a {@link SocketError} that names the
 * system call; a call on a closed socket throws ERR_POLLUX_CLOSED.
 *
 * @example
 * ```ts
 * import { ChannelSocket } from '@pollux/core'
 *
 * const socket = ChannelSocket.create('IPv4')
 * socket.setOption('reuseAddress', true)
 * socket.bind({ host: '127.0.0.1', port: 0 })
 * console.log(socket.localAddress) // { family: 'IPv4', host: '127.0.0.1', port: 49152 }
 * socket.close()
 * ```
 */
export class ChannelSocket {
  /** The loop that the socket is on. */
  readonly loop: EventLoop
  private owned: number

  private constructor(loop: EventLoop, handle: number) {
    this.loop = loop
    this.owned = handle
  }

  /** socket(2) with type SOCK_STREAM. */
  static create(family: SocketFamily, loop: EventLoop = EventLoop.default()): ChannelSocket {
    const { constants } = native
    const domain = constants[FAMILIES[family]]
    const handle = loop.openHandle((reactor) => reactor.socket(domain, constants.SOCK_STREAM, 0))
    if (handle < 0) throw systemError(handle, 'socket')
    return new ChannelSocket(loop, handle)
  }

  /**
   * Takes over the open fd of a stream socket, which is then closed with this socket. Where it is no such fd (EBADF,
   * ENOTSOCK, …) this throws, and the fd stays the caller's.
   */
  static adopt(fd: number, loop: EventLoop = EventLoop.default()): ChannelSocket {
    checkInteger(fd, 'fd', 0, MAX_INT)
    const handle = loop.openHandle((reactor) => reactor.adopt(fd))
    if (handle < 0) throw systemError(handle, 'getsockopt')
    return new ChannelSocket(loop, handle)
  }

  /**
   * A socket on a duplicate of the fd of a stream socket (fcntl(2), F_DUPFD_CLOEXEC): the fd itself stays the caller's,
   * who may close it. The open file is one, and becomes nonblocking.
   */
  static duplicate(fd: number, loop: EventLoop = EventLoop.default()): ChannelSocket {
    checkInteger(fd, 'fd', 0, MAX_INT)
    const handle = loop.openHandle((reactor) => reactor.adoptDuplicate(fd))
    if (handle < 0) throw systemError(handle, 'dup')
    return new ChannelSocket(loop, handle)
  }

  /** setsockopt(2). */
  setOption(name: BooleanSocketOption, value: boolean): void
  setOption(name: NumericSocketOption, value: number): void
  setOption(name: SocketOption, value: boolean | number): void {
    setSocketOption({ loop: this.loop, handle: this.handle }, name, value)
  }

  /** getsockopt(2). */
  getOption(name: BooleanSocketOption): boolean
  getOption(name: NumericSocketOption): number
  getOption(name: SocketOption): boolean | number {
    return getSocketOption({ loop: this.loop, handle: this.handle }, name)
  }

  /**
   * bind(2), with a numeric host. The file of a Unix socket on which nobody answers is unlinked first, and our own
   * when the socket is closed.
   */
  bind(endpoint: Endpoint): void {
    const { reactor } = this.loop
    if (isUnix(endpoint)) {
      check(reactor.bindUnix(this.handle, checkPath(endpoint.path)), 'bind', endpoint)
    } else {
      const { address, scopeId } = parseNumericHost(endpoint.host)
      check(reactor.bindIp(this.handle, address, checkPort(endpoint.port), scopeId), 'bind', endpoint)
    }
  }

  /**
   * listen(2). The channel in this slot gets the connections.
   *
   * @param borrow whether the chunks of its connections are borrowed
   * @param backlog how many may wait to be accepted; default SOMAXCONN, and the system has a limit of its own
   *   (net.core.somaxconn)
   */
  listen(borrow: boolean, backlog: number = native.constants.SOMAXCONN): void {
    const { handle } = this
    checkInteger(backlog, 'backlog', 0, MAX_INT)
    const result = this.loop.reactor.listen(handle, backlog, borrow)
    if (result < 0) throw systemError(result, 'listen', this.localAddress)
  }

  /** connect(2), with a numeric host. The channel in this slot is told how it ended (`onConnect`). */
  connect(endpoint: Endpoint, borrow: boolean): void {
    const { reactor } = this.loop
    if (isUnix(endpoint)) {
      check(reactor.connectUnix(this.handle, checkPath(endpoint.path), borrow), 'connect', endpoint)
    } else {
      const { address, scopeId } = parseNumericHost(endpoint.host)
      const port = checkPort(endpoint.port, 'port', 1)
      check(reactor.connectIp(this.handle, address, port, scopeId, borrow), 'connect', endpoint)
    }
  }

  /** Has the channel in this slot get what arrives on a socket that was connected when it was taken over. */
  open(borrow: boolean): void {
    check(this.loop.reactor.open(this.handle, borrow), 'open')
  }

  /** getsockname(2). */
  get localAddress(): SocketAddress {
    const address = this.loop.reactor.localAddress(this.handle)
    if (typeof address === 'number') throw systemError(address, 'getsockname')
    return publicAddress(address)
  }

  /** getpeername(2). */
  get remoteAddress(): SocketAddress {
    const address = this.loop.reactor.remoteAddress(this.handle)
    if (typeof address === 'number') throw systemError(address, 'getpeername')
    return publicAddress(address)
  }

  /** The descriptor, for diagnostics: what is done to it behind Pollux's back is not noticed. */
  get fd(): number {
    return check(this.loop.reactor.fd(this.handle), 'fd')
  }

  /** Its place in the socket table; with `generation`, what a channel is made with. */
  get slot(): number {
    return this.handle % HANDLE_BASE
  }

  /** How often that place was used before. */
  get generation(): number {
    return Math.floor(this.handle / HANDLE_BASE)
  }

  /** Lets the process end although the socket is open; `ref` takes that back. */
  unref(): void {
    this.loop.reactor.unref(this.handle)
  }

  /** Keeps the process running, as a socket does when it is made. */
  ref(): void {
    this.loop.reactor.ref(this.handle)
  }

  /** Leaves the socket to the channel that was made on it: this object is closed, the socket is not. */
  release(): void {
    this.owned = NO_HANDLE
  }

  /** close(2). Idempotent. */
  close(): void {
    if (this.owned === NO_HANDLE) return
    if (!this.loop.isClosed) this.loop.submissions.push(Op.DESTROY, this.slot, this.generation, 0, 0)
    this.owned = NO_HANDLE
  }

  private get handle(): number {
    if (this.owned !== NO_HANDLE) return this.owned
    throw new SocketError('the socket is closed, or belongs to a connection', { code: ErrorCode.CLOSED })
  }
}

function check(result: number, syscall: string, endpoint?: Endpoint): number {
  if (result < 0) throw systemError(result, syscall, endpoint)
  return result
}
