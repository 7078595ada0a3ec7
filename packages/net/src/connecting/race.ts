/** Several addresses, one after the other (`autoSelectFamily`; RFC 8305 in the order of families). */
import type { LookupAddress, LookupOptions, lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import { addressError, invalidFamily, invalidIp, nodeError, type SystemError } from '../errors.js'
import type { Socket } from '../socket.js'
import { Wire } from '../wire.js'
import { begin, connectError, type LocalEnd, SingleAttempt } from './attempt.js'
import type { Connecting } from './start.js'

const ETIMEDOUT = -110

/** Several addresses, one after the other, of both families in turn (`autoSelectFamily`). */
export class Race implements Connecting {
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
