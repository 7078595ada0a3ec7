/** What handlers return: of interest only if it is a promise, whose rejection is a throw that comes later. */
import { raiseUncaught, SocketError } from '@pollux/core'

/** Whether it is a promise, of whatever make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Makes an uncaughtException of a rejection: for handlers after which nobody is left to be told. */
export function raiseRejection(result: unknown): void {
  if (isThenable(result)) result.then(undefined, raiseUncaught)
}

/**
 * The same promise, but a failure of the connection is no unhandledRejection: `close` tells of it as well, and a peer must not be
 * able to end a program that did not wait. Mistakes of the program's own still are one.
 */
export function excusingPeers<T>(work: Promise<T>): Promise<T> {
  const told = new Promise<T>((resolve, reject) => {
    work.then(resolve, (error: unknown) => {
      if (error instanceof SocketError) told.catch(() => {})
      reject(error)
    })
  })
  return told
}
