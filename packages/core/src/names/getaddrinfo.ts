/** getaddrinfo(3): from names to addresses. */
import type { NativeAddressInfo } from '@pollux/native-poll'
import { checkPort, type IpAddress, publicAddress } from '../address.js'
import { native } from '../native.js'
import { checkObject } from '../validate.js'
import type { WaitOptions } from '../wait-options.js'
import { NI_MAXHOST, NI_MAXSERV } from './constants.js'
import { checkInt, checkName, lookUp } from './lookup.js'

/** What kind of address is wanted. Each field is 0 unless it is given. */
export interface AddressHints {
  /** AF_UNSPEC (any), AF_INET or AF_INET6. */
  family?: number
  /** SOCK_STREAM, SOCK_DGRAM, …; 0: each that there is, so that every address comes several times. */
  socktype?: number
  /** IPPROTO_TCP, IPPROTO_UDP, …; 0: any. */
  protocol?: number
  /** AI_* flags, or-ed. */
  flags?: number
}

/** An `addrinfo`: what to pass to `socket`, and then to `connect` or `bind`. */
export interface AddressInfo {
  /** The flags that were asked for, as the system gives them back. */
  flags: number
  /** AF_INET or AF_INET6. */
  family: number
  socktype: number
  protocol: number
  address: IpAddress
  /** The host's canonical name, if AI_CANONNAME asked for it; in the first entry only. */
  canonname?: string
}

/**
 * Translates a host and a service into addresses, off the event loop (getaddrinfo(3); RFC 3493, section 6.1). The
 * system's list is freed before the promise resolves.
 *
 * @param host a name, a numeric address, or null for this machine: the loopback address, or with AI_PASSIVE the
 *   wildcard. International names go to the system as they are, in UTF-8; `domainToASCII` of node:url converts them.
 * @param service a port, a name of /etc/services, or null for port 0
 * @returns at least one entry, in the order in which to try them (RFC 6724)
 * @throws SocketError with code 'EAI_NONAME', 'EAI_AGAIN', … and `errno` that value; 'EAI_SYSTEM' has the failed system
 *   call's error as `cause`; 'ERR_POLLUX_TIMEOUT'; the signal's reason; TypeError or RangeError for bad arguments
 *
 * @example
 * ```ts
 * import { getaddrinfo } from '@pollux/core'
 *
 * const [first] = await getaddrinfo('localhost', 'http', {}, { timeoutMs: 5000 })
 * console.log(first.address.port) // 80
 * ```
 */
export async function getaddrinfo(
  host: string | null,
  service: string | number | null,
  hints: AddressHints = {},
  options: WaitOptions = {},
): Promise<AddressInfo[]> {
  if (host !== null) checkName(host, 'host', NI_MAXHOST)
  if (typeof service === 'number') checkPort(service, 'service')
  else if (service !== null) checkName(service, 'service', NI_MAXSERV)
  checkObject(hints, 'hints')
  const flags = checkInt(hints.flags ?? 0, 'hints.flags')
  const family = checkInt(hints.family ?? 0, 'hints.family')
  const socktype = checkInt(hints.socktype ?? 0, 'hints.socktype')
  const protocol = checkInt(hints.protocol ?? 0, 'hints.protocol')
  const port = service === null ? null : String(service)
  const subject = { syscall: 'getaddrinfo', host, service }
  const found = await lookUp<NativeAddressInfo[]>(subject, options, (done) =>
    native.getaddrinfo(host, port, flags, family, socktype, protocol, done),
  )
  return found.map((info) => ({ ...info, address: publicAddress(info.address) as IpAddress }))
}
