/** TLS in mid-stream. */
import type { AnyConnection } from '../connection/connection.js'
import { Hold } from '../connection/holds.js'
import { startTlsClosed, startTlsTwice } from '../failures.js'
import { TlsFilter } from './tls-filter.js'
import {
  checkTlsOptions,
  HANDSHAKE_TIMEOUT_MS,
  handshakeTimeoutOf,
  type StartTlsOptions,
} from './tls-options.js'
import { clientSetup, secureContextOf, serverSetup } from './tls-setup.js'

/** See `Connection.startTls`. */
export async function startTls(connection: AnyConnection, given: StartTlsOptions): Promise<void> {
  const options = { handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS, ...checkTlsOptions(given) }
  handshakeTimeoutOf(options)
  if (connection.readyState !== 'open') throw startTlsClosed()
  if (connection.filter !== null) throw startTlsTwice()
  const secureContext = secureContextOf(options, connection.server !== undefined)
  await new Promise<void>((resolve, reject) => {
    const outcome = {
      done() {
        resolve()
        connection.release(Hold.TLS)
      },
      failed: (error: unknown) => reject(error ?? startTlsClosed()),
    }
    const setup =
      connection.server === undefined
        ? clientSetup(options, secureContext, connection.host, outcome)
        : serverSetup(options, secureContext, outcome)
    const filter = new TlsFilter(connection, setup)
    // A decoder further down the stack stops, and leaves what it has not consumed.
    connection.hold(Hold.TLS)
    connection.filter = filter
    queueMicrotask(() => filter.start(connection.takeUndelivered()))
  })
}
