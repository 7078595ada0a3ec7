/** From what `listen` asks for to a socket. */
import type { ChannelSocket } from '@pollux/core'
import { takeBound } from '../bound-socket.js'
import { ANY_IPV4, ANY_IPV6, adoptFd, bindIp, bindPath, codeOf, shareFd } from './bind.js'
import type { ListenTarget } from './listen-form.js'

/** Where a server listens, as errors and `_connectionKey` tell it. */
export interface Place {
  address: string | null
  port: number | null
  /** 4, 6, or -1 of what is no IP address. */
  type: number | null
}

/** An address that a host's name was looked up to. */
export interface FoundAddress {
  address: string
  family: number
}

/** @param found the address of the host, where the target names one */
export function placeOf(target: ListenTarget, found: FoundAddress | undefined): Place {
  switch (target.kind) {
    case 'port':
      return found === undefined
        ? { address: ANY_IPV6, port: target.port, type: 6 }
        : { address: found.address, port: target.port, type: found.family }
    case 'path':
      return { address: target.path, port: -1, type: -1 }
    case 'fd':
      return { address: null, port: null, type: null }
    default:
      return { address: null, port: -1, type: -1 }
  }
}

/** A bound socket. @param place comes to name IPv4 where there is no IPv6. @throws SocketError */
export function openAt(target: ListenTarget, place: Place): ChannelSocket {
  switch (target.kind) {
    case 'port':
      return openIp(target, place)
    case 'path':
      return bindPath(target.path)
    case 'fd':
      return adoptFd(target.fd)
    case 'shared':
      return shareFd(target.fd)
    case 'bound': {
      const socket = takeBound(target.socket)
      socket.ref()
      return socket
    }
  }
}

function openIp(target: Extract<ListenTarget, { kind: 'port' }>, place: Place): ChannelSocket {
  try {
    return bindIp(place.address as string, target.port, target)
  } catch (error) {
    // A host that was asked for is not exchanged; and a port in use is the answer, whatever IPv4 may say.
    if (target.host !== '' || codeOf(error) === 'EADDRINUSE') throw error
    place.address = ANY_IPV4
    place.type = 4
    return bindIp(ANY_IPV4, target.port, target)
  }
}
