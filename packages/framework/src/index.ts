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
export { type DuplexOptions, toDuplex } from './adapters/duplex.js'
export { toWebStreams, type WebStreams, type WebStreamsOptions } from './adapters/web-streams.js'
export { type ConnectOptions, type ConnectTarget, connect } from './clients/connect.js'
export type { Codec, CodecSource } from './codecs/codec.js'
export { CodecError, frameTooLong, incompleteFrame, malformedFrame } from './codecs/codec-error.js'
export { encodeToBuffer } from './codecs/encode.js'
export type { Input } from './codecs/input.js'
export type { Output } from './codecs/output.js'
export { CloseReason } from './connection/close-reason.js'
export { type AnyConnection, Connection } from './connection/connection.js'
export type { ConnectionSocket } from './connection/connection-socket.js'
export type { Filter } from './connection/filter.js'
export type {
  ConnectionHandlers,
  ConnectionInit,
  ConnectionOptions,
  ServerHandlers,
  ServerInit,
  UpgradeInit,
} from './connection/handlers.js'
export { Hold } from './connection/holds.js'
export type { ReadyState } from './connection/lifecycle.js'
export type { OverloadLevel, Plugin } from './plugins/plugin.js'
export { encodeProxyHeader, type ProxyHeaderInit } from './proxy-protocol/encode.js'
export type { ProxyHeader, ProxySsl, ProxyTlv } from './proxy-protocol/header.js'
export { type ParsedProxyHeader, parseProxyHeader } from './proxy-protocol/parse.js'
export {
  type ProxyProtocol,
  type ProxyProtocolOptions,
  proxyHeaderOf,
  proxyProtocol,
  sendProxyHeader,
} from './proxy-protocol/proxy-protocol.js'
export type {
  FdListenTarget,
  IpListenTarget,
  ListenTarget,
  UnixListenTarget,
} from './server/listen-target.js'
export { type AnyServer, createServer, Server } from './server/server.js'
export type { Statistics } from './server/statistics.js'
export type { Secure } from './tls/secure.js'
export { TlsError } from './tls/tls-error.js'
export type { StartTlsOptions, TlsClientOptions, TlsOptions, TlsServerOptions } from './tls/tls-options.js'
