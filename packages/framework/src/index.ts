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
export { connect } from './clients/connect.js'
export type {
  ConnectOptions,
  ConnectTarget,
  HostLookup,
  IpConnectOptions,
} from './clients/connect-options.js'
export { Connection } from './connection/connection.js'
export type {
  ConnectionHandlers,
  ConnectionInit,
  ConnectionOptions,
  ServerHandlers,
  ServerInit,
} from './connection/handlers.js'
export type { ReadyState } from './connection/lifecycle.js'
export type {
  FdListenTarget,
  IpListenTarget,
  ListenTarget,
  UnixListenTarget,
} from './server/listen-target.js'
export { createServer, Server } from './server/server.js'
