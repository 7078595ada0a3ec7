/** From options to Node's TLS, for both parts. */
import { isIP } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import { nodeTls } from './node-tls.js'
import type { TlsSetup } from './tls-filter.js'
import { handshakeTimeoutOf, type TlsOptions } from './tls-options.js'
import type { Wire } from './wire.js'

type Outcome = Pick<TlsSetup, 'done' | 'failed'>

/**
 * What both parts share of all connections with the same options.
 *
 * @throws what `tls.createSecureContext` says of a key or a certificate
 */
export function secureContextOf(options: TlsOptions, isServer: boolean): SecureContext {
  if (options.secureContext !== undefined) return options.secureContext
  // OpenSSL resumes no session of a client with a certificate without it; of a client, one with the same only.
  return nodeTls().createSecureContext(isServer ? { sessionIdContext: 'pollux', ...options } : options)
}

/** The server's part of one connection. */
export function serverSetup(options: TlsOptions, secureContext: SecureContext, outcome: Outcome): TlsSetup {
  const { requestCert = false, rejectUnauthorized = true, ALPNProtocols, SNICallback } = options
  return {
    isServer: true,
    verifies: requestCert ? (rejectUnauthorized ? 'insists' : 'asks') : 'no',
    handshakeTimeoutMs: handshakeTimeoutOf(options),
    onSession: undefined,
    wrap(wire: Wire): TLSSocket {
      const { TLSSocket } = nodeTls()
      return new TLSSocket(wire as never, {
        isServer: true,
        secureContext,
        requestCert,
        rejectUnauthorized: requestCert && rejectUnauthorized,
        ...(ALPNProtocols !== undefined && { ALPNProtocols }),
        ...(SNICallback !== undefined && { SNICallback }),
      })
    },
    ...outcome,
  }
}

/**
 * The client's part of one connection.
 *
 * @param host that it was connected to, as the user wrote it
 */
export function clientSetup(
  options: TlsOptions,
  secureContext: SecureContext,
  host: string | undefined,
  outcome: Outcome,
): TlsSetup {
  const {
    rejectUnauthorized = true,
    onSession,
    ALPNProtocols,
    session,
    minDHSize,
    checkServerIdentity,
  } = options
  const servername = options.servername ?? (host !== undefined && isIP(host) === 0 ? host : undefined)
  return {
    isServer: false,
    // Node has looked by itself.
    verifies: 'no',
    handshakeTimeoutMs: handshakeTimeoutOf(options),
    onSession: onSession?.bind(options),
    wrap(wire: Wire): TLSSocket {
      return nodeTls().connect({
        socket: wire as never,
        secureContext,
        rejectUnauthorized,
        // An address can not be asked for, but the certificate has to name it.
        ...(host !== undefined && { host }),
        ...(servername !== undefined && { servername }),
        ...(ALPNProtocols !== undefined && { ALPNProtocols }),
        ...(session !== undefined && { session }),
        ...(minDHSize !== undefined && { minDHSize }),
        ...(checkServerIdentity !== undefined && { checkServerIdentity }),
      })
    },
    ...outcome,
  }
}
