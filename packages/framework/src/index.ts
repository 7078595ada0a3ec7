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
  type UnderlyingSocket,
  type UnixAddress,
  type UnixEndpoint,
} from '@pollux/core'
export { type DuplexOptions, toDuplex } from './adapters/duplex.js'
export { toWebStreams, type WebStreams, type WebStreamsOptions } from './adapters/web-streams.js'
export type {
  ClientHandlers,
  ClientInit,
  ClientOptions,
  Retry,
  Unsent,
} from './clients/client-options.js'
export type { ClientReadyState } from './clients/client-state.js'
export { connect } from './clients/connect.js'
export type {
  ConnectOptions,
  ConnectTarget,
  HostLookup,
  IpConnectOptions,
} from './clients/connect-options.js'
export type { RequestId } from './clients/pending-requests.js'
export { createPool, Pool } from './clients/pool.js'
export type { PoolInit, PoolOptions } from './clients/pool-options.js'
export { Client, createClient } from './clients/reconnect.js'
export {
  createRequests,
  type RequestOptions,
  Requests,
  type RequestTarget,
} from './clients/requests.js'
export type { Codec, CodecSource } from './codecs/codec.js'
export { CodecError, frameTooLong, incompleteFrame, malformedFrame } from './codecs/codec-error.js'
export { type DelimitedOptions, delimited } from './codecs/delimited.js'
export { encodeToBuffer } from './codecs/encode.js'
export { type FixedOptions, fixed } from './codecs/fixed.js'
export { Input } from './codecs/input.js'
export { type JsonOptions, json } from './codecs/json.js'
export { type LengthPrefixedOptions, lengthPrefixed } from './codecs/length-prefixed.js'
export { type LinesOptions, lines } from './codecs/lines.js'
export { type CodecMap, mapCodec } from './codecs/map-codec.js'
export { type NetstringOptions, netstring } from './codecs/netstring.js'
export { Output } from './codecs/output.js'
export type { Payload } from './codecs/payload.js'
export { raw } from './codecs/raw.js'
export { CloseReason } from './connection/close-reason.js'
export { type AnyConnection, Connection } from './connection/connection.js'
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
export type {
  DatagramCodec,
  DatagramServerHandlers,
  DatagramServerInit,
  DatagramServerOptions,
} from './datagrams/datagram-handlers.js'
export {
  createDatagramServer,
  DatagramServer,
  type DatagramTarget,
  type IpDatagramTarget,
  type UnixDatagramTarget,
} from './datagrams/datagram-server.js'
export { DatagramSocket } from './datagrams/datagram-socket.js'
export { CHANNELS, type DiagnosticsOptions, diagnostics } from './diagnostics/diagnostics.js'
export type { AddressList } from './limits/address-list.js'
export { RefuseReason } from './limits/admission.js'
export { type LimitsOptions, limits } from './limits/limits.js'
export { type OverloadOptions, overload } from './limits/overload.js'
export { type PipeOptions, pipe } from './moving/pipe.js'
export type { FileSource, SendFileOptions } from './moving/send-file.js'
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
export { notifySystemd, systemdNotify } from './running/notify.js'
export { serve } from './running/serve.js'
export { type Closable, type CloseOnSignalsOptions, closeOnSignals } from './running/signals.js'
export { listenTargetsFromSystemd, type SystemdListenTarget } from './running/systemd.js'
export type { MetricsSource, WorkerApp, WorkerContext } from './running/workers/context.js'
export type { RestartOptions, ServeHandlers, ServeOptions } from './running/workers/options.js'
export { WorkerGroup, type WorkerInfo } from './running/workers/worker-group.js'
export type {
  FdListenTarget,
  IpListenTarget,
  ListenTarget,
  SystemdTarget,
  UnixListenTarget,
} from './server/listen-target.js'
export { type AnyServer, createServer, Server } from './server/server.js'
export type { Statistics } from './server/statistics.js'
export type { Secure } from './tls/secure.js'
export { TlsError } from './tls/tls-error.js'
export type { StartTlsOptions, TlsClientOptions, TlsOptions, TlsServerOptions } from './tls/tls-options.js'
export type { FanOutOptions } from './topics/fan-out.js'
