/** A histogram for prom-client whose buckets somebody else has counted. */
import type { Distribution } from '@pollux/core'
import type { Metric, Registry } from 'prom-client'

/** A distribution and the labels that it goes by. */
export interface Recorded {
  readonly labels: Readonly<Record<string, string>>
  readonly distribution: Distribution
}

/**
 * prom-client's own histogram takes one observation at a time, which would be a call for each turn. This one has the
 * part of a metric that a registry asks for.
 */
export class RecordedHistogram {
  readonly type = 'histogram'
  readonly aggregator = 'sum'

  constructor(
    readonly name: string,
    readonly help: string,
    /** What bounds and sums are divided by. */
    private readonly unit: number,
    private readonly read: () => Iterable<Recorded>,
  ) {}

  /** Puts it into a registry, whose type knows prom-client's own classes only. */
  register(registry: Registry): void {
    registry.registerMetric(this as unknown as Metric)
  }

  /** Called by the registry, at a scrape. */
  async get() {
    const { name, help, type, aggregator } = this
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = []
    for (const { labels, distribution } of this.read()) {
      let total = 0
      distribution.counts.forEach((count, i) => {
        total += count
        const bound = distribution.bounds[i]
        const le = bound === undefined ? '+Inf' : bound / this.unit
        values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: total })
      })
      values.push({ metricName: `${name}_sum`, labels, value: distribution.sum / this.unit })
      values.push({ metricName: `${name}_count`, labels, value: total })
    }
    return { name, help, type, aggregator, values }
  }

  /** Called by `registry.resetMetrics()`. What is counted belongs to the loop, and goes on. */
  reset(): void {}
}
