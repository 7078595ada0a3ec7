/** connect(2), which on a nonblocking socket is a beginning: its end is in SO_ERROR. */
import { type Endpoint, isUnix } from '../address.js'
import { constants } from '../constants.js'
import { systemError } from '../system-error.js'
import { checkObject } from '../validate.js'
import { EAGAIN, EALREADY, EINPROGRESS, EISCONN } from './errnos.js'
import { type AddressArguments, addressArguments, endpointOf } from './socket-address.js'
import type { SocketCore } from './socket-core.js'
import { Direction, type Operation } from './waiting.js'
import { WOULD_BLOCK, type WouldBlock } from './would-block.js'

const { SOL_SOCKET, SO_ERROR } = constants

/** In place of an address: a datagram socket that was connected has no peer any more (AF_UNSPEC). */
export interface Unspecified {
  family: 'Unspecified'
}

/** connect(2), once: WOULD_BLOCK for EINPROGRESS. */
export function tryConnect(core: SocketCore, address: Endpoint | Unspecified): undefined | WouldBlock {
  if (isUnspecified(address)) {
    check(core.loop.reactor.dissolveNow(core.handle))
    return undefined
  }
  const to = addressArguments(address)
  const result = core.loop.reactor.connectNow(core.handle, ...to)
  if (result === EINPROGRESS) return WOULD_BLOCK
  check(result, endpointOf(to))
  return undefined
}

/** A connect until its end. */
export class Connect implements Operation<void> {
  readonly syscall = 'connect'
  readonly direction = Direction.out
  readonly bytesTransferred = 0
  private readonly to: AddressArguments
  private readonly address: Endpoint
  private isUnderWay = false

  constructor(
    private readonly core: SocketCore,
    address: Endpoint,
  ) {
    this.to = addressArguments(address)
    this.address = endpointOf(this.to)
  }

  attempt(): undefined | WouldBlock {
    return this.isUnderWay ? this.finish() : this.begin()
  }

  private begin(): undefined | WouldBlock {
    const result = this.connect()
    if (result === EINPROGRESS) {
      this.isUnderWay = true
      return WOULD_BLOCK
    }
    // unix(7): the listener's queue is full. Nothing is under way, and nothing tells when there is room.
    if (result === EAGAIN && isUnix(this.address)) return WOULD_BLOCK
    check(result, this.address)
    return undefined
  }

  private finish(): undefined | WouldBlock {
    const { reactor } = this.core.loop
    const [failure, error] = reactor.getOption(this.core.handle, SOL_SOCKET, SO_ERROR)
    check(failure < 0 ? failure : -error, this.address)
    // Woken by something older, it is still under way. And Linux calls the socket connected only when connect(2) has
    // said so: without this, the program's next one would be 0 and not EISCONN.
    const result = this.connect()
    if (result === EALREADY || result === EINPROGRESS) return WOULD_BLOCK
    if (result !== EISCONN) check(result, this.address)
    return undefined
  }

  private connect(): number {
    return this.core.loop.reactor.connectNow(this.core.handle, ...this.to)
  }
}

/** @throws TypeError where it is no object at all */
export function isUnspecified(address: Endpoint | Unspecified): address is Unspecified {
  checkObject(address, 'address')
  return 'family' in address && address.family === 'Unspecified'
}

function check(result: number, address?: Endpoint): void {
  if (result < 0) throw systemError(result, 'connect', address)
}
