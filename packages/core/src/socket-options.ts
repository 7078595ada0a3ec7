/** Options of stream sockets under names of our own. What each of them is stands in options/table.ts. */
import { getOption, type OptionTarget, setOption } from './options/calls.js'
import type { OptionLevel } from './options/table.js'

/** Options whose value is true or false. */
export type BooleanSocketOption =
  | 'reuseAddress'
  | 'reusePort'
  | 'ipv6Only'
  | 'noDelay'
  | 'keepAlive'
  | 'fastOpenConnect'

/** Options whose value is a number. */
export type NumericSocketOption =
  | 'sendBufferBytes'
  | 'receiveBufferBytes'
  | 'deferAcceptSeconds'
  | 'fastOpenQueue'

/** Every option that has a name. */
export type SocketOption = BooleanSocketOption | NumericSocketOption

const OPTIONS: Readonly<Record<SocketOption, readonly [level: OptionLevel, name: string]>> = {
  reuseAddress: ['SOL_SOCKET', 'SO_REUSEADDR'],
  reusePort: ['SOL_SOCKET', 'SO_REUSEPORT'],
  ipv6Only: ['IPPROTO_IPV6', 'IPV6_V6ONLY'],
  noDelay: ['IPPROTO_TCP', 'TCP_NODELAY'],
  keepAlive: ['SOL_SOCKET', 'SO_KEEPALIVE'],
  sendBufferBytes: ['SOL_SOCKET', 'SO_SNDBUF'],
  receiveBufferBytes: ['SOL_SOCKET', 'SO_RCVBUF'],
  deferAcceptSeconds: ['IPPROTO_TCP', 'TCP_DEFER_ACCEPT'],
  fastOpenQueue: ['IPPROTO_TCP', 'TCP_FASTOPEN'],
  fastOpenConnect: ['IPPROTO_TCP', 'TCP_FASTOPEN_CONNECT'],
}

/** setsockopt(2). Errors call the option by our name. */
export function setSocketOption(target: OptionTarget, name: SocketOption, value: boolean | number): void {
  const [level, option] = OPTIONS[name]
  setOption(target, level, option, value, name)
}

/** getsockopt(2). */
export function getSocketOption(target: OptionTarget, name: SocketOption): boolean | number {
  const [level, option] = OPTIONS[name]
  return getOption(target, level, option) as boolean | number
}
