/** Addresses as the direct calls of the addon take them. */
import { isIP } from 'node:net'
import { type NativeAddress, UNIX_PORT } from '@pollux/native-poll'
import {
  checkHost,
  checkPath,
  checkPort,
  type Endpoint,
  isUnix,
  publicAddress,
  type SocketAddress,
} from '../address.js'
import { invalidArgValue } from '../errors.js'
import { systemError } from '../system-error.js'
import { checkInteger, checkObject } from '../validate.js'

const MAX_SCOPE = 2 ** 32 - 1

/** An address in the three arguments that the addon takes. */
export type AddressArguments = [address: string, port: number, scopeId: number]

/**
 * Takes an endpoint apart. Its host must be numeric.
 *
 * @throws TypeError, RangeError
 */
export function addressArguments(endpoint: Endpoint): AddressArguments {
  checkObject(endpoint, 'address')
  if (isUnix(endpoint)) return [checkPath(endpoint.path, 'address.path'), UNIX_PORT, 0]
  const host = checkHost(endpoint.host, 'address.host')
  if (isIP(host) === 0) {
    throw invalidArgValue('address.host', 'must be a numeric address here; resolve a name first', host)
  }
  const port = checkPort(endpoint.port, 'address.port')
  const { scopeId = 0 } = endpoint
  return [host, port, checkInteger(scopeId, 'address.scopeId', 0, MAX_SCOPE)]
}

/** The endpoint that they came from, for errors: the caller's object may be another by then. */
export function endpointOf([address, port]: AddressArguments): Endpoint {
  return port === UNIX_PORT ? { path: address } : { host: address, port }
}

/** What a call that gives an address returned. */
export function addressOrThrow(result: NativeAddress | number, syscall: string): SocketAddress {
  if (typeof result === 'number') throw systemError(result, syscall)
  return publicAddress(result)
}
