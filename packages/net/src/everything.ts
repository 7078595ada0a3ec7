/** Everything that `node:net` has, and what is more here. */
import { normalizeArguments } from './arguments.js'
import { Server as PolluxServer } from './server/server.js'
import { clientSockets } from './socket/life.js'
import { Socket as PolluxSocket } from './socket/socket.js'
import type * as types from './types.js'
import type { Connect, ConnectOptions, CreateServer, ServerConstructor, SocketConstructor } from './types.js'
import { NODE_MAJOR } from './versions.js'

export type {
  IPVersion,
  IpcNetConnectOpts,
  IpcSocketConnectOpts,
  LookupFunction,
  OnReadOpts,
  SocketAddressInitOptions,
  SocketConnectOpts,
  SocketReadyState,
  TcpNetConnectOpts,
  TcpSocketConnectOpts,
} from 'node:net'
export {
  BlockList,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  SocketAddress,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from 'node:net'
export { BoundSocket, type BoundSocketOptions } from './bound-socket.js'
export type { DropArgument, ListenOptions } from './server/options.js'
export type {
  AddressInfo,
  ConnectionListener,
  ConnectOptions,
  ConnectOptions as NetConnectOpts,
  ConnectOpts,
  KeepAliveOptions,
  KeepAliveOptions as SetKeepAliveOptions,
  ServerOptions,
  ServerOptions as ServerOpts,
  SocketOptions,
  SocketOptions as SocketConstructorOpts,
} from './types.js'

/** As `net.Socket`: a `stream.Duplex` with the events, properties, methods and errors of the running Node. */
export const Socket = PolluxSocket as unknown as SocketConstructor
export type Socket = types.Socket

/** As `net.Server`. */
export const Server = PolluxServer as unknown as ServerConstructor
export type Server = types.Server

/** The old name of {@link Socket}. */
export const Stream = Socket
export type Stream = types.Socket

/**
 * As `net.createServer`.
 *
 * @example
 * ```ts
 * import { createServer } from '@pollux/net'
 *
 * const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1', () => server.close())
 * ```
 */
export const createServer: CreateServer = (options, listener) => new Server(options, listener)

/**
 * As `net.connect`: `(options, listener)`, `(port, host, listener)` or `(path, listener)`.
 *
 * @example
 * ```ts
 * import { connect } from '@pollux/net'
 *
 * const socket = connect({ host: '127.0.0.1', port: 1 }).on('error', (error) => console.log(error.code)) // ECONNREFUSED
 * ```
 */
export const connect = ((...args: unknown[]) => {
  const [options, callback] = normalizeArguments(args) as unknown as [ConnectOptions, (() => void) | null]
  const socket = new Socket(options)
  if (NODE_MAJOR < 22 && clientSockets.hasSubscribers) clientSockets.publish({ socket })
  if (options.timeout) socket.setTimeout(options.timeout)
  return callback === null ? socket.connect(options) : socket.connect(options, callback)
}) as Connect

/** As `net.createConnection`. */
export const createConnection = connect
