/** getnameinfo(3): from an address to names. */
import { checkHost, checkPort, type IpEndpoint } from '../address.js'
import { invalidArgValue } from '../errors.js'
import { native } from '../native.js'
import { systemError } from '../system-error.js'
import { checkObject } from '../validate.js'
import type { WaitOptions } from '../wait-options.js'
import { checkInt, lookUp } from './lookup.js'

/** The names of an address; numeric text where it has none. */
export interface NameInfo {
  host: string
  service: string
}

/**
 * Translates an address into a host's and a service's name, off the event loop (getnameinfo(3); RFC 3493, section 6.2).
 *
 * @param address `host` must be numeric; it may have a zone, as in 'fe80::1%eth0'
 * @param flags NI_* flags, or-ed. Default 0.
 * @throws SocketError with code 'EAI_NONAME' (NI_NAMEREQD, and there is no name), 'EAI_AGAIN', … and `errno` that value;
 *   'ENODEV' for a zone that is no interface; 'ERR_POLLUX_TIMEOUT'; the signal's reason; TypeError or RangeError for
 *   bad arguments
 *
 * @example
 * ```ts
 * import { getnameinfo, NI_NUMERICHOST } from '@pollux/core'
 *
 * console.log(await getnameinfo({ host: '127.0.0.1', port: 80 }, NI_NUMERICHOST))
 * // { host: '127.0.0.1', service: 'http' }
 * ```
 */
export async function getnameinfo(
  address: IpEndpoint,
  flags = 0,
  options: WaitOptions = {},
): Promise<NameInfo> {
  checkObject(address, 'address')
  const host = checkHost(address.host, 'address.host')
  const port = checkPort(address.port, 'address.port')
  checkInt(flags, 'flags')
  const subject = { syscall: 'getnameinfo', host, service: port }
  return lookUp<NameInfo>(subject, options, (done) => {
    const ticket = native.getnameinfo(host, port, flags, done)
    if (ticket === -EINVAL) {
      throw invalidArgValue('address.host', 'must be a numeric address; getaddrinfo looks names up', host)
    }
    if (ticket === -ENODEV) throw systemError(ticket, 'if_nametoindex', { host, port })
    return ticket
  })
}

const EINVAL = native.errorNumber('EINVAL')
const ENODEV = native.errorNumber('ENODEV')
