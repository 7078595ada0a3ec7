/** The promise form of a call: done at once if that is possible, else when the socket is ready. */
import { systemError } from '../system-error.js'
import { checkWaitOptions, type WaitOptions } from '../wait-options.js'
import { EAGAIN } from './errnos.js'
import type { SocketCore } from './socket-core.js'
import { attempt, type Operation, timeoutError, withBytes } from './waiting.js'
import { WOULD_BLOCK } from './would-block.js'

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
  if (core.waiting === null || core.waiting.isFree(operation.direction)) {
    let before: number
    do {
      before = operation.bytesTransferred
      const result = attempt(operation)
      if (result !== WOULD_BLOCK) return result
      // Without a wait there is no turn to give to others: it goes on while it can.
    } while (patience.timeoutMs === 0 && operation.bytesTransferred > before)
  }
  if (dontWait) throw withBytes(systemError(EAGAIN, operation.syscall), operation)
  if (patience.timeoutMs === 0) throw timeoutError(operation, 0)
  return core.makeWaiting().enqueue(operation, patience)
}
