/** Structured logs: entry point of `@pollux/framework/logs`. */
export { type LogsOptions, logs } from './logs.js'
export type { SamplingOptions } from './sampler.js'
