/** inet_pton(3) and inet_ntop(3): numeric addresses between text and bytes. */
import { invalidArgType, invalidArgValue, outOfRange } from '../errors.js'
import { native } from '../native.js'
import { byteLengthOf } from '../sockets/views.js'
import { systemError } from '../system-error.js'
import { checkInt } from './lookup.js'

const { AF_INET, AF_INET6 } = native.constants

/**
 * The bytes of a numeric address, in network order: 4 for AF_INET, 16 for AF_INET6 (inet_pton(3)).
 *
 * @param text '192.0.2.1' for AF_INET, '2001:db8::1' or '::ffff:192.0.2.1' for AF_INET6. No zone, no leading zeros and
 *   no short forms such as '127.1'.
 * @throws TypeError ERR_INVALID_ARG_VALUE for text that is no such address; SocketError EAFNOSUPPORT for another family
 *
 * @example
 * ```ts
 * import { AF_INET, inet_pton } from '@pollux/core'
 *
 * console.log(inet_pton(AF_INET, '192.0.2.1')) // Uint8Array(4) [ 192, 0, 2, 1 ]
 * ```
 */
export function inet_pton(family: number, text: string): Uint8Array {
  checkInt(family, 'family')
  if (typeof text !== 'string') throw invalidArgType('text', 'of type string', text)
  const result = native.inetPton(family, text)
  if (typeof result !== 'number') return result
  if (result < 0) throw systemError(result, 'inet_pton')
  const kind = family === AF_INET ? 'IPv4' : 'IPv6'
  throw invalidArgValue('text', `must be a numeric ${kind} address`, text)
}

/**
 * The text of an address, in its shortest form (inet_ntop(3); RFC 5952).
 *
 * @param bytes in network order: exactly 4 for AF_INET, 16 for AF_INET6
 * @throws RangeError for another number of bytes; SocketError EAFNOSUPPORT for another family
 *
 * @example
 * ```ts
 * import { AF_INET6, inet_ntop } from '@pollux/core'
 *
 * console.log(inet_ntop(AF_INET6, new Uint8Array(16))) // ::
 * ```
 */
export function inet_ntop(family: number, bytes: ArrayBufferView): string {
  checkInt(family, 'family')
  const byteLength = byteLengthOf(bytes, 'bytes')
  const { buffer, byteOffset } = bytes
  const wanted = family === AF_INET ? 4 : family === AF_INET6 ? 16 : byteLength
  if (byteLength !== wanted) throw outOfRange('bytes.byteLength', String(wanted), byteLength)
  const result = native.inetNtop(family, new Uint8Array(buffer, byteOffset, byteLength))
  if (typeof result === 'number') throw systemError(result, 'inet_ntop')
  return result
}
