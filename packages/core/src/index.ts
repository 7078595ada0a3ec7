export { type BackendName, Column, Op, TABLE_COLUMNS } from '@pollux/native-poll'
export { onAbort } from './abort.js'
export {
  checkHost,
  checkPath,
  checkPort,
  type Endpoint,
  formatAddress,
  type IpAddress,
  type IpEndpoint,
  isUnix,
  publicAddress,
  type SocketAddress,
  type UnixAddress,
  type UnixEndpoint,
} from './address.js'
export type { BacklogListener } from './backlog-watch.js'
export { Channel } from './channel.js'
export { ChannelSocket, type SocketFamily } from './channel-socket.js'
export { bufferView } from './chunks.js'
export * from './constants.js'
export { DatagramChannel } from './datagrams/datagram-channel.js'
export { DatagramError } from './datagrams/datagram-error.js'
export type { DatagramHandlers, DatagramStatistics } from './datagrams/datagram-handlers.js'
export type { DatagramOptions } from './datagrams/options.js'
export type { Distribution } from './distribution.js'
export { EncodedAddress } from './encoded-address.js'
export {
  ErrorCode,
  invalidArgType,
  invalidArgValue,
  outOfRange,
  SocketError,
  type SocketErrorDetails,
} from './errors.js'
export { type CounterName, EventLoop } from './event-loop.js'
export type * from './messages/control-messages.js'
export { DatagramBatch, type DatagramBatchOptions } from './messages/datagram-batch.js'
export {
  CMSG_LEN,
  CMSG_SPACE,
  type IncomingMessage,
  type OutgoingMessage,
  type ReceivedMessage,
} from './messages/message.js'
export { OwnedFd } from './messages/owned-fd.js'
export { htonl, htons, ntohl, ntohs } from './names/byteorder.js'
export * from './names/constants.js'
export { type AddressHints, type AddressInfo, getaddrinfo } from './names/getaddrinfo.js'
export { gethostbyaddr, gethostbyname, type HostEntry } from './names/gethostbyname.js'
export { getnameinfo, type NameInfo } from './names/getnameinfo.js'
export { inet_ntop, inet_pton } from './names/inet.js'
export { if_indextoname, if_nametoindex } from './names/interfaces.js'
export type {
  GroupMembership,
  Ipv4Interface,
  Ipv4Membership,
  Ipv4SourceMembership,
  SourceGroupMembership,
} from './options/memberships.js'
export { type OptionCalls, optionCallsOf } from './options/option-calls.js'
export type { Linger, MemoryInfo, OptionType, PeerCredentials, TimeValue } from './options/option-type.js'
export {
  type OptionInput,
  type OptionLevel,
  type OptionTable,
  type OptionValue,
  type ReadableOption,
  type SettableOption,
  SOCKET_OPTIONS,
} from './options/table.js'
export type { TcpCongestionState, TcpInfo, TcpNegotiated, TcpState } from './options/tcp-info.js'
export type { EventLoopOptions } from './options.js'
export { type PollEntry, type PollOptions, type PollResult, poll, pollNow } from './readiness/poll.js'
export { type SelectResult, type SelectSets, select, selectNow } from './readiness/select.js'
export { resolveEndpoint } from './resolve.js'
export {
  type BooleanSocketOption,
  type NumericSocketOption,
  type SocketOption,
  setSocketOption,
} from './socket-options.js'
export type { Unspecified } from './sockets/connect.js'
export { type InheritedSocket, inheritedSockets } from './sockets/inherited.js'
export { type Accepted, Socket, type SocketOptions, socket, socketpair } from './sockets/socket.js'
export type { ReceivedFrom } from './sockets/transfer.js'
export { WOULD_BLOCK, type WouldBlock } from './sockets/would-block.js'
export { MAX_BYTES_PER_UNIT, type Submissions } from './submissions.js'
export { syscallName, systemError } from './system-error.js'
export { raiseUncaught } from './uncaught.js'
export { UnderlyingSocket } from './underlying-socket.js'
export { checkBoolean, checkInteger, checkObject, checkSignal } from './validate.js'
export { checkWaitOptions, type Patience, type WaitOptions } from './wait-options.js'
