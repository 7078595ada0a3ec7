/**
 * Version 2: binary.
 *
 * ```
 *   [ signature: 12 | version, command: 1 | family, transport: 1 | length: 2 | addresses | type: 1, length: 2, value | … ]
 *                                                                            └────────────── length ────────────────────┘
 * ```
 */
import { AF_INET6, inet_ntop, type SocketAddress } from '@pollux/core'
import { frameTooLong, malformedFrame } from '../codecs/codec-error.js'
import { Family, FIXED_BYTES, type ProxyHeader, Transport, UNIX_PATH_BYTES } from './header.js'
import { describeTlvs, readTlvs } from './tlvs.js'

/** Both addresses and ports, by family. */
const ADDRESS_BYTES: readonly number[] = [0, 12, 36, 2 * UNIX_PATH_BYTES]

const TRANSPORTS: readonly ProxyHeader['transport'][] = ['unspecified', 'stream', 'datagram']

/** @param bytes that begin with the signature */
export function parseBinary(
  bytes: Buffer,
  maxHeaderBytes: number,
): { header: ProxyHeader; length: number } | undefined {
  if (bytes.length < FIXED_BYTES) return undefined
  const version = bytes[12] >> 4
  const command = bytes[12] & 15
  if (version !== 2) throw malformedFrame(`a binary PROXY header has version 2, not ${version}`)
  if (command > 1) throw malformedFrame(`a PROXY header has a command that is none: ${command}`)
  const family = bytes[13] >> 4
  const transport = bytes[13] & 15
  const length = FIXED_BYTES + bytes.readUInt16BE(14)
  if (length > maxHeaderBytes) throw frameTooLong(maxHeaderBytes, 'a PROXY header')
  // The proxy speaks for itself, and what else it says means nothing.
  const isLocal = command === 0
  if (!isLocal) checkFamily(family, transport, length)
  if (bytes.length < length) return undefined
  const header: ProxyHeader = {
    version: 2,
    command: isLocal ? 'local' : 'proxy',
    source: undefined,
    destination: undefined,
    transport: isLocal ? 'unspecified' : TRANSPORTS[transport],
    tlvs: [],
    isChecked: false,
  }
  if (!isLocal) {
    // A copy: what is kept of it must not depend on memory that was lent.
    const whole = Buffer.from(bytes.subarray(0, length))
    readAddresses(header, whole, family)
    header.tlvs = readTlvs(whole, FIXED_BYTES + ADDRESS_BYTES[family])
    describeTlvs(header, whole)
  }
  return { header, length }
}

function checkFamily(family: number, transport: number, length: number): void {
  if (family > Family.UNIX || transport > Transport.DGRAM) {
    throw malformedFrame(`a PROXY header has an address family that is none: ${family}, ${transport}`)
  }
  if (length < FIXED_BYTES + ADDRESS_BYTES[family]) {
    throw malformedFrame('a PROXY header is too short for its addresses')
  }
}

function readAddresses(header: ProxyHeader, bytes: Buffer, family: number): void {
  if (family === Family.INET) {
    header.source = { family: 'IPv4', host: bytes.subarray(16, 20).join('.'), port: bytes.readUInt16BE(24) }
    header.destination = {
      family: 'IPv4',
      host: bytes.subarray(20, 24).join('.'),
      port: bytes.readUInt16BE(26),
    }
  } else if (family === Family.INET6) {
    header.source = ipv6(bytes.subarray(16, 32), bytes.readUInt16BE(48))
    header.destination = ipv6(bytes.subarray(32, 48), bytes.readUInt16BE(50))
  } else if (family === Family.UNIX) {
    header.source = unix(bytes.subarray(16, 16 + UNIX_PATH_BYTES))
    header.destination = unix(bytes.subarray(16 + UNIX_PATH_BYTES, 16 + 2 * UNIX_PATH_BYTES))
  }
}

function ipv6(bytes: Buffer, port: number): SocketAddress {
  return { family: 'IPv6', host: inet_ntop(AF_INET6, bytes), port }
}

/** A path ends with a NUL, if there is room for one; an abstract name begins with one. */
function unix(bytes: Buffer): SocketAddress {
  const end = bytes.indexOf(0, 1)
  const path = bytes.subarray(0, end < 0 ? bytes.length : end)
  return { family: 'Unix', path: path.length === 1 && path[0] === 0 ? '' : path.toString() }
}
