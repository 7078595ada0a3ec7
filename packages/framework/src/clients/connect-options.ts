/** Where to connect to and how: what users write, and the same checked. */
import { isIP } from 'node:net'
import {
  checkBoolean,
  checkHost,
  checkInteger,
  checkObject,
  checkPath,
  checkPort,
  checkSignal,
  type Endpoint,
  type IpEndpoint,
  invalidArgType,
  invalidArgValue,
  isUnix,
  resolveEndpoint,
  type SocketAddress,
  SocketError,
  type UnixEndpoint,
} from '@pollux/core'
import { MAX_TIMEOUT_MS } from '../connection/settings.js'
import { ATTEMPT_DELAY_MS, MAX_ATTEMPT_DELAY_MS, MIN_ATTEMPT_DELAY_MS } from './happy-eyeballs.js'

/**
 * Finds the addresses of a name. `lookup` of node:dns/promises is one.
 *
 * @param options.family 4 or 6: only these are wanted; 0: either
 * @returns numeric addresses, best first
 */
export type HostLookup = (
  host: string,
  options: { all: true; family: 0 | 4 | 6 },
) => Promise<readonly { address: string }[]>

/** How to connect. */
export interface ConnectOptions {
  /** Gives up; the promise is rejected with the signal's reason. */
  signal?: AbortSignal
  /** Gives up with ETIMEDOUT after so long, name lookup and all addresses included. Default 0: the kernel decides. */
  connectTimeoutMs?: number
  /** The kernel's buffers (SO_SNDBUF, SO_RCVBUF). Default: the system sizes them itself. */
  sendBufferBytes?: number
  receiveBufferBytes?: number
}

/** How to connect by TCP, to a host that may have several addresses. */
export interface IpConnectOptions extends ConnectOptions {
  /** Only addresses of IPv4 or of IPv6, which addresses of the kernel call by name. Default: either. */
  family?: 4 | 6 | 'IPv4' | 'IPv6'
  /**
   * Happy Eyeballs (RFC 8305): addresses of both families take turns, and an attempt that is not answered within
   * `attemptDelayMs` goes on beside the next one. False: one address after the other in the resolver's order, each
   * until it has failed. Default true.
   */
  raceAddresses?: boolean
  /** 10 to 2000. Default 250, as RFC 8305 recommends. */
  attemptDelayMs?: number
  /** Looks the host up. What it throws, the promise is rejected with. Default: getaddrinfo(3). */
  lookup?: HostLookup
  /** The numeric address to connect from; only addresses of its family are tried. Default: the system's choice. */
  localAddress?: string
  /** The port to connect from. Default 0: any. */
  localPort?: number
  /**
   * TCP_FASTOPEN_CONNECT (Linux, RFC 7413): where the server was met before and gave a cookie for it, the connection counts
   * as made at once, and the first bytes that are written leave with the handshake. For protocols in which the client
   * speaks first, and for requests that may arrive twice; there is no race between addresses then. Default false.
   */
  fastOpen?: boolean
}

/** Where to connect to, and how. */
export type ConnectTarget = (IpEndpoint & IpConnectOptions) | (UnixEndpoint & ConnectOptions)

/** A target, checked. */
export interface ConnectPlan {
  endpoint: Endpoint
  signal: AbortSignal | undefined
  timeoutMs: number
  sendBufferBytes: number | undefined
  receiveBufferBytes: number | undefined
  /** 0: either. */
  family: 0 | 4 | 6
  /** 0: no race. */
  attemptDelayMs: number
  lookup: HostLookup | undefined
  localAddress: string | undefined
  localPort: number
  fastOpen: boolean
}

/** Options that mean nothing for a path. */
const IP_OPTIONS = ['localAddress', 'localPort', 'lookup', 'fastOpen'] as const

/** @throws TypeError or RangeError that names the option */
export function checkConnectTarget(target: ConnectTarget): ConnectPlan {
  checkObject(target, 'target')
  const { signal, sendBufferBytes, receiveBufferBytes } = target
  if (signal !== undefined) checkSignal(signal, 'signal')
  const common = {
    signal,
    timeoutMs: checkInteger(target.connectTimeoutMs ?? 0, 'connectTimeoutMs', 0, MAX_TIMEOUT_MS),
    sendBufferBytes,
    receiveBufferBytes,
  }
  if (isUnix(target)) {
    for (const name of IP_OPTIONS) {
      const value = (target as IpConnectOptions)[name]
      if (value !== undefined) throw invalidArgValue(name, 'is not for paths', value)
    }
    const endpoint = { path: checkPath(target.path) }
    return {
      ...common,
      endpoint,
      family: 0,
      attemptDelayMs: 0,
      lookup: undefined,
      localAddress: undefined,
      localPort: 0,
      fastOpen: false,
    }
  }
  const { localAddress, lookup } = target
  if (lookup !== undefined && typeof lookup !== 'function') {
    throw invalidArgType('lookup', 'of type function', lookup)
  }
  const delayMs = target.attemptDelayMs ?? ATTEMPT_DELAY_MS
  checkInteger(delayMs, 'attemptDelayMs', MIN_ATTEMPT_DELAY_MS, MAX_ATTEMPT_DELAY_MS)
  return {
    ...common,
    endpoint: { host: checkHost(target.host), port: checkPort(target.port, 'port', 1) },
    family: checkFamily(target.family, localAddress),
    attemptDelayMs: checkBoolean(target.raceAddresses ?? true, 'raceAddresses') ? delayMs : 0,
    lookup,
    localAddress,
    localPort: checkPort(target.localPort ?? 0, 'localPort'),
    fastOpen: checkBoolean(target.fastOpen ?? false, 'fastOpen'),
  }
}

const FAMILIES: ReadonlyMap<unknown, 0 | 4 | 6> = new Map<unknown, 0 | 4 | 6>([
  [undefined, 0],
  [4, 4],
  ['IPv4', 4],
  [6, 6],
  ['IPv6', 6],
])

/** The family that the options leave; 0: either. */
function checkFamily(given: unknown, localAddress: unknown): 0 | 4 | 6 {
  const family = FAMILIES.get(given)
  if (family === undefined) throw invalidArgValue('family', "must be 4, 6, 'IPv4' or 'IPv6'", given)
  if (localAddress === undefined) return family
  const local = isIP(checkHost(localAddress, 'localAddress'))
  if (local === 0) throw invalidArgValue('localAddress', 'must be a numeric address', localAddress)
  if (family !== 0 && local !== family) {
    throw invalidArgValue('localAddress', `must be of family ${family}, as asked for`, localAddress)
  }
  return local as 4 | 6
}

/**
 * The addresses that the plan leads to, in the resolver's order; at least one.
 *
 * @throws SocketError with syscall 'getaddrinfo'; what the plan's own lookup throws
 */
export async function resolvePlan({ endpoint, family, lookup }: ConnectPlan): Promise<SocketAddress[]> {
  const addresses =
    isUnix(endpoint) || lookup === undefined || isIP(endpoint.host) !== 0
      ? await resolveEndpoint(endpoint, 1, family)
      : await lookUp(endpoint, family, lookup)
  if (isUnix(endpoint) || family === 0) return addresses
  // A lookup of one's own may give more than it was asked for, and a numeric host is of the family that it is of.
  const wanted = addresses.filter((address) => address.family === `IPv${family}`)
  if (wanted.length === 0) throw noAddress(endpoint, `no IPv${family} address`)
  return wanted
}

async function lookUp(
  { host, port }: IpEndpoint,
  family: 0 | 4 | 6,
  lookup: HostLookup,
): Promise<SocketAddress[]> {
  const found = await lookup(host, { all: true, family })
  if (!Array.isArray(found)) throw invalidArgType('lookup', 'a function that gives an array', found)
  if (found.length === 0) throw noAddress({ host, port }, 'no address')
  return found.map((each: { address?: unknown } | null) => {
    const address = each?.address
    if (typeof address !== 'string' || isIP(address) === 0) {
      throw invalidArgValue('lookup', 'must give objects with a numeric address', address)
    }
    return { family: isIP(address) === 6 ? 'IPv6' : 'IPv4', host: address, port }
  })
}

function noAddress({ host, port }: IpEndpoint, what: string): SocketError {
  return new SocketError(`getaddrinfo ${host}: ${what} (ENOTFOUND)`, {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    address: host,
    port,
  })
}
