/** Metrics for Prometheus: entry point of `@pollux/framework/metrics`. */
export { type MetricsOptions, metrics, register, Registry } from './metrics.js'
