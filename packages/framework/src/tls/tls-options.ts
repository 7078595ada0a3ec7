/** What TLS can be told: Node's own options, and when to lose patience. */
import type {
  ConnectionOptions as NodeClientOptions,
  SecureContext,
  SecureContextOptions,
  TLSSocketOptions,
} from 'node:tls'
import { checkInteger, checkObject } from '@pollux/core'

/** Options of a server's part. All but the last are Node's, of `tls.createServer` and `tls.createSecureContext`. */
export interface TlsServerOptions extends SecureContextOptions {
  /** Ready-made, in place of `key`, `cert` and the other options of `tls.createSecureContext`. */
  secureContext?: SecureContext
  /** Asks clients for a certificate. Default false. */
  requestCert?: boolean
  /**
   * Of a server with `requestCert`: refuses clients without a certificate that `ca` vouches for. Of a client: refuses
   * servers whose certificate it does not believe. Default true.
   */
  rejectUnauthorized?: boolean
  /** Protocols for ALPN, best first. */
  ALPNProtocols?: string[]
  /** Another context for the name that the client asked for (SNI); null or undefined: the usual one. */
  SNICallback?: TLSSocketOptions['SNICallback']
  /**
   * A handshake that takes longer closes the connection with 'tls_error'. Default: there is `handshakeTimeoutMs` of the server
   * or of `connect`, which bounds all that comes before `open`; for `startTls` 10 000. 0: this is no limit.
   */
  handshakeTimeoutMs?: number
}

/** Options of a client's part. All but `onSession` and `handshakeTimeoutMs` are Node's, of `tls.connect`. */
export interface TlsClientOptions extends Omit<TlsServerOptions, 'requestCert' | 'SNICallback'> {
  /**
   * The name that is sent to the server (SNI) and that its certificate must have. Default: the host that `connect` was told; an
   * address is checked, and not sent.
   */
  servername?: string
  /** Says what is wrong with the server's certificate for the name. Default: `tls.checkServerIdentity`. */
  checkServerIdentity?: NodeClientOptions['checkServerIdentity']
  /** A session of an earlier connection, to resume. */
  session?: Buffer
  /** The server gave a session that a later connection may resume; with TLS 1.3 several, after the handshake. */
  onSession?(session: Buffer): void
  /** The least bytes of a Diffie-Hellman key. Default 1024. */
  minDHSize?: number
}

/** The option `tls`, of servers and clients. */
export type TlsOptions = TlsServerOptions & TlsClientOptions

/** What `startTls` takes. */
export type StartTlsOptions = TlsOptions

/** Of `startTls`, which nothing else bounds. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** @throws TypeError, RangeError */
export function checkTlsOptions(options: unknown): TlsOptions {
  return checkObject(options, 'tls') as TlsOptions
}

/** @throws TypeError, RangeError */
export function handshakeTimeoutOf({ handshakeTimeoutMs = 0 }: TlsOptions): number {
  return checkInteger(handshakeTimeoutMs, 'tls.handshakeTimeoutMs', 0, MAX_TIMEOUT_MS)
}
