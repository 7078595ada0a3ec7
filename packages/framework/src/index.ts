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
export { CHANNELS, type DiagnosticsOptions, diagnostics } from './diagnostics/diagnostics.js'
export type { AddressList } from './limits/address-list.js'
export { RefuseReason } from './limits/admission.js'
export { type LimitsOptions, limits } from './limits/limits.js'
export { type OverloadOptions, overload } from './limits/overload.js'
export type { OverloadLevel, Plugin } from './plugins/plugin.js'
export { notifySystemd, systemdNotify } from './running/notify.js'
export { type Closable, type CloseOnSignalsOptions, closeOnSignals } from './running/signals.js'
export { listenTargetsFromSystemd, type SystemdListenTarget } from './running/systemd.js'
export type {
  FdListenTarget,
  IpListenTarget,
  ListenTarget,
  UnixListenTarget,
} from './server/listen-target.js'
export { type AnyServer, createServer, Server } from './server/server.js'
export type { Statistics } from './server/statistics.js'
