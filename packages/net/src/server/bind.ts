/** Bound sockets for what `listen` is asked for. They throw SocketError, with the errno that Node would tell. */
import dns, { type LookupAddress } from 'node:dns'
import { chmodSync, lstatSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { constants } from 'node:os'
import { ChannelSocket, EventLoop, SocketError, systemError } from '@pollux/core'
import { checkPermission } from '../permission.js'
import { takeOver } from '../socket/adopt.js'
import { NODE_MAJOR } from '../versions.js'

const { EACCES, EADDRINUSE, EADDRNOTAVAIL, EEXIST, EINVAL } = constants.errno

const READABLE_BY_ALL = 0o444
const WRITABLE_BY_ALL = 0o222

export const ANY_IPV6 = '::'
export const ANY_IPV4 = '0.0.0.0'

/** The options of a TCP socket that counts before it is bound. */
export interface BindOptions {
  ipv6Only: boolean
  reusePort: boolean
}

/** A TCP socket on a numeric host. */
export function bindIp(host: string, port: number, options: BindOptions): ChannelSocket {
  checkPermission()
  const isIpv6 = isIP(host) === 6
  const socket = ChannelSocket.create(isIpv6 ? 'IPv6' : 'IPv4', EventLoop.default())
  try {
    socket.setOption('reuseAddress', true)
    if (isIpv6) socket.setOption('ipv6Only', options.ipv6Only)
    if (options.reusePort) socket.setOption('reusePort', true)
    socket.bind({ host, port })
    return socket
  } catch (error) {
    socket.close()
    // A zone that is no interface: nothing to bind to.
    throw codeOf(error) === 'ENODEV' ? systemError(-EADDRNOTAVAIL, 'bind', { host, port }) : error
  }
}

/** A Unix socket. A file that is there stays there, whoever made it. */
export function bindPath(path: string): ChannelSocket {
  checkPermission(path)
  const isAbstract = path[0] === '\0'
  if (!isAbstract && path.includes('\0')) throw systemError(-EINVAL, 'bind', { path })
  if (!isAbstract && exists(path)) throw systemError(-EADDRINUSE, 'bind', { path })
  const socket = ChannelSocket.create('Unix', EventLoop.default())
  try {
    socket.bind({ path })
    return socket
  } catch (error) {
    socket.close()
    // As libuv translates them.
    if (codeOf(error) === 'ENOENT') throw systemError(-EACCES, 'bind', { path })
    if (codeOf(error) === 'ENAMETOOLONG') throw systemError(-EINVAL, 'bind', { path })
    throw error
  }
}

/** Also a link to nowhere. What can't be looked at, bind(2) has a word for. */
function exists(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

/** From version 22 on Node takes away what was not asked for, also from the owner. */
const KEEPS_MODE = NODE_MAJOR < 22

/** Lets everybody read or write: what connecting to a Unix socket takes. */
export function openToAll(path: string, readable: boolean, writable: boolean): void {
  const mode = (readable ? READABLE_BY_ALL : 0) | (writable ? WRITABLE_BY_ALL : 0)
  chmodSync(path, KEEPS_MODE ? (statSync(path).mode & 0o7777) | mode : mode)
}

/** A socket that somebody else bound, and leaves to the server. */
export function adoptFd(fd: number): ChannelSocket {
  if ((fd | 0) !== fd) throw systemError(-EINVAL, 'open')
  try {
    return takeOver(fd)
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
    throw systemError(error.code === 'EEXIST' ? -EEXIST : -EINVAL, 'open')
  }
}

/** A socket that somebody else bound, and keeps: the server has a descriptor of its own. */
export function shareFd(fd: number): ChannelSocket {
  try {
    return ChannelSocket.duplicate(fd, EventLoop.default())
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
    throw systemError(error.code === 'EMFILE' ? (error.errno as number) : -EINVAL, 'open')
  }
}

/** The addresses of a host, and of them the first that one can listen on for sure: a link-local one needs a zone. */
export function lookUpHost(
  host: string,
  done: (error: Error | null, address: string, family: number) => void,
): void {
  // By its name at the time: programs put one of their own in its place.
  dns.lookup(host, { all: true }, (error, addresses) => {
    if (error) {
      done(error, '', 0)
      return
    }
    const { address, family } = preferred(addresses)
    done(null, address, family)
  })
}

function preferred(addresses: readonly LookupAddress[]): LookupAddress {
  return addresses.find(({ address }) => !isLinkLocal(address)) ?? addresses[0]
}

/** fe80::/10 (RFC 4291, section 2.5.6). */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address)
}

/** `code` of what was thrown. */
export function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code
}
