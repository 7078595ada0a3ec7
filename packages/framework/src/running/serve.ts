/** A server on all cores: one reactor for each worker thread. */
import { resolveServeOptions, type ServeOptions } from './workers/options.js'
import { WorkerGroup } from './workers/worker-group.js'

/**
 * Runs an app in several worker threads, each with an event loop of its own, which listen on the same addresses. The
 * kernel spreads the connections (SO_REUSEPORT on Linux; elsewhere, and on a Unix socket, whoever is first takes one).
 * A worker that ends by itself is replaced while its siblings go on; its own connections are lost, not those that were
 * waiting to be accepted.
 *
 * The app is a module whose default export is a function, called in each worker: see {@link WorkerContext}.
 *
 * @param app the URL of the module
 * @returns when all workers are ready
 * @throws SocketError ERR_POLLUX_WORKER_START when one of them can't start (`cause` is what the app threw: EADDRINUSE,
 *   say), and then none stays; TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * // app.js
 * import { createServer } from '@pollux/framework'
 *
 * export default async function start(worker) {
 *   const server = createServer({ data: (conn, chunk) => conn.write(chunk) })
 *   await worker.listen(server, { host: '127.0.0.1', port: 7000 })
 * }
 * ```
 * ```ts
 * // main.js
 * import { serve } from '@pollux/framework'
 *
 * const group = await serve(new URL('./app.js', import.meta.url), { workers: 'auto', signals: true })
 * console.log(group.address)
 * ```
 */
export async function serve(app: URL, options: ServeOptions = {}): Promise<WorkerGroup> {
  return new WorkerGroup(resolveServeOptions(app, options)).start()
}
