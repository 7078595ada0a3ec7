/** What the flags of a call (MSG_…) ask of us, beside what they ask of the kernel. */
import { constants, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL, SOCK_STREAM } from '../constants.js'
import { checkInteger } from '../validate.js'
import type { SocketCore } from './socket-core.js'
import { Direction } from './waiting.js'

/** @throws TypeError, RangeError */
export function checkFlags(flags: unknown): void {
  checkInteger(flags, 'flags', -(2 ** 31), 2 ** 31 - 1)
}

/** Where a call that receives waits: urgent data and the error queue have readiness of their own. */
export function directionOf(flags: number): Direction {
  checkFlags(flags)
  return flags & (MSG_OOB | (constants.MSG_ERRQUEUE ?? 0)) ? Direction.urgent : Direction.in
}

/** Whether a promise form must not wait. */
export function isDontWait(flags: number): boolean {
  return (flags & MSG_DONTWAIT) !== 0
}

/** What can go on until all is transferred, as a blocking call does. */
interface Unbounded {
  untilAll: boolean
}

/**
 * The promise form of an operation that sends: on a stream it goes on until everything is sent. With MSG_DONTWAIT it is
 * what the kernel takes at once.
 */
export function sendingAll<Sending extends Unbounded>(
  core: SocketCore,
  operation: Sending,
  flags = 0,
): Sending {
  operation.untilAll = core.type === SOCK_STREAM && !isDontWait(flags)
  return operation
}

/** The promise form of an operation that receives: with MSG_WAITALL it goes on until the buffers are full or the end. */
export function receivingAll<Receiving extends Unbounded>(
  core: SocketCore,
  operation: Receiving,
  flags: number,
): Receiving {
  // What is only peeked at comes again.
  const waitsForAll = (flags & (MSG_WAITALL | MSG_PEEK | MSG_DONTWAIT)) === MSG_WAITALL
  operation.untilAll = core.type === SOCK_STREAM && waitsForAll
  return operation
}
