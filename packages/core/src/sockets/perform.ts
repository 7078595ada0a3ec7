/** The promise form of a call: done at once if that is possible, else when the socket is ready. */
import { systemError } from '../system-error.js'
import { checkWaitOptions, type WaitOptions } from '../wait-options.js'
import { EAGAIN } from './errnos.js'
import type { SocketCore } from './socket-core.js'
import { attempt, type Operation, timeoutError, withBytes } from './waiting.js'
import { WOULD_BLOCK } from './would-block.js'

/**
 * What can be done at once takes no turn of the event loop. A program that does nothing else, with a peer that never
 * stops sending, would never let timers and other sockets have theirs: one of so many calls waits for the next turn.
 */
const CALLS_PER_TURN = 64
let callsAtOnce = 0

/**
 * Does an operation, behind those that wait in the same direction already.
 *
 * @param dontWait MSG_DONTWAIT: EAGAIN instead of waiting
 */
export function perform<Result>(
  core: SocketCore,
  operation: Operation<Result>,
  options: WaitOptions | undefined,
  dontWait = false,
): Result | Promise<Result> {
  const patience = checkWaitOptions(options)
  patience.signal?.throwIfAborted()
  const mayWait = !dontWait && patience.timeoutMs !== 0
  if (core.waiting === null || core.waiting.isFree(operation.direction)) {
    if (++callsAtOnce >= CALLS_PER_TURN && mayWait) {
      callsAtOnce = 0
      return core.makeWaiting().postpone(operation, patience)
    }
    let before: number
    do {
      before = operation.bytesTransferred
      const result = attempt(operation)
      if (result !== WOULD_BLOCK) return result
      // Without a wait there is no turn to give to others: it goes on while it can.
    } while (patience.timeoutMs === 0 && operation.bytesTransferred > before)
  }
  if (dontWait) throw withBytes(systemError(EAGAIN, operation.syscall), operation)
  if (!mayWait) throw timeoutError(operation, 0)
  return core.makeWaiting().enqueue(operation, patience)
}
