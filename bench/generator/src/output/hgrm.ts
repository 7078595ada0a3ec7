/** HdrHistogram's text of percentiles, which its plotter reads (https://hdrhistogram.github.io/HdrHistogram/plotFiles.html). */
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import type { Result } from '../result.js'

const TICKS_PER_HALF_DISTANCE = 5
const NS_PER_MS = 1e6

/** In milliseconds, which is what the plotter calls its axis. */
export function resultHgrm({ latency }: Result): string {
  return decodeFromCompressedBase64(latency.histogram).outputPercentileDistribution(
    TICKS_PER_HALF_DISTANCE,
    NS_PER_MS,
  )
}
