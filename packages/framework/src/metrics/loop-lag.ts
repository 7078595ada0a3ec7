/** How late the event loop of this thread is, as node:perf_hooks measures it. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

/** How often it is measured. */
const RESOLUTION_MS = 10

const NS_PER_S = 1e9

/** Seconds between when a timer was due and when it fired. */
export interface Lag {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

const NO_LAG: Lag = { mean: 0, p50: 0, p90: 0, p99: 0, max: 0 }

/** Measures from `start` to `stop`; does not keep the process alive. */
export class LoopLag {
  private histogram: IntervalHistogram | undefined = undefined

  /** Idempotent. */
  start(): void {
    if (this.histogram !== undefined) return
    this.histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    this.histogram.enable()
  }

  /** Idempotent. */
  stop(): void {
    this.histogram?.disable()
    this.histogram = undefined
  }

  /** What was measured since it was read last; then it begins anew. */
  read(): Lag {
    const { histogram } = this
    // With no measurement at all `max` is 0 and `mean` is NaN.
    if (histogram === undefined || histogram.max === 0) return NO_LAG
    const lag = {
      mean: seconds(histogram.mean),
      p50: seconds(histogram.percentile(50)),
      p90: seconds(histogram.percentile(90)),
      p99: seconds(histogram.percentile(99)),
      max: seconds(histogram.max),
    }
    histogram.reset()
    return lag
  }
}

/** What was recorded is the time from one firing to the next, of which the interval itself is no lag. */
function seconds(intervalNs: number): number {
  return Math.max(intervalNs / NS_PER_S - RESOLUTION_MS / 1000, 0)
}
