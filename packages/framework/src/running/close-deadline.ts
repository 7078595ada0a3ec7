/** The end of something that may take its time, up to a deadline. */
import { checkDeadline } from '../clients/client-options.js'

/** How long `close` waits, unless it is told. */
const CLOSE_DEADLINE_MS = 10_000

/** The longest delay of a Node timer. */
const MAX_DELAY_MS = 2 ** 31 - 1

export interface Deadline {
  /** Kept by `finish`. */
  readonly promise: Promise<void>
  /** @throws TypeError or RangeError for what is no deadline */
  check(deadlineMs: number | undefined): void
  /** Has `expired` be called then; may be called again, to bring it forward. */
  begin(deadlineMs: number | undefined): void
  /** It is over. */
  finish(): void
}

/** @param expired ends at once what is left */
export function closeDeadline(expired: () => void): Deadline {
  let timer: NodeJS.Timeout | undefined
  let atMs = Number.POSITIVE_INFINITY
  let finish = () => {}
  const promise = new Promise<void>((resolve) => {
    finish = resolve
  })
  return {
    promise,
    check(deadlineMs = CLOSE_DEADLINE_MS) {
      checkDeadline(deadlineMs)
    },
    begin(deadlineMs = CLOSE_DEADLINE_MS) {
      const wantedMs = performance.now() + deadlineMs
      if (wantedMs >= atMs) return
      atMs = wantedMs
      clearTimeout(timer)
      if (deadlineMs === 0) expired()
      else timer = setTimeout(expired, Math.min(deadlineMs, MAX_DELAY_MS))
    },
    finish() {
      clearTimeout(timer)
      finish()
    },
  }
}
