/** Who may be asked for in the Host header: a page of the web that has its name resolved to us must not read us. */
import { isIP } from 'node:net'

/** Names of this machine that every browser resolves to it by itself. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']

/**
 * Whether a request may be answered (DNS rebinding: a name of the attacker's with our address makes our pages his own
 * site's). Allowed are the names of the loopback, the address that the request arrived at, and what was configured.
 *
 * @param header the Host header (RFC 9110, section 7.2): `name:port`, `[::1]:port`
 * @param arrivedAt the local address of the socket
 * @param configured lower case, without ports
 */
export function isAllowedHost(
  header: string | undefined,
  arrivedAt: string | undefined,
  configured: readonly string[],
): boolean {
  const name = hostName(header)
  if (name === undefined) return false
  if (LOOPBACK_NAMES.includes(name) || configured.includes(name)) return true
  return isIP(name) !== 0 && arrivedAt !== undefined && name === withoutMapping(arrivedAt)
}

/** Lower case, without the port and the brackets of IPv6. */
function hostName(header: string | undefined): string | undefined {
  const [, ipv6, other] = header?.match(/^(?:\[([\da-fA-F:.]+)\]|([^:[\]@/\s]+))(?::\d+)?$/) ?? []
  return (ipv6 ?? other)?.toLowerCase()
}

/** An IPv4 client of an IPv6 socket is at '::ffff:10.0.0.1' (RFC 4291, section 2.5.5.2). */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
