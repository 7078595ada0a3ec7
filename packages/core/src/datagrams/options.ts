/** What a datagram channel can be told, with the defaults, checked once. */
import { MAX_DATAGRAM_BYTES } from '@pollux/native-poll'
import type { Endpoint } from '../address.js'
import type { SocketFamily } from '../channel-socket.js'
import type { EventLoop } from '../event-loop.js'
import type { SocketOption } from '../socket-options.js'
import { checkBoolean, checkInteger, checkObject } from '../validate.js'

/** How a {@link DatagramChannel} is opened. */
export interface DatagramOptions {
  /** Where it receives, with a numeric host. Default: nowhere, until the first send binds it to a port of the system's choice. */
  bind?: Endpoint
  /** The one peer that it talks to (connect(2)): `send` needs no address, and the kernel drops what others send. */
  connect?: Endpoint
  /** Default: that of `bind` or `connect`, else 'IPv4'. */
  family?: SocketFamily
  /** Its loop. Default: the environment's. */
  loop?: EventLoop
  /**
   * The most bytes of one datagram received; a longer one is cut off there and marked `truncated`. Smaller values make
   * larger batches: a batch takes this much of the loop's `slabBytes` for each datagram. Default 65,535, which cuts
   * nothing.
   */
  maxDatagramBytes?: number
  /**
   * The most bytes that wait for the kernel to take them, 64 and the address counted for each datagram. What comes
   * beyond is dropped, counted and reported to `error`. Default 1 MiB.
   */
  maxQueuedBytes?: number
  /**
   * UDP_GRO (udp(7)): the kernel may hand over several datagrams of one sender in one. They come one by one to
   * `datagram`, or at once to `segments` where there is such a handler. Where the system has no such thing, nothing
   * changes. Default false.
   */
  gro?: boolean
  /**
   * UDP_SEGMENT (udp(7)): datagrams of one size that follow each other to one destination leave in one, and arrive as
   * they would have otherwise. Where the system, the device or the path refuses that, they leave one by one. Default true.
   */
  gso?: boolean
  /** SO_RCVBUF: how much the kernel keeps while nobody reads; what comes beyond is lost. Default: the system's. */
  receiveBufferBytes?: number
  /** SO_SNDBUF. Default: the system's. */
  sendBufferBytes?: number
  /** SO_REUSEADDR. Default false. */
  reuseAddress?: boolean
  /** SO_REUSEPORT: several sockets share the port, and the kernel spreads senders over them. Default false. */
  reusePort?: boolean
  /** IPV6_V6ONLY. Default: the system's. */
  ipv6Only?: boolean
}

/** All options of the channel itself, with a value each. */
export interface ResolvedDatagramOptions {
  maxDatagramBytes: number
  maxQueuedBytes: number
  gro: boolean
  gso: boolean
  /** To be set on the socket before it is bound. */
  socketOptions: [name: SocketOption, value: boolean | number][]
}

const MIB = 1024 * 1024
const MAX_INT = 2 ** 31 - 1

/** @throws TypeError or RangeError that names the option */
export function resolveDatagramOptions(options: DatagramOptions): ResolvedDatagramOptions {
  checkObject(options, 'options')
  const { maxDatagramBytes, maxQueuedBytes, gro, gso } = options
  const socketOptions: [SocketOption, boolean | number][] = []
  for (const name of ['receiveBufferBytes', 'sendBufferBytes'] as const) {
    const value = options[name]
    if (value !== undefined) socketOptions.push([name, checkInteger(value, name, 0, MAX_INT)])
  }
  for (const name of ['reuseAddress', 'reusePort', 'ipv6Only'] as const) {
    const value = options[name]
    if (value !== undefined) socketOptions.push([name, checkBoolean(value, name)])
  }
  return {
    maxDatagramBytes:
      maxDatagramBytes === undefined
        ? MAX_DATAGRAM_BYTES
        : checkInteger(maxDatagramBytes, 'maxDatagramBytes', 1, MAX_DATAGRAM_BYTES),
    maxQueuedBytes:
      maxQueuedBytes === undefined ? MIB : checkInteger(maxQueuedBytes, 'maxQueuedBytes', 0, 1024 * MIB),
    gro: gro === undefined ? false : checkBoolean(gro, 'gro'),
    gso: gso === undefined ? true : checkBoolean(gso, 'gso'),
    socketOptions,
  }
}
