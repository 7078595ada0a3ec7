/** Metrics for Prometheus: entry point of `@pollux/framework/metrics`. */
export { type MetricsOptions, metrics, Registry, register } from './metrics.js'
