/** accept(2): connections from the queue of a listening socket. */
import { publicAddress, type SocketAddress } from '../address.js'
import { ErrorCode, SocketError } from '../errors.js'
import { systemError } from '../system-error.js'
import { EAGAIN } from './errnos.js'
import { SocketCore } from './socket-core.js'
import { Direction, type Operation } from './waiting.js'
import { WOULD_BLOCK, type WouldBlock } from './would-block.js'

/** A connection that was taken, in whatever it is wrapped, and who is at its other end. */
export interface AcceptedAs<Wrapped> {
  socket: Wrapped
  address: SocketAddress
}

/**
 * accept(2): errors of one connection that is gone already, or of the network below it. The manual page advises to go
 * on with the next.
 */
const PASSING = new Set([
  'ECONNABORTED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENONET',
  'ENOPROTOOPT',
  'EPERM',
  'EPROTO',
])

export class Accept<Wrapped> implements Operation<AcceptedAs<Wrapped>> {
  readonly syscall = 'accept'
  readonly direction = Direction.in
  readonly bytesTransferred = 0

  constructor(
    private readonly core: SocketCore,
    private readonly wrap: (core: SocketCore) => Wrapped,
  ) {}

  attempt(): AcceptedAs<Wrapped> | WouldBlock {
    const { loop, handle, family, type, protocol } = this.core
    const accepted = loop.openHandle((reactor) => reactor.acceptNow(handle))
    if (accepted === EAGAIN) return WOULD_BLOCK
    if (accepted < 0) throw systemError(accepted, 'accept')
    const peer = loop.reactor.remoteAddress(accepted)
    // A peer that cannot be named any more was a Unix socket's: the others were named when they were taken.
    const address: SocketAddress =
      typeof peer === 'number' ? { family: 'Unix', path: '' } : publicAddress(peer)
    return { socket: this.wrap(new SocketCore(loop, accepted, family, type, protocol)), address }
  }
}

/** Takes connections one after the other, until the listener is closed or the loop over them is left. */
export class Connections<Accepted> implements AsyncIterableIterator<Accepted> {
  private readonly ending = new AbortController()

  constructor(
    private readonly accept: (signal: AbortSignal) => Promise<Accepted>,
    private readonly isClosed: () => boolean,
  ) {}

  async next(): Promise<IteratorResult<Accepted>> {
    const { signal } = this.ending
    while (!signal.aborted) {
      try {
        return { done: false, value: await this.accept(signal) }
      } catch (error) {
        if (signal.aborted || (isClosedError(error) && this.isClosed())) break
        if (!(error instanceof SocketError && PASSING.has(error.code))) throw error
      }
    }
    return { done: true, value: undefined }
  }

  /** The listener stays open, and its connections wait for whoever accepts next. */
  async return(): Promise<IteratorResult<Accepted>> {
    this.ending.abort()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function isClosedError(error: unknown): boolean {
  return error instanceof SocketError && error.code === ErrorCode.CLOSED
}
