/**
 * Makes an uncaughtException of an error that nobody is left to hear, after the present batch of events: not in a
 * microtask, which would run in the midst of others that belong to the batch.
 */
export function raiseUncaught(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
