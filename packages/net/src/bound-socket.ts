/** A socket that has its name and no purpose yet: a server or a client takes it over. */
import { type AddressInfo, isIP } from 'node:net'
import { type ChannelSocket, SocketError } from '@pollux/core'
import { checkBoolean, checkObject, checkPort, checkString, invalidValue } from './arguments.js'
import { addressError, errnoError, nodeError } from './errors.js'
import { ANY_IPV4, ANY_IPV6, bindIp, bindPath } from './server/bind.js'

/** What the constructor of {@link BoundSocket} takes. */
export interface BoundSocketOptions {
  /** A numeric address; default '0.0.0.0', or '::' with `ipv6Only`. */
  host?: string
  /** Default 0: one that is free. */
  port?: number
  ipv6Only?: boolean
  reusePort?: boolean
  /** A Unix socket in place of a TCP one. */
  path?: string
}

/** What options have for a {@link BoundSocket}: options that are typed by `node:net` fit as well. */
export type Adoptable = Pick<BoundSocket, 'address' | 'close' | 'fd' | typeof Symbol.dispose>

/** For the modules of this package: takes the socket, which is not referenced, away from its owner. @throws ERR_SOCKET_HANDLE_ADOPTED */
export let takeBound: (bound: BoundSocket<AddressInfo | string>) => ChannelSocket

/**
 * A socket that is bound and neither listens nor connects, until one server (`server.listen(bound)`) or one socket
 * (`new Socket({ handle: bound })`) takes it over. One that nobody takes over is the caller's to close. It does not
 * keep the process running. Node has it since version 24; this one is there on all versions.
 *
 * @typeParam Name what `address()` returns: of a Unix socket, `new BoundSocket<string>({ path })`
 * @throws Error EADDRINUSE, EADDRNOTAVAIL, EACCES … at once: binding does not wait
 *
 * @example
 * ```ts
 * import { BoundSocket, createServer } from '@pollux/net'
 *
 * const bound = new BoundSocket({ host: '127.0.0.1' })
 * const { port } = bound.address()
 * const server = createServer().listen(bound, () => {
 *   console.log(server.address().port === port) // true
 *   server.close()
 * })
 * ```
 */
export class BoundSocket<Name extends AddressInfo | string = AddressInfo> {
  #socket: ChannelSocket | null
  readonly #address: AddressInfo | string
  readonly #path: string | undefined

  static {
    takeBound = (bound) => {
      const socket = bound.#owned
      bound.#socket = null
      return socket
    }
  }

  constructor(options: BoundSocketOptions = {}) {
    checkObject(options, 'options')
    this.#path = options.path
    if (options.path === undefined) {
      this.#socket = bindTcp(options)
      const bound = this.#socket.localAddress
      this.#address = bound.family === 'Unix' ? bound.path : addressInfo(bound)
    } else {
      this.#socket = bindUnix(options)
      this.#address = options.path
    }
    this.#socket.unref()
  }

  /** The name that it is bound to: with the port that the system chose; the path of a Unix socket. */
  address(): Name {
    void this.#owned
    return this.#address as Name
  }

  /** The descriptor, which stays this socket's. */
  fd(): number {
    return this.#owned.fd
  }

  /** Of a Unix socket. */
  get isPipe(): boolean {
    return this.#path !== undefined
  }

  /** Gives the name back. */
  close(): void {
    this.#owned.close()
    this.#socket = null
  }

  [Symbol.dispose](): void {
    if (this.#socket !== null) this.close()
  }

  get #owned(): ChannelSocket {
    if (this.#socket !== null) return this.#socket
    const text = 'The bound socket has already been adopted by a server or socket'
    throw nodeError(Error, 'ERR_SOCKET_HANDLE_ADOPTED', text)
  }
}

function addressInfo({ host, family, port }: { host: string; family: string; port: number }): AddressInfo {
  return { address: host, family, port }
}

function bindTcp(options: BoundSocketOptions): ChannelSocket {
  const port = checkPort(options.port ?? 0, 'options.port')
  const ipv6Only = checkBoolean(options.ipv6Only ?? false, 'options.ipv6Only')
  const reusePort = checkBoolean(options.reusePort ?? false, 'options.reusePort')
  const host = checkString(options.host ?? (ipv6Only ? ANY_IPV6 : ANY_IPV4), 'options.host')
  if (isIP(host) === 0) {
    const text = 'must be a numeric IP address; net.BoundSocket does not perform DNS resolution'
    throw invalidValue('options.host', host, text)
  }
  try {
    return bindIp(host, port, { ipv6Only, reusePort })
  } catch (error) {
    throw addressError(errnoOf(error), 'bind', host, port)
  }
}

function bindUnix(options: BoundSocketOptions): ChannelSocket {
  const { path, host, port, ipv6Only, reusePort } = options
  if (host !== undefined || port !== undefined || ipv6Only !== undefined || reusePort !== undefined) {
    const text = 'path is mutually exclusive with host, port, ipv6Only, and reusePort'
    throw invalidValue('options', options, text)
  }
  checkString(path, 'options.path')
  try {
    return bindPath(path as string)
  } catch (error) {
    throw errnoError(errnoOf(error), 'bind')
  }
}

function errnoOf(error: unknown): number {
  if (error instanceof SocketError && error.errno !== undefined) return error.errno
  throw error
}
