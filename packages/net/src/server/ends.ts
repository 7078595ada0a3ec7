/** The two ends of a connection that a server was given. */
import type { BlockList } from 'node:net'
import type { Wire } from '../wire.js'
import type { DropArgument } from './options.js'

/** Whether the peer's address is on the list. */
export function isBlocked(list: BlockList, wire: Wire): boolean {
  const { remoteAddress: remote } = wire
  if (remote === undefined || remote.family === 'Unix') return false
  return list.check(remote.host, remote.family === 'IPv6' ? 'ipv6' : 'ipv4')
}

/** Both ends of a connection, as `drop` tells them. */
export function endsOf({ localAddress: local, remoteAddress: remote }: Wire): DropArgument {
  const ends: DropArgument = Object.create(null)
  if (local !== undefined && local.family !== 'Unix') {
    ends.localAddress = local.host
    ends.localPort = local.port
    ends.localFamily = local.family
  }
  if (remote !== undefined && remote.family !== 'Unix') {
    ends.remoteAddress = remote.host
    ends.remotePort = remote.port
    ends.remoteFamily = remote.family
  }
  return ends
}
