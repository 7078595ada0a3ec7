/** From what a user wrote to what bind(2) and connect(2) take. Names are looked up off the event loop. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { checkHost, checkPath, checkPort, type Endpoint, isUnix, type SocketAddress } from './address.js'
import { invalidArgValue, SocketError } from './errors.js'
import { failureMessage } from './system-error.js'

/** A numeric host, taken apart. */
export interface NumericHost {
  family: 'IPv4' | 'IPv6'
  /** Without the zone. */
  address: string
  /** The interface's index, for link-local IPv6; 0 where there is none. */
  scopeId: number
}

/**
 * Checks an endpoint and resolves its host, by getaddrinfo(3) in libuv's thread pool when it is a name. Numeric
 * addresses and paths need no lookup.
 *
 * @param minPort the smallest port that makes sense: 0 to listen, 1 to connect
 * @param family of the addresses that a name is looked up for; 0: either
 * @returns every address of the name, in the resolver's order; at least one
 * @throws TypeError, RangeError (bad endpoint), SocketError with syscall 'getaddrinfo' (ENOTFOUND, EAI_AGAIN)
 */
export async function resolveEndpoint(
  endpoint: Endpoint,
  minPort = 0,
  family: 0 | 4 | 6 = 0,
): Promise<SocketAddress[]> {
  if (isUnix(endpoint)) return [{ family: 'Unix', path: checkPath(endpoint.path) }]
  const host = checkHost(endpoint.host)
  const port = checkPort(endpoint.port, 'port', minPort)
  if (isIP(host) !== 0) return [{ family: familyOf(host), host, port }]
  try {
    const found = await lookup(host, { all: true, family })
    return found.map(({ address }) => ({ family: familyOf(address), host: address, port }))
  } catch (error) {
    throw lookupError(error as NodeJS.ErrnoException, host, port)
  }
}

/**
 * Takes a numeric host apart.
 *
 * @throws TypeError ERR_INVALID_ARG_VALUE for a name; SocketError ENODEV for a zone that is no interface
 */
export function parseNumericHost(host: string): NumericHost {
  if (isIP(checkHost(host)) === 0) {
    throw invalidArgValue('host', 'must be a numeric address here; resolve a name first', host)
  }
  const at = host.indexOf('%')
  if (at < 0) return { family: familyOf(host), address: host, scopeId: 0 }
  return { family: 'IPv6', address: host.slice(0, at), scopeId: scopeOf(host.slice(at + 1), host) }
}

function familyOf(host: string): 'IPv4' | 'IPv6' {
  return isIP(host) === 6 ? 'IPv6' : 'IPv4'
}

/** The index of an interface that is given by number or by name (RFC 4007, section 11). */
function scopeOf(zone: string, host: string): number {
  if (/^\d{1,9}$/.test(zone)) return Number(zone)
  for (const info of networkInterfaces()[zone] ?? []) {
    if (info.family === 'IPv6' && info.scopeid > 0) return info.scopeid
  }
  const text = `no interface '${zone}' has a link-local IPv6 address`
  throw new SocketError(failureMessage('if_nametoindex', host, text, 'ENODEV'), {
    code: 'ENODEV',
    syscall: 'if_nametoindex',
    address: host,
  })
}

function lookupError(cause: NodeJS.ErrnoException, host: string, port: number): SocketError {
  const code = cause.code ?? 'ENOTFOUND'
  const advice = code === 'ENOTFOUND' ? 'no such host' : 'the name service did not answer; try again later'
  return new SocketError(failureMessage('getaddrinfo', host, advice, code), {
    code,
    errno: cause.errno,
    syscall: 'getaddrinfo',
    address: host,
    port,
    cause,
  })
}
