/** Whom an address belongs to, as far as limits go. */
import { AF_INET6, inet_pton, type SocketAddress } from '@pollux/core'

/** IPv6 addresses that hold an IPv4 one (RFC 4291, 2.5.5.2), as an IPv6 socket shows its IPv4 peers. */
const MAPPED = '::ffff:'

/**
 * The host of a peer as lists and limits take it: an IPv4 peer has the same one whatever the listener's family, and a
 * link-local address none of its zone. Undefined for Unix sockets, whose peers have no address.
 */
export function hostOf(address: SocketAddress | undefined): string | undefined {
  if (address === undefined || address.family === 'Unix') return undefined
  const { host } = address
  if (address.family === 'IPv4') return host
  if (host.startsWith(MAPPED) && host.includes('.')) return host.slice(MAPPED.length)
  const zone = host.indexOf('%')
  return zone < 0 ? host : host.slice(0, zone)
}

/**
 * What is counted together: an IPv4 address, or the first bits of an IPv6 one. A single IPv6 customer has 2^64 addresses
 * or more (RFC 6177), so that a limit for each of them would be none.
 *
 * @param host of {@link hostOf}
 */
export function addressKey(host: string, ipv6PrefixBits: number): string {
  if (!host.includes(':')) return host
  const bytes = inet_pton(AF_INET6, host)
  const whole = ipv6PrefixBits >> 3
  const rest = ipv6PrefixBits & 7
  if (rest > 0) bytes[whole] &= 0xff << (8 - rest)
  bytes.fill(0, rest > 0 ? whole + 1 : whole)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
