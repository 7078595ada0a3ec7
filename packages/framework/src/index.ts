export {
  type BackendName,
  type Endpoint,
  ErrorCode,
  EventLoop,
  type EventLoopOptions,
  formatAddress,
  type IpAddress,
  type IpEndpoint,
  type SocketAddress,
  SocketError,
  type UnixAddress,
  type UnixEndpoint,
} from '@pollux/core'
export { type ConnectOptions, type ConnectTarget, connect } from './connect.js'
export { Connection } from './connection.js'
export type {
  ConnectionHandlers,
  ConnectionInit,
  ConnectionOptions,
  ServerHandlers,
  ServerInit,
} from './handlers.js'
export type { ReadyState } from './lifecycle.js'
export type { FdListenTarget, IpListenTarget, ListenTarget, UnixListenTarget } from './listen-target.js'
export { createServer, Server } from './server.js'
