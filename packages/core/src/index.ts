export { type BackendName, Column, Op, TABLE_COLUMNS } from '@pollux/native-poll'
export {
  checkHost,
  checkPath,
  checkPort,
  type Endpoint,
  formatAddress,
  type IpAddress,
  type IpEndpoint,
  isUnix,
  type SocketAddress,
  type UnixAddress,
  type UnixEndpoint,
} from './address.js'
export { Channel } from './channel.js'
export { ChannelSocket, type SocketFamily } from './channel-socket.js'
export { DatagramAddress } from './datagrams/datagram-address.js'
export { DatagramChannel } from './datagrams/datagram-channel.js'
export { DatagramError } from './datagrams/datagram-error.js'
export type { DatagramHandlers, DatagramStatistics } from './datagrams/datagram-handlers.js'
export type { DatagramOptions } from './datagrams/options.js'
export {
  ErrorCode,
  invalidArgType,
  invalidArgValue,
  outOfRange,
  SocketError,
  type SocketErrorDetails,
} from './errors.js'
export { EventLoop, raiseUncaught } from './event-loop.js'
export type { EventLoopOptions } from './options.js'
export { resolveEndpoint } from './resolve.js'
export type { BooleanSocketOption, NumericSocketOption, SocketOption } from './socket-options.js'
export { MAX_BYTES_PER_UNIT } from './submissions.js'
export { syscallName, systemError } from './system-error.js'
export { checkBoolean, checkInteger, checkObject } from './validate.js'
