/** How long to wait before the next attempt. */

/**
 * Exponential back-off with jitter: anything from `minDelayMs` to a ceiling, which doubles with each failure up to
 * `maxDelayMs`. All clients of a server that went down come back spread over the whole range and not in waves.
 *
 * @param failures in a row, 1 or more
 * @param random from 0 to 1
 */
export function backoffMs(
  failures: number,
  minDelayMs: number,
  maxDelayMs: number,
  random: number = Math.random(),
): number {
  const ceilingMs = Math.min(maxDelayMs, minDelayMs * 2 ** failures)
  return Math.round(minDelayMs + random * (ceilingMs - minDelayMs))
}
