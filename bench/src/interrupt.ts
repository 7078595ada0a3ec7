/** Ctrl-C: a run ends after the measurement under way, and says what it has. */

/** The exit code of a run that was broken off, as shells have it. */
export const INTERRUPTED = 130

let isAsked = false

/** Whether the run shall end: asked between two measurements. */
export function isInterrupted(): boolean {
  return isAsked
}

/**
 * Takes SIGINT and SIGTERM from now on. The second one ends the process at once, and with it all that it has started
 * (load/pin.c).
 */
export function endOnSignals(say: (line: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isAsked) process.exit(INTERRUPTED)
      isAsked = true
      say(`${signal}: this measurement is the last one; once more ends it at once`)
    })
  }
}
