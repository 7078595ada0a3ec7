/** How it is going, on a terminal: one line that is drawn again and again. Nothing where nobody looks at it. */
import { count, digits, time } from '../charts/numbers.js'
import type { Moment } from '../result.js'

const BAR = 20
const CLEAR_LINE = '\r\x1b[K'

/** What of a stream it needs: `process.stderr` is one. */
export interface Screen {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

export class Progress {
  readonly #screen: Screen
  #isDrawn = false

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** A moment of the measurement is over. */
  show(moment: Moment, { done, of }: { done: number; of: number }): void {
    if (this.#screen.isTTY !== true) return
    this.#isDrawn = true
    // One column is left free: a full line would wrap, and could not be drawn again.
    const width = (this.#screen.columns ?? 80) - 1
    this.#screen.write(`${CLEAR_LINE}${progressLine(moment, done / of).slice(0, width)}`)
  }

  /** Leaves the line to whatever is printed next. */
  end(): void {
    if (this.#isDrawn) this.#screen.write(CLEAR_LINE)
    this.#isDrawn = false
  }
}

/** @param share of the measurement that is over, 0 to 1 */
export function progressLine(moment: Moment, share: number): string {
  const full = Math.round(share * BAR)
  const total = share === 0 ? 0 : moment.seconds / share
  const rate = moment.length === 0 ? 0 : moment.messages / moment.length
  return [
    `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${moment.seconds.toFixed(1)} of ${total.toFixed(1)} s`,
    `${count(rate)}/s`,
    `p50 ${time(moment.p50Us)}`,
    `p99 ${time(moment.p99Us)}`,
    `max ${time(moment.maxUs)}`,
    ...(moment.messages === 0 ? [`nothing came for ${digits(moment.length)} s`] : []),
  ].join('  ')
}
