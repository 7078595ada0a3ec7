/** Where a server can listen, and how the socket for it is made. */
import {
  ChannelSocket,
  checkBoolean,
  checkInteger,
  checkObject,
  checkPort,
  type EventLoop,
  resolveEndpoint,
  type SocketAddress,
  type SocketError,
} from '@pollux/core'

/** What all kinds of target have in common. */
interface ListenOptions {
  /** How many connections may wait to be accepted (listen(2)). Default: as many as the system allows. */
  backlog?: number
  /** The kernel's buffers of each connection (SO_SNDBUF, SO_RCVBUF). Default: the system sizes them itself. */
  sendBufferBytes?: number
  receiveBufferBytes?: number
}

/** What TCP sockets have besides (tcp(7)). Linux only: elsewhere they fail with ENOPROTOOPT. */
interface TcpListenOptions {
  /**
   * TCP_DEFER_ACCEPT: a connection is accepted when its first bytes are there, or not before about so many seconds. For
   * protocols in which the client speaks first: whoever connects and says nothing costs no file descriptor meanwhile.
   * Default 0: off.
   */
  deferAcceptSeconds?: number
  /**
   * TCP_FASTOPEN (RFC 7413): clients that came before may send their first bytes with the handshake; so many of those may
   * wait to be accepted. Such bytes can arrive twice, so it is for requests that may be repeated. The system has to
   * allow it, too (bit 2 of net.ipv4.tcp_fastopen). Default 0: off.
   */
  fastOpenQueue?: number
}

/** A TCP port. */
export interface IpListenTarget extends ListenOptions, TcpListenOptions {
  /** An address or a name, of which the first address is taken. Default '::', every interface, IPv4 included. */
  host?: string
  /** 0: the system chooses one. */
  port: number
  /** With an IPv6 address: take no IPv4 connections. Default false. */
  ipv6Only?: boolean
  /** SO_REUSEPORT: several sockets, in several processes or workers, share the port. Default false. */
  reusePort?: boolean
}

/** A Unix domain socket: a path, which is unlinked when the server closes, or `'\0name'` (unix(7)). */
export interface UnixListenTarget extends ListenOptions {
  path: string
}

/** A stream socket that somebody else made and bound; it is the server's from then on, also when this fails. */
export interface FdListenTarget extends ListenOptions, TcpListenOptions {
  fd: number
}

/** Sockets that systemd passed to this process (systemd.socket(5)). */
export interface SystemdTarget extends ListenOptions, TcpListenOptions {
  /** All that are not in use yet, or those of a name (FileDescriptorName=). */
  systemd: true | string
}

/** What `server.listen` takes. */
export type ListenTarget = IpListenTarget | UnixListenTarget | FdListenTarget | SystemdTarget

/** One socket. */
export type SingleTarget = Exclude<ListenTarget, SystemdTarget>

const MAX_INT = 2 ** 31 - 1

/** Every interface: IPv6 with IPv4 in it, and IPv4 alone on a system that has no IPv6. */
const ANY_IPV6 = '::'
const ANY_IPV4 = '0.0.0.0'

/**
 * A bound socket for the target, not yet listening.
 *
 * @throws TypeError or RangeError for a bad target; SocketError
 */
export async function bindTarget(
  target: SingleTarget,
  loop: EventLoop,
  noDelay: boolean,
): Promise<ChannelSocket> {
  checkObject(target, 'target')
  if ('fd' in target) return adopt(target, loop, noDelay)
  if ('path' in target) {
    const [address] = await resolveEndpoint(target)
    return bindTo(address, target, loop, noDelay)
  }
  if (target.host !== undefined) {
    const [address] = await resolveEndpoint({ host: target.host, port: target.port })
    return bindTo(address, target, loop, noDelay)
  }
  const port = checkPort(target.port)
  try {
    return bindTo({ family: 'IPv6', host: ANY_IPV6, port }, target, loop, noDelay)
  } catch (error) {
    const { code } = error as SocketError
    if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error
    return bindTo({ family: 'IPv4', host: ANY_IPV4, port }, target, loop, noDelay)
  }
}

function adopt(target: FdListenTarget, loop: EventLoop, noDelay: boolean): ChannelSocket {
  const socket = ChannelSocket.adopt(checkInteger(target.fd, 'fd', 0, MAX_INT), loop)
  try {
    const isUnix = socket.localAddress.family === 'Unix'
    setBuffers(socket, target)
    if (!isUnix) {
      setTcpOptions(socket, target)
      socket.setOption('noDelay', noDelay)
    }
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function bindTo(
  address: SocketAddress,
  target: IpListenTarget | UnixListenTarget,
  loop: EventLoop,
  noDelay: boolean,
): ChannelSocket {
  const socket = ChannelSocket.create(address.family, loop)
  try {
    setBuffers(socket, target)
    if (!('path' in target)) {
      socket.setOption('reuseAddress', true)
      if (address.family === 'IPv6') {
        socket.setOption('ipv6Only', checkBoolean(target.ipv6Only ?? false, 'ipv6Only'))
      }
      if (checkBoolean(target.reusePort ?? false, 'reusePort')) socket.setOption('reusePort', true)
      setTcpOptions(socket, target)
      // Inherited by the connections, so that accepting one needs no call for it.
      socket.setOption('noDelay', noDelay)
    }
    socket.bind(address)
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function setTcpOptions(socket: ChannelSocket, target: TcpListenOptions): void {
  const { deferAcceptSeconds, fastOpenQueue } = target
  if (deferAcceptSeconds !== undefined) {
    socket.setOption('deferAcceptSeconds', checkInteger(deferAcceptSeconds, 'deferAcceptSeconds', 0, MAX_INT))
  }
  if (fastOpenQueue !== undefined) {
    socket.setOption('fastOpenQueue', checkInteger(fastOpenQueue, 'fastOpenQueue', 0, MAX_INT))
  }
}

/** Before bind and listen: TCP announces the size of its window in the handshake. */
function setBuffers(socket: ChannelSocket, target: ListenOptions): void {
  if (target.sendBufferBytes !== undefined) socket.setOption('sendBufferBytes', target.sendBufferBytes)
  if (target.receiveBufferBytes !== undefined) {
    socket.setOption('receiveBufferBytes', target.receiveBufferBytes)
  }
}
