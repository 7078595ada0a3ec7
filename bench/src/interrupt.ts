/** Ctrl-C: a run ends after the measurement under way, and says what it has. */
import { INTERRUPTED, onInterrupt } from '../generator/dist/interrupt.js'

export { INTERRUPTED }

let isAsked = false

/** Whether the run shall end: asked between two measurements. */
export function isInterrupted(): boolean {
  return isAsked
}

/** Takes signals from now on. The second one ends the process, and with it all that it has started (load/pin.c). */
export function endOnSignals(say: (line: string) => void): void {
  onInterrupt((signal) => {
    isAsked = true
    say(`${signal}: this measurement is the last one; once more ends it at once`)
  })
}
