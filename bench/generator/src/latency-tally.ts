/** Latencies of a moment, counted at a fraction of the cost of a histogram, which gets them at the moment's end. */
import type { Histogram } from 'hdr-histogram-js'

/** What `Math.clz32` can place: latencies up to 2.1 s. The few longer ones go to the histogram at once. */
const END_NS = 2 ** 31

/** Of each power of two, as many as HdrHistogram has for three digits. */
const BUCKET_BITS = 10

/**
 * The buckets of HdrHistogram for three digits, so that nothing is lost on the way there, without its logarithms.
 *
 * ```
 *   0 … 2047         one nanosecond each
 *   2048 … 4095      1,024 of 2 ns        index = bits to drop × 1024 + what is left of the value, 1024 to 2047
 *   4096 … 8191      1,024 of 4 ns, …
 * ```
 */
export class LatencyTally {
  private readonly counts = new Float64Array(((31 - BUCKET_BITS) << BUCKET_BITS) + (1 << BUCKET_BITS))
  /** The highest of them, which the buckets would round. */
  private highestNs = 0

  /** @param histogram gets what is too long to be counted here; with `empty`, the rest */
  constructor(private histogram: Histogram) {}

  /** A latency in whole nanoseconds, from 0 on. */
  add(ns: number): void {
    if (ns >= END_NS) {
      this.histogram.recordValue(ns)
      return
    }
    if (ns > this.highestNs) this.highestNs = ns
    const at = placeOf(ns)
    this.counts[at] = (this.counts[at] as number) + 1
  }

  /** Begins anew with another histogram, and returns the one that has everything until now. */
  replace(next: Histogram): Histogram {
    const { counts, histogram, highestNs } = this
    if (highestNs > 0) {
      const at = placeOf(highestNs)
      counts[at] = (counts[at] as number) - 1
      histogram.recordValue(highestNs)
    }
    for (let at = 0; at < counts.length; at++) {
      const count = counts[at] as number
      if (count > 0) histogram.recordValueWithCount(lowestOf(at), count)
    }
    counts.fill(0)
    this.highestNs = 0
    this.histogram = next
    return histogram
  }
}

function placeOf(ns: number): number {
  const dropped = ns < 2 << BUCKET_BITS ? 0 : 31 - BUCKET_BITS - Math.clz32(ns)
  return (dropped << BUCKET_BITS) + (ns >>> dropped)
}

/** The least latency that is counted there. */
function lowestOf(at: number): number {
  if (at < 2 << BUCKET_BITS) return at
  const dropped = (at >>> BUCKET_BITS) - 1
  return (at - (dropped << BUCKET_BITS)) * 2 ** dropped
}
