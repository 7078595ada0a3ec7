/** The PROXY protocol's headers, to bytes: for proxies. */
import {
  AF_INET,
  AF_INET6,
  inet_pton,
  invalidArgType,
  invalidArgValue,
  outOfRange,
  type SocketAddress,
} from '@pollux/core'
import { crc32c } from './crc32c.js'
import {
  Family,
  FIXED_BYTES,
  type ProxyTlv,
  SIGNATURE,
  TlvType,
  Transport,
  UNIX_PATH_BYTES,
} from './header.js'

/** What is to be said of a connection. */
export interface ProxyHeaderInit {
  /** Default 2. */
  version?: 1 | 2
  /** Who connected. Without addresses the header says that they are not known; version 2: that the proxy speaks for itself. */
  source?: SocketAddress
  /** What it connected to. */
  destination?: SocketAddress
  /** Version 2: what else there is to say. */
  alpn?: string | Uint8Array
  authority?: string
  /** At most 128 bytes. */
  uniqueId?: Uint8Array
  netns?: string
  tlvs?: readonly { type: number; value: Uint8Array }[]
  /** Version 2: with a checksum. Default false. */
  crc32c?: boolean
}

const MAX_UNIQUE_ID_BYTES = 128
const MAX_LENGTH = 65_535

/**
 * A header of the PROXY protocol. Where one address is of IPv4 and the other of IPv6, both are written as IPv6.
 *
 * @throws TypeError, RangeError
 *
 * @example
 * ```ts
 * import { encodeProxyHeader } from '@pollux/framework'
 *
 * const header = encodeProxyHeader({
 *   version: 1,
 *   source: { family: 'IPv4', host: '192.0.2.1', port: 56324 },
 *   destination: { family: 'IPv4', host: '198.51.100.2', port: 443 },
 * })
 * console.log(header.toString()) // PROXY TCP4 192.0.2.1 198.51.100.2 56324 443
 * ```
 */
export function encodeProxyHeader(init: ProxyHeaderInit): Buffer {
  const { version = 2, source, destination } = init
  if ((source === undefined) !== (destination === undefined)) {
    throw invalidArgValue('destination', 'must be given where `source` is, and only there', destination)
  }
  if (version === 1) return line(init)
  if (version !== 2) throw invalidArgValue('version', 'must be 1 or 2', version)
  return binary(init)
}

function line({ source, destination }: ProxyHeaderInit): Buffer {
  // Version 1 has no word for Unix sockets.
  if (source === undefined || destination === undefined || isUnix(source) || isUnix(destination)) {
    return Buffer.from('PROXY UNKNOWN\r\n')
  }
  const isIpv4 = source.family === 'IPv4' && destination.family === 'IPv4'
  const hosts = [source, destination].map((address) => (isIpv4 ? address.host : hostAsIpv6(address)))
  for (const host of hosts) bytesOfHost(host)
  const words = ['PROXY', isIpv4 ? 'TCP4' : 'TCP6', ...hosts, portOf(source), portOf(destination)]
  return Buffer.from(`${words.join(' ')}\r\n`)
}

function binary(init: ProxyHeaderInit): Buffer {
  const { source, destination } = init
  const tlvs = Buffer.concat(tlvsOf(init).map(encodeTlv))
  let family: number = Family.UNSPEC
  let addresses: Buffer = Buffer.alloc(0)
  if (source !== undefined && destination !== undefined) {
    if (isUnix(source) !== isUnix(destination)) {
      throw invalidArgValue('destination', 'must be of the same family as `source`', destination.family)
    }
    if (isUnix(source) && isUnix(destination)) {
      family = Family.UNIX
      addresses = Buffer.concat([bytesOfPath(source.path), bytesOfPath(destination.path)])
    } else if (!isUnix(source) && !isUnix(destination)) {
      const isIpv4 = source.family === 'IPv4' && destination.family === 'IPv4'
      family = isIpv4 ? Family.INET : Family.INET6
      const hosts = [source, destination].map((address) =>
        bytesOfHost(isIpv4 ? address.host : hostAsIpv6(address)),
      )
      const ports = Buffer.alloc(4)
      ports.writeUInt16BE(portOf(source), 0)
      ports.writeUInt16BE(portOf(destination), 2)
      addresses = Buffer.concat([...hosts, ports])
    }
  }
  const length = addresses.length + tlvs.length
  if (length > MAX_LENGTH) throw outOfRange('tlvs', `at most ${MAX_LENGTH} bytes with the addresses`, length)
  const fixed = Buffer.alloc(FIXED_BYTES)
  SIGNATURE.copy(fixed)
  fixed[12] = 0x20 | (source === undefined ? 0 : 1)
  fixed[13] = (family << 4) | (family === Family.UNSPEC ? Transport.UNSPEC : Transport.STREAM)
  fixed.writeUInt16BE(length, 14)
  const header = Buffer.concat([fixed, addresses, tlvs])
  // The checksum is the last one: there are zeros in its place so far.
  if (init.crc32c === true) header.writeUInt32BE(crc32c(header), header.length - 4)
  return header
}

function tlvsOf(init: ProxyHeaderInit): ProxyTlv[] {
  const { alpn, authority, uniqueId, netns, tlvs = [] } = init
  const all: ProxyTlv[] = []
  if (alpn !== undefined) all.push({ type: TlvType.ALPN, value: Buffer.from(alpn as Uint8Array) })
  if (authority !== undefined) all.push({ type: TlvType.AUTHORITY, value: Buffer.from(authority) })
  if (uniqueId !== undefined) {
    if (uniqueId.length > MAX_UNIQUE_ID_BYTES) {
      throw outOfRange('uniqueId.length', `<= ${MAX_UNIQUE_ID_BYTES}`, uniqueId.length)
    }
    all.push({ type: TlvType.UNIQUE_ID, value: Buffer.from(uniqueId) })
  }
  if (netns !== undefined) all.push({ type: TlvType.NETNS, value: Buffer.from(netns, 'latin1') })
  for (const { type, value } of tlvs) {
    if (!Number.isInteger(type) || type < 0 || type > 255)
      throw outOfRange('tlvs[].type', '>= 0 and <= 255', type)
    if (type === TlvType.CRC32C) throw invalidArgValue('tlvs[].type', 'of a checksum: set `crc32c`', type)
    if (!(value instanceof Uint8Array))
      throw invalidArgType('tlvs[].value', 'an instance of Uint8Array', value)
    all.push({ type, value: Buffer.from(value) })
  }
  if (init.crc32c === true) all.push({ type: TlvType.CRC32C, value: Buffer.alloc(4) })
  return all
}

function encodeTlv({ type, value }: ProxyTlv): Buffer {
  if (value.length > MAX_LENGTH) throw outOfRange('tlvs[].value.length', `<= ${MAX_LENGTH}`, value.length)
  const head = Buffer.alloc(3)
  head[0] = type
  head.writeUInt16BE(value.length, 1)
  return Buffer.concat([head, value])
}

function isUnix(address: SocketAddress): address is Extract<SocketAddress, { path: string }> {
  return address.family === 'Unix'
}

function hostAsIpv6({ family, host }: { family: string; host: string }): string {
  if (family === 'IPv4') return `::ffff:${host}`
  // A zone means something on one machine only.
  const zone = host.indexOf('%')
  return zone < 0 ? host : host.slice(0, zone)
}

/** 4 or 16 bytes. */
function bytesOfHost(host: string): Buffer {
  if (host.includes(':')) return Buffer.from(inet_pton(AF_INET6, host))
  return Buffer.from(inet_pton(AF_INET, host))
}

function bytesOfPath(path: string): Buffer {
  const bytes = Buffer.alloc(UNIX_PATH_BYTES)
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES) {
    throw outOfRange('path.length', `<= ${UNIX_PATH_BYTES} bytes`, Buffer.byteLength(path))
  }
  bytes.write(path)
  return bytes
}

function portOf({ port }: { port: number }): number {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw outOfRange('port', '>= 0 and <= 65535', port)
  return port
}
