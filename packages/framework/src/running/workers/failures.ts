/** What can go wrong with a worker, in words. */
import { ErrorCode, SocketError } from '@pollux/core'

/** The thread of a worker ended, and nobody had told it to; or not before it had failed. */
export function workerExited(
  index: number,
  exitCode: number,
  starting: boolean,
  cause: unknown,
): SocketError {
  const why = cause === undefined ? `with exit code ${exitCode}` : `of ${describe(cause)}`
  const what = starting ? 'could not start: its thread ended' : 'ended'
  return new SocketError(`worker ${index} ${what} ${why}`, {
    code: starting ? ErrorCode.WORKER_START : ErrorCode.WORKER_EXIT,
    cause,
  })
}

export function workerNotReady(index: number, startTimeoutMs: number): SocketError {
  const text = `worker ${index} was not ready within startTimeoutMs (${startTimeoutMs}): the promise of its app is not kept`
  return new SocketError(text, { code: ErrorCode.WORKER_START })
}

export function workerStuck(index: number, timeMs: number): SocketError {
  const text = `worker ${index} did not end within ${timeMs} ms and was terminated: its event loop is blocked, or its app's last function does not return`
  return new SocketError(text, { code: ErrorCode.WORKER_EXIT })
}

/** The end of all workers. */
export function workersFailed(index: number, attempts: number, cause: unknown): SocketError {
  const text = `worker ${index} could not be replaced, ${attempts} starts in a row have failed: all workers stop. The last: ${describe(cause)}`
  return new SocketError(text, { code: ErrorCode.WORKER_START, cause })
}

export function groupClosed(): SocketError {
  return new SocketError('the workers were closed', { code: ErrorCode.CLOSED })
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
