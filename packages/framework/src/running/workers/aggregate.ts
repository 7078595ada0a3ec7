/** Metrics of all workers in one registry. prom-client is loaded when they are first asked for. */
import type { Registry } from 'prom-client'
import type { Metrics } from './messages.js'

/** What became of the workers themselves. */
export interface WorkerCounts {
  ready: number
  restarts: number
}

/** Each metric by its own rule (`aggregator` of its configuration), which is the sum unless it says otherwise. */
export async function aggregate(parts: Metrics[], { ready, restarts }: WorkerCounts): Promise<Registry> {
  const { AggregatorRegistry, Counter, Gauge } = await import('prom-client')
  const registry = AggregatorRegistry.aggregate(parts) as Registry
  const registers = [registry]
  new Gauge({ name: 'pollux_workers', help: 'Workers that are ready.', registers }).set(ready)
  const name = 'pollux_worker_restarts_total'
  new Counter({
    name,
    help: 'Workers that were replaced because they had ended by themselves.',
    registers,
  }).inc(restarts)
  return registry
}

/**
 * What of a worker's metrics outlives it: what it has counted. Without that the sums of all workers would fall with each
 * one that ends, and who looks at them would take it for a restart of everything.
 */
export function countedIn(metrics: Metrics): Metrics {
  return metrics.filter(({ type }) => isCount(type))
}

/** The type is an enumeration by its declaration, and a word in fact. */
function isCount(type: unknown): boolean {
  return type === 'counter' || type === 'histogram'
}

/** The counts of several that have ended, as those of one. */
export async function mergeCounts(parts: Metrics[]): Promise<Metrics> {
  const { AggregatorRegistry } = await import('prom-client')
  return (AggregatorRegistry.aggregate(parts) as Registry).getMetricsAsJSON()
}
