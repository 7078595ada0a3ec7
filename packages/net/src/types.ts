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
  ServerOpts,
  SocketConstructorOpts,
  TcpSocketConnectOpts,
} from 'node:net'
import type { UnderlyingSocket } from '@pollux/core'
import type { BoundSocket } from './bound-socket.js'
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
  /** A socket that is bound already; of Node 24. */
  handle?: BoundSocket
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

/** What `new Socket` takes. */
export type SocketOptions = SocketConstructorOpts & NewerSocketOptions

/** What `connect` takes. */
export type ConnectOptions = (TcpSocketConnectOpts | IpcSocketConnectOpts) &
  SocketOptions & {
    /** Milliseconds without activity before 'timeout'. Default 0: none. */
    timeout?: number
  }

/** What a server takes. */
export interface ServerOptions extends ServerOpts {
  /** Addresses from which no connection is taken. */
  blockList?: BlockList
}

/** What a socket has beyond `net.Socket` of the oldest Node. */
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
  readonly berkeley: UnderlyingSocket | undefined
  /** Keep-alive with the time between probes and their number: `interval` in milliseconds; of Node 24. */
  setKeepAlive(enable?: boolean, initialDelay?: number, interval?: number, count?: number): this
  setKeepAlive(options: KeepAliveOptions): this
  /** @throws RangeError for what is no byte; Error with the system's code. Of Node 26. */
  setTypeOfService(typeOfService: number): this
  /** As the kernel has it, and before the connection as it was set; default 0. Of Node 26. */
  getTypeOfService(): number
}

/** A socket: that of `node:net`, and {@link SocketExtras}. */
export type Socket = SocketExtras & NodeSocket

export type ConnectionListener = (socket: Socket) => void

/** What a server has beyond `net.Server` of the oldest Node. */
export interface ServerExtras {
  /**
   * The rest of Berkeley sockets on the listening socket. Undefined while the server does not listen, and in a worker of a
   * cluster whose primary accepts.
   */
  readonly berkeley: UnderlyingSocket | undefined
  /** Whether connections beyond `maxConnections` are dropped in a worker of a cluster too; of Node 22. */
  dropMaxConnection: boolean
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

/** `new Socket(options)`, `Socket(options)`, or `Socket.call(this, options)` in a constructor that inherits from it. */
export interface SocketConstructor {
  new (options?: SocketOptions): Socket
  (options?: SocketOptions): Socket
  readonly prototype: Socket
}

/** `new Server(options, listener)`, or without `new`, or by `call` in a constructor that inherits from it. */
export interface ServerConstructor {
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
