/** Ctrl-C, in two steps. */

/** The exit code of a run that was broken off, as shells have it. */
export const INTERRUPTED = 130

/**
 * Takes SIGINT and SIGTERM from now on: the first is told, and is to end the run in good order; the second ends the process
 * at once.
 */
export function onInterrupt(told: (signal: string) => void): void {
  let isTold = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isTold) process.exit(INTERRUPTED)
      isTold = true
      told(signal)
    })
  }
}
