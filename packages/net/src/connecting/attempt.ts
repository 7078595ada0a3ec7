/** One address, and no other if it does not answer. */
import type { LookupOptions, lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import { addressError, blockedIp, invalidFamily, invalidIp, type SystemError } from '../errors.js'
import { kBecameConnected } from '../internals.js'
import type { Socket } from '../socket/socket.js'
import { Dial, type LocalEnd, type Remote } from './dial.js'
import type { Connecting, Lookup } from './start.js'

export class SingleAttempt implements Connecting {
  private remote: Remote | undefined = undefined
  private local: LocalEnd = { address: undefined, port: undefined }
  private later: NodeJS.Immediate | undefined = undefined

  constructor(private readonly socket: Socket) {}

  /** @param named the options, as errors show them */
  lookUp(lookup: typeof systemLookup, query: LookupOptions, named: Lookup, local: LocalEnd): this {
    const { socket } = this
    const { host, port } = named
    lookup(host, query, (error, ip, family) => {
      socket.emit('lookup', error, ip, family, host)
      if (!socket.connecting) return
      if (error) {
        process.nextTick(destroy, socket, error)
      } else if (typeof ip !== 'string' || !isIP(ip)) {
        process.nextTick(destroy, socket, invalidIp(ip))
      } else if (family !== 4 && family !== 6) {
        process.nextTick(destroy, socket, invalidFamily(family, named.givenHost, named.givenPort))
      } else {
        socket._unrefTimer()
        this.connect({ address: ip, port, family }, local)
      }
    })
    return this
  }

  connect(remote: Remote, local: LocalEnd): void {
    const { socket } = this
    const { address, port, family } = remote
    const dial = new Dial(socket, remote)
    const bound = dial.bind(local)
    if (bound instanceof Error) {
      dial.release()
      socket.destroy(bound)
      return
    }
    this.remote = remote
    this.local = bound
    socket.emit('connectionAttempt', address, port, family)
    const wanted = socket.connecting && !isBlocked(socket, remote)
    const begun = wanted ? dial.connect() : dial.release()
    if (begun instanceof Error) socket.destroy(begun)
    else if (begun !== undefined) this.later = setImmediate(() => this.ended(begun))
  }

  done(errno: number): void {
    // Of one that has its answer already, the kernel speaks of the connection that the socket was told to make before.
    if (this.later === undefined) this.ended(errno)
  }

  cancel(): void {
    clearImmediate(this.later)
  }

  private ended(errno: number): void {
    const { socket, remote } = this
    if (!socket.connecting || remote === undefined) return
    if (errno === 0) {
      socket[kBecameConnected]()
      return
    }
    const error = connectError(errno, remote, this.local)
    socket.connecting = false
    socket.emit('connectionAttemptFailed', remote.address, remote.port, remote.family, error)
    socket.destroy(error)
  }
}

/** Ends the attempt where the address is one that the socket may not connect to. */
function isBlocked(socket: Socket, { address, family }: Remote): boolean {
  if (family === undefined || !socket.blockList?.check(address, family === 6 ? 'ipv6' : 'ipv4')) return false
  socket.destroy(blockedIp(address))
  return true
}

/** @param local the end that was asked for */
export function connectError(errno: number, remote: Remote, local: LocalEnd): SystemError {
  const shown = local.address && local.port ? `${local.address}:${local.port}` : undefined
  const error = addressError(-Math.abs(errno), 'connect', remote.address, remote.port, shown)
  if (shown !== undefined) {
    error.localAddress = local.address
    error.localPort = local.port
  }
  return error
}

export function destroy(socket: Socket, error: Error): void {
  socket.destroy(error)
}
