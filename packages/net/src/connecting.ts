/** How a socket gets connected: name lookup, one address after the other, and the events that tell of it. */
import { ADDRCONFIG, type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  type IpcSocketConnectOpts,
  isIP,
  type TcpSocketConnectOpts,
} from 'node:net'
import { ChannelSocket, EventLoop, SocketError } from '@pollux/core'
import {
  checkBoolean,
  checkFunction,
  checkInt32,
  checkNumber,
  checkPort,
  checkString,
  invalidType,
} from './arguments.js'
import { addressError, nodeError, type SystemError } from './errors.js'
import type { Socket } from './socket.js'
import { Wire } from './wire.js'

/** The least time that an address gets before the next is tried. */
const LEAST_ATTEMPT_MS = 10

const ETIMEDOUT = -110

type ConnectOptions = Partial<TcpSocketConnectOpts> & Partial<IpcSocketConnectOpts>

/** What a socket that is connecting can be told. */
export interface Connecting {
  /** The kernel's answer. */
  done(wire: Wire, errno: number): void
  cancel(): void
}

/** Checks the options, as Node does, and begins. @throws what Node throws */
export function startConnecting(socket: Socket, options: ConnectOptions): Connecting {
  const { path } = options
  if (path) {
    checkString(path, 'options.path')
    const attempt = new SingleAttempt(socket)
    attempt.connectUnix(path)
    return attempt
  }
  return startIp(socket, options)
}

function startIp(socket: Socket, options: ConnectOptions): Connecting {
  const { localAddress, localPort } = options
  const host = options.host || 'localhost'
  checkString(host, 'options.host')
  if (localAddress && !isIP(localAddress)) throw invalidIp(localAddress)
  if (localPort) checkNumber(localPort, 'options.localPort')
  const { port: given } = options
  if (given !== undefined && typeof given !== 'number' && typeof given !== 'string') {
    throw invalidType('options.port', 'one of type number or string', given)
  }
  const port = given === undefined ? 0 : checkPort(given)
  const auto =
    options.autoSelectFamily == null
      ? getDefaultAutoSelectFamily()
      : checkBoolean(options.autoSelectFamily, 'options.autoSelectFamily')
  const timeout = options.autoSelectFamilyAttemptTimeout
  const attemptMs =
    timeout == null
      ? getDefaultAutoSelectFamilyAttemptTimeout()
      : Math.max(checkInt32(timeout, 'options.autoSelectFamilyAttemptTimeout', 1), LEAST_ATTEMPT_MS)
  const local = { address: localAddress, port: localPort }
  const family = isIP(host)
  if (family !== 0) {
    const attempt = new SingleAttempt(socket)
    process.nextTick(() => {
      if (socket.connecting) attempt.connectIp(host, port, family, local)
    })
    return attempt
  }
  if (options.lookup != null) checkFunction(options.lookup, 'options.lookup')
  const query: LookupOptions = { family: familyOf(options.family), hints: options.hints || 0 }
  if (query.family !== 4 && query.family !== 6 && query.hints === 0) query.hints = ADDRCONFIG
  const lookup = (options.lookup ?? systemLookup) as typeof systemLookup
  socket._host = host
  if (query.family !== 4 && query.family !== 6 && !localAddress && auto) {
    return new Race(socket, host, port, local, attemptMs).lookUp(lookup, query)
  }
  return new SingleAttempt(socket).lookUp(lookup, query, host, port, local)
}

/** 'IPv4' and 'IPv6' are taken for 4 and 6. */
function familyOf(family: unknown): number | undefined {
  if (family === 'IPv4') return 4
  if (family === 'IPv6') return 6
  return family as number | undefined
}

interface LocalEnd {
  address: string | undefined
  port: number | undefined
}

/** Opens a socket and begins to connect it. 0, or what went wrong at once. */
function begin(
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
class SingleAttempt implements Connecting {
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

function connectError(
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

/** Several addresses, one after the other, of both families in turn (`autoSelectFamily`). */
class Race implements Connecting {
  private addresses: LookupAddress[] = []
  private next = 0
  private timer: NodeJS.Timeout | undefined = undefined
  private readonly errors: Error[] = []
  private single: SingleAttempt | undefined = undefined

  constructor(
    private readonly socket: Socket,
    private readonly host: string,
    private readonly port: number,
    private readonly local: LocalEnd,
    private readonly attemptMs: number,
  ) {}

  lookUp(lookup: typeof systemLookup, query: LookupOptions): this {
    const { socket, host, port } = this
    lookup(host, { ...query, all: true }, (error, addresses) => {
      if (!socket.connecting) return
      if (error) {
        socket.emit('lookup', error, undefined, undefined, host)
        process.nextTick(() => socket.destroy(error))
        return
      }
      for (const { address, family } of addresses) {
        socket.emit('lookup', error, address, family, host)
        if (!socket.connecting) return
      }
      this.addresses = inTurn(addresses)
      const [first] = this.addresses
      if (first === undefined) {
        const { address, family } = addresses[0]
        const wrong = isIP(address) ? invalidFamily(family, host, port) : invalidIp(address)
        process.nextTick(() => socket.destroy(wrong))
        return
      }
      socket._unrefTimer()
      if (this.addresses.length === 1) {
        this.single = new SingleAttempt(socket)
        this.single.connectIp(first.address, port, first.family, this.local)
        return
      }
      socket.autoSelectFamilyAttemptedAddresses = []
      this.tryNext()
    })
    return this
  }

  done(wire: Wire, errno: number): void {
    if (this.single !== undefined) {
      this.single.done(wire, errno)
      return
    }
    const { socket } = this
    clearTimeout(this.timer)
    if (!socket.connecting) return
    if (errno === 0) {
      socket.becameConnected()
      return
    }
    const { address, family } = this.addresses[this.next - 1]
    const error = connectError(errno, address, this.port, { address: undefined, port: undefined })
    this.errors.push(error)
    socket.emit('connectionAttemptFailed', address, this.port, family, error)
    if (socket.connecting) this.tryNext()
  }

  cancel(): void {
    clearTimeout(this.timer)
  }

  private tryNext(): void {
    const { socket, port } = this
    for (;;) {
      if (this.next === this.addresses.length) {
        socket.destroy(aggregate(this.errors))
        return
      }
      const { address, family } = this.addresses[this.next++]
      socket.dropWire()
      socket.emit('connectionAttempt', address, port, family)
      if (!socket.connecting) return
      socket.autoSelectFamilyAttemptedAddresses?.push(`${address}:${port}`)
      const begun = begin(socket, { host: address, port }, family, {
        address: undefined,
        port: this.local.port,
      })
      if (begun instanceof Wire) {
        socket.useWire(begun)
        break
      }
      this.errors.push(begun)
      if (begun.syscall !== 'bind') socket.emit('connectionAttemptFailed', address, port, family, begun)
      if (!socket.connecting) return
    }
    if (this.next < this.addresses.length) this.timer = setTimeout(() => this.timedOut(), this.attemptMs)
  }

  private timedOut(): void {
    const { socket, port } = this
    const { address, family } = this.addresses[this.next - 1]
    socket.emit('connectionAttemptTimeout', address, port, family)
    this.errors.push(addressError(ETIMEDOUT, 'connect', address, port))
    socket.dropWire()
    if (socket.connecting) this.tryNext()
  }
}

/** Each once, the families in turn, beginning with that of the first. */
function inTurn(addresses: readonly LookupAddress[]): LookupAddress[] {
  const valid = addresses.filter(
    ({ address, family }, at) =>
      isIP(address) &&
      (family === 4 || family === 6) &&
      addresses.findIndex((other) => other.address === address) === at,
  )
  const first = valid.filter(({ family }) => family === valid[0].family)
  const second = valid.filter(({ family }) => family !== valid[0].family)
  const sorted: LookupAddress[] = []
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    if (i < first.length) sorted.push(first[i])
    if (i < second.length) sorted.push(second[i])
  }
  return sorted
}

function aggregate(errors: Error[]): Error {
  if (errors.length === 0) {
    return nodeError(Error, 'ERR_SOCKET_CONNECTION_TIMEOUT', 'Socket connection timeout')
  }
  const all = new AggregateError(errors)
  return Object.assign(all, { code: (errors[0] as SystemError).code })
}

function invalidIp(address: unknown): TypeError {
  return nodeError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${address}`)
}

function invalidFamily(family: unknown, host: string, port: number): RangeError {
  const error = nodeError(
    RangeError,
    'ERR_INVALID_ADDRESS_FAMILY',
    `Invalid address family: ${family} ${host}:${port}`,
  )
  return Object.assign(error, { host, port })
}
