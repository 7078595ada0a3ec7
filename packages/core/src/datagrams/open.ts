/** From options to an open datagram socket on the reactor. */
import { HANDLE_BASE, Op } from '@pollux/native-poll'
import { checkPath, checkPort, type Endpoint, isUnix } from '../address.js'
import type { SocketFamily } from '../channel-socket.js'
import { invalidArgValue, outOfRange } from '../errors.js'
import type { EventLoop } from '../event-loop.js'
import { native } from '../native.js'
import { parseNumericHost } from '../resolve.js'
import { setSocketOption } from '../socket-options.js'
import { systemError } from '../system-error.js'
import { checkObject } from '../validate.js'
import type { DatagramOptions, ResolvedDatagramOptions } from './options.js'

const FAMILIES: Readonly<Record<SocketFamily, string>> = {
  IPv4: 'AF_INET',
  IPv6: 'AF_INET6',
  Unix: 'AF_UNIX',
}

/** The native half of an open channel. */
export interface OpenDatagrams {
  slot: number
  generation: number
  /** Bytes from one datagram of a batch to the next. */
  stride: number
}

/**
 * Makes, configures, binds and connects the socket, and has the reactor receive on it.
 *
 * @throws TypeError or RangeError for a bad option; SocketError where the system refuses. Nothing stays open then.
 */
export function openDatagrams(
  loop: EventLoop,
  options: DatagramOptions,
  resolved: ResolvedDatagramOptions,
): OpenDatagrams {
  const { constants } = native
  const domain = constants[FAMILIES[familyOf(options)]]
  const handle = loop.openHandle((reactor) => reactor.socket(domain, constants.SOCK_DGRAM, 0))
  if (handle < 0) throw systemError(handle, 'socket')
  const slot = handle % HANDLE_BASE
  const generation = Math.floor(handle / HANDLE_BASE)
  try {
    return { slot, generation, stride: prepare(loop, handle, options, resolved) }
  } catch (error) {
    loop.submissions.push(Op.DESTROY, slot, generation, 0, 0)
    throw error
  }
}

function prepare(
  loop: EventLoop,
  handle: number,
  options: DatagramOptions,
  resolved: ResolvedDatagramOptions,
): number {
  const { reactor } = loop
  for (const [name, value] of resolved.socketOptions) {
    setSocketOption({ loop, handle }, name, value)
  }
  if (options.bind !== undefined) bind(loop, handle, options.bind)
  if (options.connect !== undefined) connect(loop, handle, options.connect)
  const { maxDatagramBytes, maxQueuedBytes, gro, gso } = resolved
  const stride = reactor.openDatagrams(handle, maxDatagramBytes, maxQueuedBytes, gro, gso)
  if (stride === -native.errorNumber('EMSGSIZE')) {
    throw outOfRange(
      'maxDatagramBytes',
      "less than the loop's slabBytes, with room to spare",
      maxDatagramBytes,
    )
  }
  return check(stride, 'recvmsg')
}

function bind(loop: EventLoop, handle: number, endpoint: Endpoint): void {
  if (isUnix(endpoint)) {
    check(loop.reactor.bindUnix(handle, checkPath(endpoint.path, 'bind.path')), 'bind', endpoint)
  } else {
    const { address, scopeId } = parseNumericHost(endpoint.host)
    const port = checkPort(endpoint.port, 'bind.port')
    check(loop.reactor.bindIp(handle, address, port, scopeId), 'bind', endpoint)
  }
}

function connect(loop: EventLoop, handle: number, endpoint: Endpoint): void {
  if (isUnix(endpoint)) {
    const path = checkPath(endpoint.path, 'connect.path')
    check(loop.reactor.connectDatagramsUnix(handle, path), 'connect', endpoint)
  } else {
    const { address, scopeId } = parseNumericHost(endpoint.host)
    const port = checkPort(endpoint.port, 'connect.port', 1)
    check(loop.reactor.connectDatagramsIp(handle, address, port, scopeId), 'connect', endpoint)
  }
}

function familyOf({ family, bind, connect }: DatagramOptions): SocketFamily {
  if (family !== undefined) {
    if (Object.hasOwn(FAMILIES, family)) return family
    throw invalidArgValue('family', "must be 'IPv4', 'IPv6' or 'Unix'", family)
  }
  const endpoint = bind ?? connect
  if (endpoint === undefined) return 'IPv4'
  checkObject(endpoint, bind === undefined ? 'connect' : 'bind')
  return isUnix(endpoint) ? 'Unix' : parseNumericHost(endpoint.host).family
}

function check(result: number, syscall: string, endpoint?: Endpoint): number {
  if (result < 0) throw systemError(result, syscall, endpoint)
  return result
}
