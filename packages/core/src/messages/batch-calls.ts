/** sendmmsg and recvmmsg: each as one call at once, and as a promise. */
import { SocketError } from '../errors.js'
import { EAGAIN } from '../sockets/errnos.js'
import { checkFlags } from '../sockets/flags.js'
import type { SocketCore } from '../sockets/socket-core.js'
import { Direction, type Operation } from '../sockets/waiting.js'
import { WOULD_BLOCK, type WouldBlock } from '../sockets/would-block.js'
import { systemError } from '../system-error.js'
import { checkBatch, type DatagramBatch } from './datagram-batch.js'

/** sendmmsg(2), again and again until it would block or all of the batch is sent: how many datagrams were. */
export class SendBatch implements Operation<number> {
  readonly syscall = 'sendmmsg'
  readonly direction = Direction.out
  /** Whether it waits until all is sent: would-block is a result then only for the waiting. */
  untilAll = false
  private readonly start: number

  constructor(
    private readonly core: SocketCore,
    private readonly batch: DatagramBatch,
    private readonly flags: number,
  ) {
    checkBatch(batch)
    checkFlags(flags)
    this.start = batch.sent
  }

  /** How many datagrams it has sent. */
  get datagramsSent(): number {
    return Math.max(this.batch.sent - this.start, 0)
  }

  get bytesTransferred(): number {
    let bytes = 0
    const { batch } = this
    // Asked for while it waits, when nothing may be thrown; the next attempt says that the memory is gone.
    if (batch.buffer.byteLength === 0) return 0
    for (let i = this.start; i < batch.sent; i++) bytes += batch.bytes(i)
    return bytes
  }

  attempt(): number | WouldBlock {
    const { core, batch, flags } = this
    while (batch.sent < batch.count) {
      const { sent, count, buffer, maxBytes } = batch
      const result = core.loop.reactor.sendmmsgNow(core.handle, buffer, maxBytes, sent, count - sent, flags)
      if (result === EAGAIN)
        return this.untilAll || this.datagramsSent === 0 ? WOULD_BLOCK : this.datagramsSent
      if (result < 0) {
        throw withDatagramsSent(systemError(result, 'sendmmsg', batch.address(sent)), this.datagramsSent)
      }
      batch.noteSent(result)
    }
    return this.datagramsSent
  }
}

/** recvmmsg(2): how many datagrams came. */
export class ReceiveBatch implements Operation<number> {
  readonly syscall = 'recvmmsg'
  readonly direction = Direction.in
  readonly bytesTransferred = 0

  constructor(
    private readonly core: SocketCore,
    private readonly batch: DatagramBatch,
    private readonly flags: number,
  ) {
    checkBatch(batch)
    checkFlags(flags)
  }

  attempt(): number | WouldBlock {
    const { core, batch, flags } = this
    const { buffer, maxBytes, capacity } = batch
    const result = core.loop.reactor.recvmmsgNow(core.handle, buffer, maxBytes, 0, capacity, flags)
    if (result === EAGAIN) return WOULD_BLOCK
    if (result < 0) throw systemError(result, 'recvmmsg')
    batch.noteReceived(result)
    return result
  }
}

/** Says on the error how many datagrams were sent before it. An error of the user's (an abort's reason) stays as it is. */
export function withDatagramsSent<Thrown>(error: Thrown, datagramsSent: number): Thrown {
  if (error instanceof SocketError) Object.assign(error, { datagramsSent })
  return error
}
