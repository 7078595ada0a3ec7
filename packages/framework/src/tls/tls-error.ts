/** What goes wrong with TLS. */
import { ErrorCode, SocketError } from '@pollux/core'

/**
 * TLS failed. `code` is that of OpenSSL or Node (`'ERR_SSL_WRONG_VERSION_NUMBER'`, `'DEPTH_ZERO_SELF_SIGNED_CERT'`,
 * `'ERR_TLS_CERT_ALTNAME_INVALID'`), or ERR_POLLUX_TLS where there is none; `cause` is what Node said.
 */
export class TlsError extends SocketError {
  override readonly name = 'TlsError'
}

/** @param during what was going on: 'the TLS handshake failed', 'TLS failed' */
export function tlsError(during: string, cause: unknown): TlsError {
  const { code, message } = cause as { code?: unknown; message?: unknown }
  const why = typeof message === 'string' ? message.trim() : String(cause)
  return new TlsError(`${during}: ${why}`, { code: typeof code === 'string' ? code : ErrorCode.TLS, cause })
}

export function handshakeTimeout(timeoutMs: number): TlsError {
  const text = `the TLS handshake was not done within tls.handshakeTimeoutMs (${timeoutMs})`
  return new TlsError(text, { code: ErrorCode.HANDSHAKE_TIMEOUT })
}

export function endedInHandshake(): TlsError {
  return new TlsError('the peer ended during the TLS handshake', { code: ErrorCode.TLS })
}

/** @param code OpenSSL's name for what is wrong with the certificate */
export function notAuthorized(code: string): TlsError {
  return new TlsError(`the client's certificate is not accepted: ${code}`, { code })
}
