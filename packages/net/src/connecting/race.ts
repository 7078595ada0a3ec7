/** Several addresses, one after the other (`autoSelectFamily`; RFC 8305 in the order of families). */
import type { LookupAddress, LookupOptions, lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import { constants } from 'node:os'
import { blockedIp, invalidFamily, invalidIp, nodeError, type SystemError, withCode } from '../errors.js'
import { kBecameConnected, kDropWire } from '../internals.js'
import type { Socket } from '../socket/socket.js'
import { connectError, destroy, SingleAttempt } from './attempt.js'
import { type Begun, Dial, type LocalEnd, type Remote } from './dial.js'
import type { Connecting, Lookup } from './start.js'

const { ETIMEDOUT } = constants.errno

export class Race implements Connecting {
  private addresses: LookupAddress[] = []
  private next = 0
  private timer: NodeJS.Timeout | undefined = undefined
  private later: NodeJS.Immediate | undefined = undefined
  private current: Remote | undefined = undefined
  /** The local end of the current attempt. */
  private bound: LocalEnd = { address: undefined, port: undefined }
  private readonly errors: Error[] = []
  private single: SingleAttempt | undefined = undefined

  constructor(
    private readonly socket: Socket,
    private readonly named: Lookup,
    private readonly local: LocalEnd,
    private readonly attemptMs: number,
  ) {}

  lookUp(lookup: typeof systemLookup, query: LookupOptions): this {
    const { socket } = this
    const { host, port, givenHost, givenPort } = this.named
    lookup(host, { ...query, all: true }, (error, addresses) => {
      if (!socket.connecting) return
      if (error) {
        socket.emit('lookup', error, undefined, undefined, host)
        process.nextTick(destroy, socket, error)
        return
      }
      // Not by an iterator: what is no list fails in Node's words.
      for (let i = 0; i < addresses.length; i++) {
        const { address, family } = addresses[i]
        socket.emit('lookup', error, address, family, host)
        if (!socket.connecting) return
      }
      this.addresses = inTurn(addresses)
      const [first] = this.addresses
      if (first === undefined) {
        const { address, family } = addresses[0]
        const wrong = isIP(address) ? invalidFamily(family, givenHost, givenPort) : invalidIp(address)
        process.nextTick(destroy, socket, wrong)
        return
      }
      socket._unrefTimer()
      if (this.addresses.length === 1) {
        this.single = new SingleAttempt(socket)
        this.single.connect({ address: first.address, port, family: first.family }, this.local)
        return
      }
      socket.autoSelectFamilyAttemptedAddresses = []
      this.tryNext()
    })
    return this
  }

  done(errno: number): void {
    if (this.single === undefined) this.ended(errno)
    else this.single.done(errno)
  }

  cancel(): void {
    clearTimeout(this.timer)
    clearImmediate(this.later)
    this.single?.cancel()
  }

  private ended(errno: number): void {
    const { socket, current } = this
    clearTimeout(this.timer)
    if (!socket.connecting || current === undefined) return
    if (errno === 0) {
      socket[kBecameConnected]()
      return
    }
    this.failed(connectError(errno, current, this.bound))
    if (socket.connecting) this.tryNext()
  }

  private tryNext(): void {
    const { socket } = this
    for (const remote of this.remaining()) {
      socket[kDropWire]()
      this.current = remote
      const dial = new Dial(socket, remote)
      const begun = this.begin(dial, remote)
      if (!socket.connecting) return
      if (typeof begun === 'number') this.later = setImmediate(() => this.ended(begun))
      if (!(begun instanceof Error)) {
        const isLast = this.next === this.addresses.length
        if (!isLast) this.timer = setTimeout(() => this.timedOut(), this.attemptMs)
        return
      }
    }
    socket.destroy(aggregate(this.errors))
  }

  /** The addresses that were not tried. */
  private *remaining(): Iterable<Remote> {
    while (this.next < this.addresses.length) {
      const { address, family } = this.addresses[this.next++]
      yield { address, port: this.named.port, family }
    }
  }

  private begin(dial: Dial, remote: Remote): Begun {
    const { socket } = this
    const { address, port, family } = remote
    const bound = dial.bind({ address: undefined, port: this.local.port })
    if (bound instanceof Error) {
      dial.release()
      this.errors.push(bound)
      return bound
    }
    this.bound = bound
    if (socket.blockList?.check(address, family === 6 ? 'ipv6' : 'ipv4')) {
      dial.release()
      return this.failed(blockedIp(address))
    }
    socket.emit('connectionAttempt', address, port, family)
    if (!socket.connecting) {
      dial.release()
      return undefined
    }
    socket.autoSelectFamilyAttemptedAddresses?.push(`${address}:${port}`)
    const begun = dial.connect()
    return begun instanceof Error ? this.failed(begun) : begun
  }

  private failed(error: Error): Error {
    const { address, port, family } = this.current as Remote
    this.errors.push(error)
    this.socket.emit('connectionAttemptFailed', address, port, family, error)
    return error
  }

  private timedOut(): void {
    const { socket } = this
    const current = this.current as Remote
    clearImmediate(this.later)
    socket.emit('connectionAttemptTimeout', current.address, current.port, current.family)
    this.errors.push(connectError(ETIMEDOUT, current, this.bound))
    socket[kDropWire]()
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
  return withCode(new AggregateError(errors), (errors[0] as SystemError).code)
}
