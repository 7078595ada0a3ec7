/** What an app that runs in several workers is told, and asks for. */
import type { SocketAddress } from '@pollux/core'
import type { SingleTarget } from '../../server/listen-target.js'
import type { AnyServer } from '../../server/server.js'
import type { Metrics } from './messages.js'

/** What {@link WorkerContext.useRegistry} takes: a `Registry` of prom-client. */
export interface MetricsSource {
  getMetricsAsJSON(): Promise<Metrics>
}

/** One worker, as the app in it sees it. */
export interface WorkerContext<Data = unknown> {
  /** Its place, from 0 to `count` - 1. Who replaces it gets the same. */
  readonly index: number
  /** How many workers there are. */
  readonly count: number
  /** What `serve` was given as `data`: a copy, made by the structured clone algorithm. */
  readonly data: Data
  /**
   * Listens as `server.listen` does, on an address that all workers share: port 0 is the same port in each. The server
   * is closed when the worker is to end.
   *
   * @param target with `fd`: a descriptor of the main thread's, such as `listenTargetsFromSystemd()` gives there
   * @throws what `server.listen` throws
   */
  listen(server: AnyServer, target: SingleTarget): Promise<SocketAddress>
  /** Whose metrics this worker contributes to `aggregateMetrics`. Default: prom-client's own `register`. */
  useRegistry(registry: MetricsSource): void
}

/**
 * The default export of an app's module. It makes its servers and lets them listen; when its promise is kept, the worker
 * is ready. A function that it returns is called when the worker ends, once its servers are closed.
 */
export type WorkerApp<Data = unknown> = (worker: WorkerContext<Data>) => unknown
