/** gethostbyname(3) and gethostbyaddr(3): the name services of before IPv6. */
import { isIPv4 } from 'node:net'
import type { NativeHostEntry } from '@pollux/native-poll'
import { invalidArgType, invalidArgValue } from '../errors.js'
import { native } from '../native.js'
import type { WaitOptions } from '../wait-options.js'
import { NI_MAXHOST } from './constants.js'
import { checkName, lookUp } from './lookup.js'

/** A `hostent`. */
export interface HostEntry {
  /** The host's official name. */
  name: string
  /** Its other names, where the system's name service tells them. */
  aliases: string[]
  /** AF_INET. */
  family: number
  /** Numeric IPv4 addresses, at least one. */
  addresses: string[]
}

/**
 * Looks up the IPv4 addresses of a host, off the event loop, by the reentrant gethostbyname_r(3) where the system has
 * it. It knows neither IPv6 nor services.
 *
 * @deprecated POSIX dropped it in 2008: use {@link getaddrinfo}.
 * @throws SocketError with code 'HOST_NOT_FOUND', 'TRY_AGAIN', 'NO_RECOVERY' or 'NO_DATA' and `errno` that value of
 *   h_errno; 'NETDB_INTERNAL' has the system's error as `cause`; 'ERR_POLLUX_TIMEOUT'; the signal's reason; TypeError
 *   for bad arguments
 *
 * @example
 * ```ts
 * import { gethostbyname } from '@pollux/core'
 *
 * console.log((await gethostbyname('localhost')).addresses) // [ '127.0.0.1' ]
 * ```
 */
export async function gethostbyname(name: string, options: WaitOptions = {}): Promise<HostEntry> {
  checkName(name, 'name', NI_MAXHOST)
  const subject = { syscall: 'gethostbyname', host: name }
  return lookUp<NativeHostEntry>(subject, options, (done) => native.gethostbyname(name, done))
}

/**
 * Looks up the name of an IPv4 address, off the event loop, by the reentrant gethostbyaddr_r(3) where the system has it.
 *
 * @deprecated POSIX dropped it in 2008: use {@link getnameinfo}.
 * @param address numeric, as in '127.0.0.1'
 * @throws as {@link gethostbyname}
 *
 * @example
 * ```ts
 * import { gethostbyaddr } from '@pollux/core'
 *
 * console.log((await gethostbyaddr('127.0.0.1')).name) // localhost
 * ```
 */
export async function gethostbyaddr(address: string, options: WaitOptions = {}): Promise<HostEntry> {
  if (typeof address !== 'string') throw invalidArgType('address', 'of type string', address)
  if (!isIPv4(address)) throw invalidArgValue('address', 'must be a numeric IPv4 address', address)
  const subject = { syscall: 'gethostbyaddr', host: address }
  return lookUp<NativeHostEntry>(subject, options, (done) => native.gethostbyaddr(address, done))
}
