/** When a promise gives up: what the calls that wait can be told, and how it is checked. */
import { checkInteger, checkObject, checkSignal } from './validate.js'

/** What setTimeout(2 147 483 648) would make 1. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** When a promise gives up waiting. What was transferred by then stays transferred. */
export interface WaitOptions {
  /** Rejects the promise with the signal's reason. */
  signal?: AbortSignal
  /**
   * Milliseconds (to 2 147 483 647) until the promise is rejected with ERR_POLLUX_TIMEOUT; 0: at once if it would block.
   * Default: never.
   */
  timeoutMs?: number
}

/** The same, checked. */
export interface Patience {
  signal: AbortSignal | undefined
  timeoutMs: number | undefined
}

/** @throws TypeError, RangeError */
export function checkWaitOptions(options: WaitOptions = {}): Patience {
  checkObject(options, 'options')
  const { signal, timeoutMs } = options
  if (signal !== undefined) checkSignal(signal, 'options.signal')
  if (timeoutMs !== undefined) checkInteger(timeoutMs, 'options.timeoutMs', 0, MAX_TIMEOUT_MS)
  return { signal, timeoutMs }
}
