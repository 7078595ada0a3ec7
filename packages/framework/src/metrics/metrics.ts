/** The plugin that puts a server's counters into a registry of prom-client. */
import { checkObject, invalidArgType } from '@pollux/core'
import { Registry, register } from 'prom-client'
import type { Plugin } from '../plugins/plugin.js'
import { Collector } from './collector.js'

/** Those of prom-client: where the metrics of a process are collected, and the one that it has by default. */
export { Registry, register }

/** What {@link metrics} takes. */
export interface MetricsOptions {
  /** Where the metrics go. Default: prom-client's own `register`, where other libraries' metrics are too. */
  registry?: Registry
}

/**
 * Metrics of a server and its event loop, for Prometheus. They are read when the registry is (`registry.metrics()`), from
 * counters that are kept anyway: messages and bytes cost nothing more. docs/metrics.md has a list of them.
 *
 * One registry may have any number of servers, and one plugin may be given to several. Each is told from the others by
 * its `name`, the label `server`, and is forgotten once it has closed.
 *
 * @throws TypeError for a bad option; what `createServer` throws: an Error of prom-client when the registry has another
 *   metric by a name of ours
 *
 * @example
 * ```ts
 * import { createServer } from '@pollux/framework'
 * import { metrics, Registry } from '@pollux/framework/metrics'
 *
 * const registry = new Registry()
 * const server = createServer({
 *   name: 'echo',
 *   plugins: [metrics({ registry })],
 *   data: (conn, chunk) => conn.write(chunk),
 * })
 * await server.listen({ host: '127.0.0.1', port: 0 })
 * console.log(await registry.metrics()) // … pollux_connections_open{server="echo"} 0 …
 * await server.close()
 * ```
 */
export function metrics(options: MetricsOptions = {}): Plugin {
  checkObject(options, 'options')
  const { registry = register } = options
  if (!isRegistry(registry)) throw invalidArgType('registry', 'an instance of Registry', registry)
  return {
    name: 'metrics',
    install: (server) => Collector.of(registry).add(server),
    closed: (server) => Collector.of(registry).remove(server),
  }
}

/** By what is asked of it: a program may have a second copy of prom-client. */
function isRegistry(value: unknown): value is Registry {
  return (
    typeof value === 'object' && value !== null && 'registerMetric' in value && 'getSingleMetric' in value
  )
}
