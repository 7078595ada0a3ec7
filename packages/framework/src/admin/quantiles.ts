/** Quantiles of turn durations between two looks at their histograms. */
import type { Distribution, EventLoop } from '@pollux/core'

const US_PER_S = 1e6

/** What was added between two looks, by all loops; undefined without any loop. */
export function since(
  before: ReadonlyMap<EventLoop, Distribution>,
  now: ReadonlyMap<EventLoop, Distribution>,
): Distribution | undefined {
  let bounds: readonly number[] | undefined
  let sum = 0
  const counts: number[] = []
  for (const [loop, distribution] of now) {
    const earlier = before.get(loop)
    bounds = distribution.bounds
    sum += distribution.sum - (earlier?.sum ?? 0)
    distribution.counts.forEach((count, i) => {
      counts[i] = (counts[i] ?? 0) + count - (earlier?.counts[i] ?? 0)
    })
  }
  return bounds === undefined ? undefined : { bounds, counts, sum }
}

/**
 * The quantile in seconds, with values spread evenly within their bucket, as Prometheus' histogram_quantile does: null
 * where there is no value, and the last bound for what is past it.
 */
export function quantile(microseconds: Distribution | undefined, part: number): number | null {
  if (microseconds === undefined) return null
  const { bounds, counts } = microseconds
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const rank = part * total
  let below = 0
  for (let i = 0; i < bounds.length; i++) {
    const count = counts[i]
    if (count > 0 && below + count >= rank) {
      const low = i === 0 ? 0 : bounds[i - 1]
      return (low + ((bounds[i] - low) * (rank - below)) / count) / US_PER_S
    }
    below += count
  }
  return bounds[bounds.length - 1] / US_PER_S
}
