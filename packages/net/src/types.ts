/**
 * The types of this package: those of `node:net` as the user's `@types/node` has them, and what is more here. A program
 * that is typed against `node:net` is typed against this, too.
 */
import type {
  BlockList,
  IpcSocketConnectOpts,
  AddressInfo as NodeAddressInfo,
  Server as NodeServer,
  Socket as NodeSocket,
  OnReadOpts,
  ServerOpts,
  SocketConstructorOpts,
  TcpSocketConnectOpts,
} from 'node:net'
import type { UnderlyingSocket } from '@pollux/core'
import type { Adoptable, BoundSocket } from './bound-socket.js'
import type { ListenOptions } from './server/options.js'

export type AddressInfo = NodeAddressInfo

/** The options of keep-alive, as an object: of Node 24. Times in milliseconds. */
export interface KeepAliveOptions {
  enable?: boolean
  /** Before the first probe. Default 0: as the system has it. */
  initialDelay?: number
  /** Between probes. */
  interval?: number
  /** Unanswered probes before the connection is given up. */
  count?: number
}

/** Options of sockets that newer versions of Node have: they are taken on all of them. */
export interface NewerSocketOptions {
  /** The byte of the IP header that says how to treat its packets (IP_TOS, IPV6_TCLASS), 0 to 255; of Node 26. */
  typeOfService?: number
  /** Addresses that are not connected to: ERR_IP_BLOCKED. */
  blockList?: BlockList
  /** A socket that is bound already: a `BoundSocket` of this package; of Node 24. */
  handle?: Adoptable | undefined
  /** TCP_NODELAY, once connected. Default false. */
  noDelay?: boolean
  /** SO_KEEPALIVE, once connected. Default false. */
  keepAlive?: boolean
  /** Milliseconds before the first probe; default 0: as the system has it. */
  keepAliveInitialDelay?: number
  /** Milliseconds between probes. Default one second. */
  keepAliveInterval?: number
  /** Unanswered probes before the connection is given up. Default 10. */
  keepAliveCount?: number
}

/** The `onread` option alone: types of Node 24 have no name for it any more. */
export interface ConnectOpts {
  onread?: OnReadOpts | undefined
}

/** What `new Socket` takes. */
export type SocketOptions = Omit<SocketConstructorOpts, 'handle'> & ConnectOpts & NewerSocketOptions

/** What `connect` takes. */
export type ConnectOptions = (Omit<TcpSocketConnectOpts, 'handle'> | Omit<IpcSocketConnectOpts, 'handle'>) &
  SocketOptions & {
    /** Milliseconds without activity before 'timeout'. Default 0: none. */
    timeout?: number
  }

/** What a server takes. */
export interface ServerOptions extends ServerOpts {
  /** Addresses from which no connection is taken. */
  blockList?: BlockList
}

/**
 * What a socket has beyond `net.Socket` of the oldest Node. All of it is optional: a variable of this type may hold what
 * `node:tls` or `node:http` made, as with `node:net` (`socket = tls.connect({ socket })`). Sockets of this package have it.
 */
export interface SocketExtras {
  /**
   * The rest of Berkeley sockets: `getsockopt` and `setsockopt` with every option of the system, both addresses, the
   * descriptor. Undefined while there is no socket: before `connect`, and once it is destroyed.
   *
   * @example
   * ```ts
   * import { connect, createServer } from '@pollux/net'
   *
   * const server = createServer((socket) => socket.end()).listen(0, () => {
   *   const socket = connect(server.address().port, () => {
   *     console.log(socket.berkeley.getsockopt('IPPROTO_TCP', 'TCP_INFO').state) // ESTABLISHED
   *     server.close()
   *   })
   *   socket.resume()
   * })
   * ```
   */
  readonly berkeley?: UnderlyingSocket | undefined
  /**
   * Keep-alive with the time between probes and their number: `interval` in milliseconds; of Node 24. An object in place of
   * `enable` has all four.
   */
  setKeepAlive(
    enable?: boolean | KeepAliveOptions,
    initialDelay?: number,
    interval?: number,
    count?: number,
  ): this
  /** @throws RangeError for what is no byte; Error with the system's code. Of Node 26. */
  setTypeOfService?(typeOfService: number): this
  /** As the kernel has it, and before the connection as it was set; default 0. Of Node 26. */
  getTypeOfService?(): number
}

/** A socket: that of `node:net`, and {@link SocketExtras}. */
export type Socket = SocketExtras & NodeSocket

export type ConnectionListener = (socket: Socket) => void

/** What a server has beyond `net.Server` of the oldest Node; optional as {@link SocketExtras}. */
export interface ServerExtras {
  /**
   * The rest of Berkeley sockets on the listening socket. Undefined while the server does not listen, and in a worker of a
   * cluster whose primary accepts.
   */
  readonly berkeley?: UnderlyingSocket | undefined
  /** Whether connections beyond `maxConnections` are dropped in a worker of a cluster too; of Node 22. */
  dropMaxConnection?: boolean
  listen(options: ListenOptions, listener?: () => void): this
  /** Takes a socket over that is bound; of Node 24. */
  listen(bound: BoundSocket, listener?: () => void): this
  on(event: 'connection', listener: ConnectionListener): this
  once(event: 'connection', listener: ConnectionListener): this
  addListener(event: 'connection', listener: ConnectionListener): this
  prependListener(event: 'connection', listener: ConnectionListener): this
  prependOnceListener(event: 'connection', listener: ConnectionListener): this
}

/** A server: that of `node:net`, and {@link ServerExtras}. */
export type Server = ServerExtras & NodeServer

/** What a class of Node's has beside its construction: `Socket.fromWeb`, `Server.listenerCount`, … */
export type Statics<Class> = Omit<Class, 'prototype'>

/** `new Socket(options)`, `Socket(options)`, or `Socket.call(this, options)` in a constructor that inherits from it. */
export interface SocketConstructor extends Statics<typeof NodeSocket> {
  new (options?: SocketOptions): Socket
  (options?: SocketOptions): Socket
  readonly prototype: Socket
}

/** `new Server(options, listener)`, or without `new`, or by `call` in a constructor that inherits from it. */
export interface ServerConstructor extends Statics<typeof NodeServer> {
  new (options?: ServerOptions | ConnectionListener, listener?: ConnectionListener): Server
  (options?: ServerOptions | ConnectionListener, listener?: ConnectionListener): Server
  readonly prototype: Server
}

/** The forms of `connect`. */
export interface Connect {
  (options: ConnectOptions, listener?: () => void): Socket
  (port: number, host?: string, listener?: () => void): Socket
  (port: number, listener: () => void): Socket
  (path: string, listener?: () => void): Socket
}

/** That of `createServer`. */
export type CreateServer = (
  options?: ServerOptions | ConnectionListener,
  listener?: ConnectionListener,
) => Server
