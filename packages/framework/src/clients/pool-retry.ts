/** When a pool connects again after failures, where only `minIdle` asks for a connection: that can wait. */
import { backoffMs } from './backoff.js'

const MIN_DELAY_MS = 100
const MAX_DELAY_MS = 30_000

export class PoolRetry {
  private failures = 0
  private timer: NodeJS.Timeout | undefined = undefined
  private referenced = true

  /** @param due the time has come */
  constructor(private readonly due: () => void) {}

  /** Whether it is waited for. */
  get isPending(): boolean {
    return this.timer !== undefined
  }

  succeeded(): void {
    this.failures = 0
  }

  failed(): void {
    this.failures++
  }

  later(): void {
    if (this.timer !== undefined) return
    const delayMs = backoffMs(this.failures, MIN_DELAY_MS, MAX_DELAY_MS)
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.due()
    }, delayMs)
    if (!this.referenced) this.timer.unref()
  }

  /** For good. */
  stop(): void {
    clearTimeout(this.timer)
  }

  setReferenced(referenced: boolean): void {
    this.referenced = referenced
    if (referenced) this.timer?.ref()
    else this.timer?.unref()
  }
}
