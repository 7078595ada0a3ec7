/** The option `tls`, as a plugin behind all others. */
import type { SecureContext } from 'node:tls'
import type { AnyConnection } from '../connection/connection.js'
import type { Plugin } from '../plugins/plugin.js'
import { TlsFilter } from './tls-filter.js'
import { checkTlsOptions, handshakeTimeoutOf, type TlsOptions } from './tls-options.js'
import { clientSetup, secureContextOf, serverSetup } from './tls-setup.js'

export class TlsPlugin implements Plugin {
  readonly name = 'tls'
  private options: TlsOptions
  private secureContext: SecureContext

  /** @throws TypeError, RangeError, or what OpenSSL says of a key or certificate */
  constructor(options: unknown) {
    this.options = checkTlsOptions(options)
    handshakeTimeoutOf(this.options)
    this.secureContext = secureContextOf(this.options, false)
  }

  install(): void {
    this.secureContext = secureContextOf(this.options, true)
  }

  /** New keys and certificates, for handshakes from now on. What is not given stays as it was. */
  setSecureContext(options: unknown): void {
    const { secureContext: _, ...before } = this.options
    const changed = { ...before, ...checkTlsOptions(options) }
    this.secureContext = secureContextOf(changed, true)
    this.options = changed
  }

  accept(connection: AnyConnection): undefined {
    const { options, secureContext } = this
    connection.holdOpening()
    const outcome = { done: () => connection.finishOpening() }
    const setup =
      connection.server === undefined
        ? clientSetup(options, secureContext, connection.host, outcome)
        : serverSetup(options, secureContext, outcome)
    const filter = new TlsFilter(connection, setup)
    connection.filter = filter
    filter.start(connection.takeUndelivered())
  }
}
