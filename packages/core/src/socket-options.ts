/** Socket options by name: where they live, and what type their value has. */
import { SocketError } from './errors.js'
import { native } from './native.js'
import { failureMessage } from './system-error.js'

/** Options whose value is true or false. */
export type BooleanSocketOption = 'reuseAddress' | 'reusePort' | 'ipv6Only' | 'noDelay' | 'keepAlive'

/** Options whose value is a number of bytes. */
export type NumericSocketOption = 'sendBufferBytes' | 'receiveBufferBytes'

/** Every option that has a name. */
export type SocketOption = BooleanSocketOption | NumericSocketOption

interface OptionEntry {
  level: string
  name: string
  type: 'boolean' | 'number'
}

const OPTIONS: Readonly<Record<SocketOption, OptionEntry>> = {
  /** socket(7): bind although connections of an earlier listener linger. */
  reuseAddress: { level: 'SOL_SOCKET', name: 'SO_REUSEADDR', type: 'boolean' },
  /** socket(7): several sockets on one port; the kernel spreads connections over them. */
  reusePort: { level: 'SOL_SOCKET', name: 'SO_REUSEPORT', type: 'boolean' },
  /** ipv6(7): an IPv6 socket takes no IPv4 connections. */
  ipv6Only: { level: 'IPPROTO_IPV6', name: 'IPV6_V6ONLY', type: 'boolean' },
  /** tcp(7): small writes leave at once, without waiting for acknowledgements (Nagle's algorithm off). */
  noDelay: { level: 'IPPROTO_TCP', name: 'TCP_NODELAY', type: 'boolean' },
  /** socket(7): probes find out that a silent peer is gone. */
  keepAlive: { level: 'SOL_SOCKET', name: 'SO_KEEPALIVE', type: 'boolean' },
  /** socket(7): the kernel's send buffer. Linux doubles what is set, for its own book-keeping. */
  sendBufferBytes: { level: 'SOL_SOCKET', name: 'SO_SNDBUF', type: 'number' },
  /** socket(7): the kernel's receive buffer. To widen TCP's window it must be set before listen or connect. */
  receiveBufferBytes: { level: 'SOL_SOCKET', name: 'SO_RCVBUF', type: 'number' },
}

/** An option as the system calls want it. */
export interface SystemOption {
  level: number
  option: number
  type: 'boolean' | 'number'
  /** The system's own name: 'SO_REUSEPORT'. */
  name: string
}

/**
 * The system's numbers for an option.
 *
 * @throws SocketError ENOPROTOOPT where this platform does not have it
 */
export function systemOption(name: SocketOption, syscall: string): SystemOption {
  const entry = OPTIONS[name]
  const level = native.constants[entry.level]
  const option = native.constants[entry.name]
  if (level === undefined || option === undefined) {
    const text = `this platform has no ${entry.name}`
    throw new SocketError(failureMessage(syscall, '', text, 'ENOPROTOOPT'), {
      code: 'ENOPROTOOPT',
      errno: -native.errorNumber('ENOPROTOOPT'),
      syscall,
    })
  }
  return { level, option, type: entry.type, name: entry.name }
}
