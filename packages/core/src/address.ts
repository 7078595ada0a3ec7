/** Addresses of stream sockets as plain objects: checked, and shown as text. */
import { isIPv6 } from 'node:net'
import type { NativeAddress } from '@pollux/native-poll'
import { invalidArgType, invalidArgValue } from './errors.js'
import { checkInteger } from './validate.js'

/** Where a TCP socket is, or shall be: an IP address or a host name, and a port. */
export interface IpEndpoint {
  /** '127.0.0.1', '::1', 'fe80::1%eth0' or a name such as 'localhost'. */
  host: string
  /** 0 to 65535; 0 lets the system choose one when listening. */
  port: number
  /** The interface's index of a link-local IPv6 address, where `host` does not name it after '%'. */
  scopeId?: number
}

/** Where a Unix domain socket is, or shall be (unix(7)). */
export interface UnixEndpoint {
  /** A path of the file system, or a name after a NUL byte (`'\0name'`) for Linux's abstract names. */
  path: string
}

/** Either kind. */
export type Endpoint = IpEndpoint | UnixEndpoint

/** The address of a TCP socket as the kernel gives it. `host` is numeric. */
export interface IpAddress extends IpEndpoint {
  family: 'IPv4' | 'IPv6'
}

/** The address of a Unix domain socket as the kernel gives it. `path` is '' for an unnamed one. */
export interface UnixAddress extends UnixEndpoint {
  family: 'Unix'
}

/** An address as the kernel gives it; it can be passed back to `listen` and `connect`. */
export type SocketAddress = IpAddress | UnixAddress

/** Whether it is a Unix domain address. */
export function isUnix(endpoint: Endpoint): endpoint is UnixEndpoint {
  return 'path' in endpoint
}

/** `value` if it is a port from `min` to 65535; else throws ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE. */
export function checkPort(value: unknown, name = 'port', min = 0): number {
  return checkInteger(value, name, min, 65535)
}

/** `value` if it can be a host's name or address; else throws ERR_INVALID_ARG_TYPE or ERR_INVALID_ARG_VALUE. */
export function checkHost(value: unknown, name = 'host'): string {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value)
  if (value === '')
    throw invalidArgValue(name, "must not be empty; '::' or '0.0.0.0' mean every interface", value)
  if (value.includes('\0')) throw invalidArgValue(name, 'must not contain NUL bytes', value)
  return value
}

/** `value` if it can be a Unix domain address; else throws ERR_INVALID_ARG_TYPE or ERR_INVALID_ARG_VALUE. */
export function checkPath(value: unknown, name = 'path'): string {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value)
  if (value === '' || value === '\0') throw invalidArgValue(name, 'must not be empty', value)
  if (value[0] !== '\0' && value.includes('\0')) {
    throw invalidArgValue(
      name,
      'must not contain NUL bytes, unless it begins with one (an abstract name)',
      value,
    )
  }
  return value
}

/**
 * The address as one would write it in a configuration or log.
 *
 * @example
 * ```ts
 * formatAddress({ host: '127.0.0.1', port: 7000 }) // 'tcp://127.0.0.1:7000'
 * formatAddress({ host: '::1', port: 7000 }) // 'tcp://[::1]:7000'
 * formatAddress({ path: '/tmp/x' }) // 'unix:///tmp/x'
 * formatAddress({ path: '\0name' }) // 'unix://@name'
 * ```
 */
export function formatAddress(address: Endpoint): string {
  return isUnix(address) ? `unix://${visiblePath(address.path)}` : `tcp://${hostAndPort(address)}`
}

/** '127.0.0.1:80', '[::1]:80', '/tmp/x' or '@name': as it stands in error messages. */
export function shortAddress(address: Endpoint): string {
  return isUnix(address) ? visiblePath(address.path) : hostAndPort(address)
}

/** An address of the addon as users see it: a zone is part of the host, as in `fe80::1%2`. */
export function publicAddress(address: NativeAddress): SocketAddress {
  if (address.family === 'Unix') return { family: 'Unix', path: address.path }
  const zone = address.scopeId === 0 ? '' : `%${address.scopeId}`
  return { family: address.family, host: address.address + zone, port: address.port }
}

function hostAndPort({ host, port }: IpEndpoint): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

/** An abstract name is shown as ss(8) shows it: '@' for a NUL byte. */
function visiblePath(path: string): string {
  return path.replaceAll('\0', '@')
}
