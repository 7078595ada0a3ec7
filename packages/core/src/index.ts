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
export {
  ErrorCode,
  invalidArgType,
  invalidArgValue,
  outOfRange,
  SocketError,
  type SocketErrorDetails,
} from './errors.js'
export { EventLoop, raiseUncaught } from './event-loop.js'
export { htonl, htons, ntohl, ntohs } from './names/byteorder.js'
export * from './names/constants.js'
export { type AddressHints, type AddressInfo, getaddrinfo } from './names/getaddrinfo.js'
export { gethostbyaddr, gethostbyname, type HostEntry } from './names/gethostbyname.js'
export { getnameinfo, type NameInfo } from './names/getnameinfo.js'
export { inet_ntop, inet_pton } from './names/inet.js'
export { if_indextoname, if_nametoindex } from './names/interfaces.js'
export type { LookupOptions } from './names/lookup.js'
export type { EventLoopOptions } from './options.js'
export { resolveEndpoint } from './resolve.js'
export type { BooleanSocketOption, NumericSocketOption, SocketOption } from './socket-options.js'
export { MAX_BYTES_PER_UNIT } from './submissions.js'
export { syscallName, systemError } from './system-error.js'
export { checkBoolean, checkInteger, checkObject } from './validate.js'
