/** The PROXY protocol's headers, from bytes. */
import { checkInteger, invalidArgType } from '@pollux/core'
import { malformedFrame } from '../codecs/codec-error.js'
import { FIXED_BYTES, PREFIX, type ProxyHeader, SIGNATURE } from './header.js'
import { parseLine } from './version-1.js'
import { parseBinary } from './version-2.js'

/** The longest header of version 2 that its length can say. */
export const MAX_HEADER_BYTES = FIXED_BYTES + 65_535

/** Long enough for what proxies send, and of no use to who wants to fill memory. */
export const DEFAULT_HEADER_BYTES = 4096

/** A header, and where it ends. */
export interface ParsedProxyHeader {
  header: ProxyHeader
  /** How many bytes it takes; what comes behind is not the proxy's. */
  length: number
}

/** Which version's header these bytes begin; 0: they begin none; undefined: too few to tell. */
export function proxyVersionOf(bytes: Uint8Array): 0 | 1 | 2 | undefined {
  if (bytes.length === 0) return undefined
  const start = bytes[0] === PREFIX[0] ? PREFIX : SIGNATURE
  const length = Math.min(bytes.length, start.length)
  if (start.compare(bytes, 0, length, 0, length) !== 0) return 0
  if (length < start.length) return undefined
  return start === PREFIX ? 1 : 2
}

/**
 * The header of the PROXY protocol, version 1 or 2, that the bytes begin with.
 *
 * @param options.maxHeaderBytes a longer one of version 2 is an error. Default 4096.
 * @returns undefined while it is incomplete
 * @throws CodecError ERR_POLLUX_MALFORMED_FRAME for anything that is no header, or has a wrong checksum;
 *   ERR_POLLUX_FRAME_TOO_LONG; TypeError, RangeError
 *
 * @example
 * ```ts
 * import { parseProxyHeader } from '@pollux/framework'
 *
 * const bytes = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET /')
 * const parsed = parseProxyHeader(bytes)
 * console.log(parsed?.header.source) // { family: 'IPv4', host: '192.0.2.1', port: 56324 }
 * console.log(bytes.toString('latin1', parsed?.length)) // GET /
 * ```
 */
export function parseProxyHeader(
  bytes: Uint8Array,
  options: { maxHeaderBytes?: number } = {},
): ParsedProxyHeader | undefined {
  if (!(bytes instanceof Uint8Array)) throw invalidArgType('bytes', 'an instance of Uint8Array', bytes)
  const max = checkInteger(
    options.maxHeaderBytes ?? DEFAULT_HEADER_BYTES,
    'options.maxHeaderBytes',
    FIXED_BYTES,
    MAX_HEADER_BYTES,
  )
  const version = proxyVersionOf(bytes)
  if (version === undefined) return undefined
  if (version === 0) throw malformedFrame('these bytes begin no PROXY header')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return version === 1 ? parseLine(buffer) : parseBinary(buffer, max)
}
