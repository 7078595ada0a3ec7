/** One attempt to connect to one address. */
import type { LookupOptions, lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import { ChannelSocket, EventLoop, SocketError } from '@pollux/core'
import { addressError, invalidFamily, invalidIp, type SystemError } from '../errors.js'
import type { Socket } from '../socket.js'
import { Wire } from '../wire.js'
import type { Connecting } from './start.js'

export interface LocalEnd {
  address: string | undefined
  port: number | undefined
}

/** Opens a socket and begins to connect it. 0, or what went wrong at once. */
export function begin(
  socket: Socket,
  endpoint: { host: string; port: number } | { path: string },
  family: number,
  local: LocalEnd,
): SystemError | Wire {
  const isUnix = 'path' in endpoint
  let made: ChannelSocket | undefined
  try {
    made = ChannelSocket.create(isUnix ? 'Unix' : family === 6 ? 'IPv6' : 'IPv4', EventLoop.default())
    const bound = bindLocal(made, family, local)
    if (bound !== undefined) {
      made.close()
      return bound
    }
    const wire = Wire.on(made, isUnix, socket)
    made.connect(endpoint, false)
    made.release()
    return wire
  } catch (error) {
    made?.close()
    if (!(error instanceof SocketError) || error.errno === undefined) throw error
    return isUnix
      ? addressError(error.errno, 'connect', endpoint.path, undefined)
      : addressError(error.errno, 'connect', endpoint.host, endpoint.port)
  }
}

function bindLocal(made: ChannelSocket, family: number, local: LocalEnd): SystemError | undefined {
  if (!local.address && !local.port) return undefined
  const host = local.address || (family === 6 ? '::' : '0.0.0.0')
  try {
    made.bind({ host, port: local.port ?? 0 })
    return undefined
  } catch (error) {
    if (!(error instanceof SocketError) || error.errno === undefined) throw error
    return addressError(error.errno, 'bind', host, local.port)
  }
}

/** One address, and no other if it does not answer. */
export class SingleAttempt implements Connecting {
  private address = ''
  private port: number | undefined = undefined
  private family: number | undefined = undefined
  private local: LocalEnd = { address: undefined, port: undefined }

  constructor(private readonly socket: Socket) {}

  connectUnix(path: string): void {
    this.address = path
    this.socket.emit('connectionAttempt', path, undefined, undefined)
    this.follow(begin(this.socket, { path }, 0, this.local))
  }

  connectIp(host: string, port: number, family: number, local: LocalEnd): void {
    this.address = host
    this.port = port
    this.family = family
    this.local = local
    this.socket.emit('connectionAttempt', host, port, family)
    if (!this.socket.connecting) return
    this.follow(begin(this.socket, { host, port }, family, local))
  }

  lookUp(
    lookup: typeof systemLookup,
    query: LookupOptions,
    host: string,
    port: number,
    local: LocalEnd,
  ): this {
    const { socket } = this
    lookup(host, query, (error, ip, family) => {
      socket.emit('lookup', error, ip, family, host)
      if (!socket.connecting) return
      if (error) {
        process.nextTick(() => socket.destroy(error))
      } else if (typeof ip !== 'string' || !isIP(ip)) {
        process.nextTick(() => socket.destroy(invalidIp(ip)))
      } else if (family !== 4 && family !== 6) {
        process.nextTick(() => socket.destroy(invalidFamily(family, host, port)))
      } else {
        socket._unrefTimer()
        this.connectIp(ip, port, family, local)
      }
    })
    return this
  }

  done(_wire: Wire, errno: number): void {
    const { socket } = this
    if (!socket.connecting) return
    if (errno === 0) {
      socket.becameConnected()
      return
    }
    this.failed(connectError(errno, this.address, this.port, this.local))
  }

  cancel(): void {}

  private follow(begun: SystemError | Wire): void {
    if (begun instanceof Wire) {
      this.socket.useWire(begun)
      return
    }
    // What goes wrong at once is told later all the same: nobody listens yet.
    this.socket.destroy(begun)
  }

  private failed(error: SystemError): void {
    const { socket } = this
    socket.emit('connectionAttemptFailed', this.address, this.port, this.family, error)
    socket.destroy(error)
  }
}

export function connectError(
  errno: number,
  address: string,
  port: number | undefined,
  local: LocalEnd,
): SystemError {
  const shown = local.address && local.port ? `${local.address}:${local.port}` : undefined
  const error = addressError(-Math.abs(errno), 'connect', address, port, shown)
  if (shown !== undefined) {
    error.localAddress = local.address
    error.localPort = local.port
  }
  return error
}
