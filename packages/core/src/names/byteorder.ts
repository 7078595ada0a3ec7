/**
 * htons(3) and its kin: numbers between this machine's byte order and the network's, which is big-endian. Ports in
 * addresses are in this machine's order already; these are for numbers inside of messages.
 */
import { endianness } from 'node:os'
import { checkInteger } from '../validate.js'

const SWAPS = endianness() === 'LE'

/**
 * A 16-bit number in network byte order (htons(3)).
 *
 * @param value 0 to 65 535; anything else throws a TypeError or RangeError
 *
 * @example
 * ```ts
 * import { htons } from '@pollux/core'
 *
 * console.log(new Uint8Array(Uint16Array.of(htons(0x1234)).buffer)) // Uint8Array(2) [ 18, 52 ]
 * ```
 */
export function htons(value: number): number {
  return swap16(value)
}

/** A 16-bit number in this machine's byte order (ntohs(3)); the inverse of {@link htons}. */
export function ntohs(value: number): number {
  return swap16(value)
}

/**
 * A 32-bit number in network byte order (htonl(3)).
 *
 * @param value 0 to 4 294 967 295; anything else throws a TypeError or RangeError
 *
 * @example
 * ```ts
 * import { htonl } from '@pollux/core'
 *
 * console.log(new Uint8Array(Uint32Array.of(htonl(0x7f000001)).buffer)) // Uint8Array(4) [ 127, 0, 0, 1 ]
 * ```
 */
export function htonl(value: number): number {
  return swap32(value)
}

/** A 32-bit number in this machine's byte order (ntohl(3)); the inverse of {@link htonl}. */
export function ntohl(value: number): number {
  return swap32(value)
}

function swap16(value: number): number {
  checkInteger(value, 'value', 0, 0xffff)
  return SWAPS ? ((value & 0xff) << 8) | (value >>> 8) : value
}

function swap32(value: number): number {
  checkInteger(value, 'value', 0, 0xffffffff)
  if (!SWAPS) return value
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}
