// One case for each option of the table: on which socket, what it is set to, and how Python reads it back. A new
// option without its case does not compile.
import { readFileSync } from 'node:fs'
import { constants, type OptionLevel, type OptionTable, type Socket, socket, socketpair } from '@pollux/core'
import { type Capability, hasCapability } from '../../../native-poll/test/support/capabilities.js'
import { readHex, readNumbers, readText } from '../../../native-poll/test/support/option_reader.js'

export interface ReadBack {
  on: () => Socket
  /** What to set; undefined for an option that can only be read. */
  set?: unknown
  /** What the kernel makes of it, where that is not the same. */
  becomes?: unknown
  /** Who may set it. */
  needs?: Capability
  /** Older kernels ask for `needs`, newer ones don't. */
  oncePrivileged?: boolean
  /** The value as another program reads it. */
  read: (fd: number, level: OptionLevel, name: string) => unknown
  /** Where the value is found, if it is another option's. */
  readFrom?: string
}

/** An option that nothing can be read of. */
export interface NoReadBack {
  on: () => Socket
  set?: unknown
  because: string
}

export type OptionCase = ReadBack | NoReadBack

const { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM, SOCK_DGRAM } = constants

const tcp = () => socket(AF_INET, SOCK_STREAM)
const udp = () => socket(AF_INET, SOCK_DGRAM)
const udp6 = () => socket(AF_INET6, SOCK_DGRAM)

const unix = () => {
  const [one, other] = socketpair(AF_UNIX, SOCK_STREAM)
  other.close()
  return one
}

const listener = () => {
  const socket = tcp()
  socket.bind({ host: '127.0.0.1', port: 0 })
  socket.listen()
  return socket
}

/** Bound and connected to itself. */
const connected = (make: () => Socket, host: string) => () => {
  const socket = make()
  socket.bind({ host, port: 0 })
  socket.tryConnect(socket.getsockname())
  return socket
}

type Reading = ReadBack['read']
const numbers =
  (format: string, as: (...numbers: number[]) => unknown): Reading =>
  (fd, level, name) =>
    as(...readNumbers(fd, level, name, format))

const asFlag = numbers('i', (number) => number !== 0)
const asInt = numbers('i', (number) => number)
const asUint = numbers('I', (number) => number)
const asTime = numbers('ll', (seconds, microseconds) => ({ seconds, microseconds }))
const asText: Reading = (fd, level, name) => readText(fd, level, name)
const asBytes: Reading = (fd, level, name) => new Uint8Array(Buffer.from(readHex(fd, level, name), 'hex'))

const flag = (on: () => Socket, set = true, needs?: Capability): ReadBack => ({
  on,
  set,
  read: asFlag,
  needs,
})
const int = (on: () => Socket, set: number, more: Partial<ReadBack> = {}): ReadBack => ({
  on,
  set,
  read: asInt,
  ...more,
})
const only = (on: () => Socket, read: Reading = asInt): ReadBack => ({ on, read })

const MEMBERSHIP = 'the kernel tells of no memberships; multicast.test.ts looks at what arrives and at /proc'
const ipv4Group = { group: '239.255.77.1', interfaceAddress: '127.0.0.1' }
const ipv4Source = { ...ipv4Group, source: '127.0.0.1' }
const byIndex = { group: '239.255.77.1', interfaceIndex: 1 }
const ipv6Group = { group: 'ff15::77', interfaceIndex: 1 }
const member = (on: () => Socket, set: object): NoReadBack => ({ on, set, because: MEMBERSHIP })

/** More than an ordinary socket may have. */
const beyond = (limit: string) => Number(readFileSync(`/proc/sys/net/core/${limit}`, 'utf8')) + 4096

/** Linux keeps as much again for its own book-keeping. */
const doubled = (bytes: number, more: Partial<ReadBack> = {}) =>
  ({ set: bytes, becomes: 2 * bytes, read: asInt, ...more }) as const

const memory = [
  'receiveAllocatedBytes',
  'receiveBufferBytes',
  'sendAllocatedBytes',
  'sendBufferBytes',
  'forwardAllocatedBytes',
  'sendQueuedBytes',
  'optionBytes',
  'backlogBytes',
  'drops',
]

export const CASES: { [Level in OptionLevel]: Record<keyof OptionTable[Level], OptionCase> } = {
  SOL_SOCKET: {
    SO_ACCEPTCONN: only(listener, asFlag),
    SO_BINDTODEVICE: { on: udp, set: 'lo', read: asText },
    SO_BROADCAST: flag(udp),
    SO_BUSY_POLL: int(udp, 25, { needs: 'CAP_NET_ADMIN', oncePrivileged: true }),
    SO_COOKIE: only(udp, (fd, level, name) => Buffer.from(readHex(fd, level, name), 'hex').readBigUInt64LE()),
    SO_DOMAIN: only(udp6),
    SO_DONTROUTE: flag(udp),
    SO_ERROR: only(tcp),
    SO_INCOMING_CPU: int(tcp, 0),
    SO_KEEPALIVE: flag(tcp),
    SO_LINGER: {
      on: tcp,
      set: { on: true, seconds: 5 },
      read: numbers('ii', (on, seconds) => ({ on: on !== 0, seconds })),
    },
    SO_MARK: int(udp, 0xfffffff0, { needs: 'CAP_NET_ADMIN', read: asUint }),
    SO_MEMINFO: only(
      udp,
      numbers('9I', (...all) => Object.fromEntries(all.map((value, nth) => [memory[nth], value]))),
    ),
    SO_OOBINLINE: flag(tcp),
    SO_PASSCRED: flag(unix),
    SO_PEEK_OFF: int(unix, 3),
    SO_PEERCRED: only(
      unix,
      numbers('iII', (pid, uid, gid) => ({ pid, uid, gid })),
    ),
    SO_PRIORITY: int(udp, 5),
    SO_PROTOCOL: only(udp),
    SO_RCVBUF: { on: tcp, ...doubled(20_000) },
    SO_RCVBUFFORCE: {
      on: tcp,
      ...doubled(beyond('rmem_max'), { needs: 'CAP_NET_ADMIN', readFrom: 'SO_RCVBUF' }),
    },
    SO_RCVLOWAT: int(tcp, 77),
    SO_RCVTIMEO: { on: tcp, set: { seconds: 2, microseconds: 500_000 }, read: asTime },
    SO_REUSEADDR: flag(tcp),
    SO_REUSEPORT: flag(tcp),
    SO_RXQ_OVFL: flag(udp),
    SO_SNDBUF: { on: tcp, ...doubled(20_000) },
    SO_SNDBUFFORCE: {
      on: tcp,
      ...doubled(beyond('wmem_max'), { needs: 'CAP_NET_ADMIN', readFrom: 'SO_SNDBUF' }),
    },
    SO_SNDLOWAT: only(tcp),
    SO_SNDTIMEO: { on: tcp, set: { seconds: 3, microseconds: 0 }, read: asTime },
    SO_TIMESTAMP: flag(udp),
    SO_TIMESTAMPNS: flag(udp),
    SO_TYPE: only(udp),
    SO_ZEROCOPY: flag(tcp),
  },
  IPPROTO_IP: {
    IP_ADD_MEMBERSHIP: member(udp, ipv4Group),
    IP_ADD_SOURCE_MEMBERSHIP: member(udp, ipv4Source),
    IP_BIND_ADDRESS_NO_PORT: flag(tcp),
    IP_BLOCK_SOURCE: member(udp, ipv4Source),
    IP_DROP_MEMBERSHIP: member(udp, ipv4Group),
    IP_DROP_SOURCE_MEMBERSHIP: member(udp, ipv4Source),
    IP_FREEBIND: flag(tcp),
    IP_MTU: only(connected(udp, '127.0.0.1')),
    IP_MTU_DISCOVER: int(udp, constants.IP_PMTUDISC_DO),
    IP_MULTICAST_ALL: flag(udp, false),
    IP_MULTICAST_IF: {
      on: udp,
      set: { interfaceAddress: '127.0.0.1' },
      read: numbers('4B', (...bytes) => ({ interfaceAddress: bytes.join('.') })),
    },
    IP_MULTICAST_LOOP: flag(udp, false),
    IP_MULTICAST_TTL: int(udp, 7),
    IP_PKTINFO: flag(udp),
    IP_RECVERR: flag(udp),
    IP_RECVTOS: flag(udp),
    IP_RECVTTL: flag(udp),
    IP_TOS: int(udp, 0x28),
    IP_TRANSPARENT: flag(tcp, true, 'CAP_NET_ADMIN'),
    IP_TTL: int(udp, 33),
    IP_UNBLOCK_SOURCE: member(udp, ipv4Source),
    MCAST_BLOCK_SOURCE: member(udp, { ...byIndex, source: '127.0.0.1' }),
    MCAST_JOIN_GROUP: member(udp, byIndex),
    MCAST_JOIN_SOURCE_GROUP: member(udp, { ...byIndex, source: '127.0.0.1' }),
    MCAST_LEAVE_GROUP: member(udp, byIndex),
    MCAST_LEAVE_SOURCE_GROUP: member(udp, { ...byIndex, source: '127.0.0.1' }),
    MCAST_UNBLOCK_SOURCE: member(udp, { ...byIndex, source: '127.0.0.1' }),
  },
  IPPROTO_IPV6: {
    IPV6_FREEBIND: flag(udp6),
    IPV6_JOIN_GROUP: member(udp6, ipv6Group),
    IPV6_LEAVE_GROUP: member(udp6, ipv6Group),
    // What is set limits what is sent; what is read is the path's.
    IPV6_MTU: only(connected(udp6, '::1')),
    IPV6_MTU_DISCOVER: int(udp6, constants.IPV6_PMTUDISC_DO),
    IPV6_MULTICAST_ALL: flag(udp6, false),
    IPV6_MULTICAST_HOPS: int(udp6, 7),
    IPV6_MULTICAST_IF: int(udp6, 1),
    IPV6_MULTICAST_LOOP: flag(udp6, false),
    IPV6_RECVERR: flag(udp6),
    IPV6_RECVHOPLIMIT: flag(udp6),
    IPV6_RECVPKTINFO: flag(udp6),
    IPV6_RECVTCLASS: flag(udp6),
    IPV6_TCLASS: int(udp6, 0x28),
    IPV6_TRANSPARENT: flag(udp6, true, 'CAP_NET_ADMIN'),
    IPV6_UNICAST_HOPS: int(udp6, 33),
    IPV6_V6ONLY: flag(udp6),
    MCAST_BLOCK_SOURCE: member(udp6, { ...ipv6Group, source: '::1' }),
    MCAST_JOIN_GROUP: member(udp6, ipv6Group),
    MCAST_JOIN_SOURCE_GROUP: member(udp6, { ...ipv6Group, source: '::1' }),
    MCAST_LEAVE_GROUP: member(udp6, ipv6Group),
    MCAST_LEAVE_SOURCE_GROUP: member(udp6, { ...ipv6Group, source: '::1' }),
    MCAST_UNBLOCK_SOURCE: member(udp6, { ...ipv6Group, source: '::1' }),
  },
  IPPROTO_TCP: {
    TCP_CC_INFO: only(tcp, asBytes),
    TCP_CONGESTION: { on: tcp, set: 'reno', read: asText },
    TCP_CORK: flag(tcp),
    // Of the retries that it stands for: 1 + 2 + 4 seconds.
    TCP_DEFER_ACCEPT: int(listener, 7),
    TCP_FASTOPEN: int(listener, 16),
    TCP_FASTOPEN_CONNECT: flag(tcp),
    TCP_INFO: { on: tcp, because: 'it changes by itself; tcp_info.test.ts reads it twice around Python' },
    TCP_KEEPCNT: int(tcp, 3),
    TCP_KEEPIDLE: int(tcp, 30),
    TCP_KEEPINTVL: int(tcp, 7),
    TCP_LINGER2: int(tcp, 20),
    TCP_MAXSEG: int(tcp, 1000),
    TCP_NODELAY: flag(tcp),
    TCP_NOTSENT_LOWAT: int(tcp, 2 ** 32 - 1, { read: asUint }),
    TCP_QUICKACK: flag(tcp, false),
    TCP_SYNCNT: int(tcp, 3),
    TCP_USER_TIMEOUT: int(tcp, 12_345),
    TCP_WINDOW_CLAMP: int(tcp, 32_000),
  },
  IPPROTO_UDP: {
    UDP_CORK: flag(udp),
    UDP_GRO: flag(udp),
    UDP_SEGMENT: int(udp, 1200),
  },
}

/** Every case, with its names. */
export const ALL_CASES = Object.entries(CASES).flatMap(([level, options]) =>
  Object.entries(options as Record<string, OptionCase>).map(
    ([name, option]) => [level as OptionLevel, name, option] as const,
  ),
)

export const permitted = ({ needs }: ReadBack) => needs === undefined || hasCapability(needs)
