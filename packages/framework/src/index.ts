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
export { type ConnectOptions, type ConnectTarget, connect } from './clients/connect.js'
export { Connection } from './connection/connection.js'
export type {
  ConnectionHandlers,
  ConnectionInit,
  ConnectionOptions,
  ServerHandlers,
  ServerInit,
} from './connection/handlers.js'
export type { ReadyState } from './connection/lifecycle.js'
export { serve } from './running/serve.js'
export type { MetricsSource, WorkerApp, WorkerContext } from './running/workers/context.js'
export type { RestartOptions, ServeHandlers, ServeOptions } from './running/workers/options.js'
export { WorkerGroup, type WorkerInfo } from './running/workers/worker-group.js'
export type {
  FdListenTarget,
  IpListenTarget,
  ListenTarget,
  UnixListenTarget,
} from './server/listen-target.js'
export { createServer, Server } from './server/server.js'
