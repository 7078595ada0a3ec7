/** What handlers return: of interest only if it is a promise, whose rejection is a throw that comes later. */
import { raiseUncaught } from '@pollux/core'

/** Whether it is a promise, of whatever make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Makes an uncaughtException of a rejection: for handlers after which nobody is left to be told. */
export function raiseRejection(result: unknown): void {
  if (isThenable(result)) result.then(undefined, raiseUncaught)
}
