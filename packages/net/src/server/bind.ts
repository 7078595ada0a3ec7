/** Bound sockets for what `listen` is asked for. */
import cluster from 'node:cluster'
import type { LookupAddress } from 'node:dns'
import { existsSync } from 'node:fs'
import { isIP, type ListenOptions } from 'node:net'
import { constants } from 'node:os'
import { ChannelSocket, EventLoop, SocketError, systemError } from '@pollux/core'

const { EADDRINUSE } = constants.errno

export const ANY_IPV6 = '::'
export const ANY_IPV4 = '0.0.0.0'

export function bindIp(
  host: string,
  port: number,
  options: ListenOptions & { reusePort?: boolean },
): ChannelSocket {
  const isIpv6 = isIP(host) === 6
  const socket = ChannelSocket.create(isIpv6 ? 'IPv6' : 'IPv4', EventLoop.default())
  try {
    socket.setOption('reuseAddress', true)
    if (isIpv6) socket.setOption('ipv6Only', options.ipv6Only === true)
    if (options.reusePort === true || (cluster.isWorker && options.exclusive !== true)) {
      socket.setOption('reusePort', true)
    }
    socket.bind({ host, port })
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

export function bindPath(path: string): ChannelSocket {
  const socket = ChannelSocket.create('Unix', EventLoop.default())
  try {
    // A file that is there stays there, whoever made it.
    if (path[0] !== '\0' && existsSync(path)) throw systemError(-EADDRINUSE, 'bind', { path })
    socket.bind({ path })
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

/** Whether this system has IPv6 at all. */
export function hasIpv6(): boolean {
  try {
    const socket = ChannelSocket.create('IPv6', EventLoop.default())
    try {
      socket.bind({ host: ANY_IPV6, port: 0 })
    } finally {
      socket.close()
    }
    return true
  } catch (error) {
    if (error instanceof SocketError) return false
    throw error
  }
}

/** The first address that one can listen on for sure: a link-local one needs a zone. */
export function preferred(addresses: readonly LookupAddress[]): LookupAddress {
  return addresses.find(({ address, family }) => family !== 6 || !address.startsWith('fe80:')) ?? addresses[0]
}
