/** Clients: a connection that we open. */
import type { Connection } from '../connection/connection.js'
import type { ConnectionInit } from '../connection/handlers.js'
import { Settings } from '../connection/settings.js'
import { ConnectAttempt } from './connect-attempt.js'
import { type ConnectTarget, checkConnectTarget } from './connect-options.js'

/**
 * Connects. The promise is kept when the connection is open, after the `open` handler; until then no other handler is
 * called, and a failure rejects the promise.
 *
 * A host's addresses race for it (Happy Eyeballs, RFC 8305): IPv6 and IPv4 take turns, each gets a rival when it has not
 * answered within `attemptDelayMs` and is followed at once when it fails. The first that connects is taken, and the
 * others are destroyed.
 *
 * @throws SocketError (ECONNREFUSED, ETIMEDOUT, ENOENT, ENOTFOUND, …; of several addresses the error of the last, with
 *   an AggregateError of all as `cause`), the signal's reason, TypeError or RangeError
 *
 * @example
 * ```ts
 * import { connect } from '@pollux/framework'
 *
 * const conn = await connect({ host: '127.0.0.1', port: 7000, connectTimeoutMs: 1000 }, {
 *   data(conn, chunk) {
 *     console.log(chunk.toString())
 *     conn.end()
 *   },
 * })
 * conn.write('hello\n')
 * ```
 */
export async function connect<State = unknown, In = Buffer, Out = string | Uint8Array>(
  target: ConnectTarget,
  init: ConnectionInit<State, In, Out>,
): Promise<Connection<State, In, Out>> {
  const plan = checkConnectTarget(target)
  const settings = new Settings(init, () => [])
  plan.signal?.throwIfAborted()
  return new Promise((connected, failed) => {
    new ConnectAttempt(plan, settings, { connected, failed })
  })
}
