/** One socket on its way to one address: made, bound where that is asked for, connected. */
import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { constants } from 'node:os'
import { ChannelSocket, EventLoop, if_nametoindex, type SocketAddress, SocketError } from '@pollux/core'
import { addressError, type SystemError } from '../errors.js'
import { kBorrows, kTakeBoundSource, kUseWire } from '../internals.js'
import { checkPermission, deniedConnection } from '../permission.js'
import type { Socket } from '../socket/socket.js'
import { Wire } from '../wire.js'

const { EADDRINUSE, EALREADY, ECONNREFUSED, EINVAL, EISCONN, ENOENT } = constants.errno

/** An address to connect to. `family` is undefined of a path. */
export interface Remote {
  address: string
  port: number | undefined
  family: number | undefined
}

/** The options `localAddress` and `localPort`. */
export interface LocalEnd {
  address: string | undefined
  port: number | undefined
}

/** What connecting led to at once: an error, an errno that is to be told later, or undefined: the kernel will say. */
export type Begun = Error | number | undefined

export class Dial {
  private made: ChannelSocket | undefined = undefined
  /** A socket may be told to connect twice: this is the wire of the first time. */
  private readonly used: Wire | null
  private failure: Error | undefined = undefined

  /** The socket has its wire from here on, or never gets one. */
  constructor(
    private readonly socket: Socket,
    private readonly remote: Remote,
  ) {
    const { family } = remote
    const bound = socket[kTakeBoundSource]()
    this.used = bound === null ? socket._handle : null
    if (bound !== null) {
      bound.ref()
      this.made = bound
      return
    }
    if (this.used !== null) return
    this.failure = deniedConnection(remote)
    if (this.failure !== undefined) return
    try {
      this.made = ChannelSocket.create(
        family === undefined ? 'Unix' : family === 6 ? 'IPv6' : 'IPv4',
        EventLoop.default(),
      )
      socket[kUseWire](Wire.on(this.made, family === undefined, socket))
    } catch (error) {
      this.failure = this.error(errnoOf(error))
    }
  }

  /** bind(2). @returns the local end as it is told in errors, or the error */
  bind(local: LocalEnd): LocalEnd | SystemError {
    const { made, remote } = this
    if (!(local.address || local.port)) return local
    checkPermission()
    if (made === undefined) return local
    const address = local.address || (remote.family === 6 ? '::' : '0.0.0.0')
    const { port = 0 } = local
    try {
      if (isIP(address) !== remote.family) return addressError(-EINVAL, 'bind', address, port)
      made.setOption('reuseAddress', true)
      made.bind({ host: withZone(address), port: port & 0xffff })
      // As Node finds out whether it got what it asked for; also where that was no port at all.
      const taken = port <= 0 || portOf(made.localAddress) === port
      return taken ? { address, port: local.port } : addressError(-EADDRINUSE, 'bind', address, port)
    } catch (error) {
      return addressError(errnoOf(error), 'bind', address, port)
    }
  }

  /** connect(2). */
  connect(): Begun {
    const { made, remote } = this
    if (this.used !== null) return this.again(this.used)
    if (made === undefined) return this.failure
    const { address, port, family } = remote
    try {
      // There is no such port, and a kernel says so by refusing.
      if (port === 0) return -ECONNREFUSED
      made.connect(
        family === undefined
          ? { path: unixPath(address) }
          : { host: withZone(address), port: port as number },
        this.socket[kBorrows],
      )
      this.socket._handle?.startedConnecting()
      return undefined
    } catch (error) {
      const errno = errnoOf(error)
      // libuv tells these when the connection would have come.
      return errno !== -EINVAL && (family === undefined || errno === -ECONNREFUSED)
        ? errno
        : this.error(errno)
    } finally {
      this.release()
    }
  }

  /** What connect(2) says of a socket that is connecting or connected already. */
  private again(used: Wire): Begun {
    const { address } = this.remote
    // A path is looked for first, and the address of a host is none; libuv tells that later.
    if (used.isUnix) return address[0] === '\0' || existsSync(address) ? -EISCONN : -ENOENT
    if (used.isConnecting) return this.error(-EALREADY)
    return used.refusesToConnect() ? this.error(-EISCONN) : 0
  }

  /** The socket's wire is all that is left. */
  release(): void {
    this.made?.release()
    this.made = undefined
  }

  /** What failed at once is told with the name that the socket had. */
  private error(errno: number): SystemError {
    const { address, port } = this.remote
    const local = (this.made ?? this.used)?.localAddress
    const name = local === undefined || local.family === 'Unix' ? undefined : local
    return addressError(errno, 'connect', address, port, `${name?.host}:${name?.port}`)
  }
}

function errnoOf(error: unknown): number {
  if (!(error instanceof SocketError)) throw error
  if (error.code === 'ENAMETOOLONG') return -EINVAL
  if (error.errno === undefined) throw error
  return error.errno
}

function unixPath(path: string): string {
  if (path[0] === '\0' || !path.includes('\0')) return path
  throw new SocketError('a path with a NUL byte', { code: 'EINVAL', errno: -EINVAL, syscall: 'connect' })
}

function portOf(address: SocketAddress): number | undefined {
  return address.family === 'Unix' ? undefined : address.port
}

/** The zone by number, as if_nametoindex(3) has it. One that does not exist counts for none. */
function withZone(host: string): string {
  const at = host.indexOf('%')
  if (at < 0) return host
  try {
    return `${host.slice(0, at)}%${if_nametoindex(host.slice(at + 1))}`
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
    return host.slice(0, at)
  }
}
