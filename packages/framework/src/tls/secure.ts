/** What TLS has agreed on with the peer. */
import type { CipherNameAndProtocol, DetailedPeerCertificate, PeerCertificate, TLSSocket } from 'node:tls'

/**
 * A connection's TLS, as `conn.secure`.
 *
 * @example
 * ```ts
 * const { protocol, alpnProtocol, authorized } = conn.secure ?? {}
 * console.log(protocol, alpnProtocol, authorized) // 'TLSv1.3', 'my-protocol', true
 * ```
 */
export class Secure {
  /** Whether the peer's certificate was checked and found good. Of a server: false unless `requestCert` is set. */
  readonly authorized: boolean
  /** What was wrong with the peer's certificate, if that is known and was let pass: the code that OpenSSL gives it. */
  readonly authorizationError: string | undefined
  /** 'TLSv1.3', 'TLSv1.2', … */
  readonly protocol: string
  /** What is used to encrypt. */
  readonly cipher: CipherNameAndProtocol
  /** The protocol that both ends speak (ALPN); undefined where they have not agreed on one. */
  readonly alpnProtocol: string | undefined
  /** The name that the client asked for (SNI), if it did. */
  readonly servername: string | undefined
  /** Whether an earlier session was resumed. */
  readonly isSessionReused: boolean
  private readonly socket: TLSSocket

  /** Internal. */
  constructor(socket: TLSSocket, authorized: boolean, authorizationError: string | undefined) {
    this.socket = socket
    this.authorized = authorized
    this.authorizationError = authorizationError
    this.protocol = socket.getProtocol() ?? ''
    this.cipher = socket.getCipher()
    this.alpnProtocol = socket.alpnProtocol || undefined
    this.servername = (socket as { servername?: string | false }).servername || undefined
    this.isSessionReused = socket.isSessionReused()
  }

  /** The peer's certificate; undefined if it gave none, or the connection is closed. */
  get peerCertificate(): PeerCertificate | undefined {
    const certificate = this.socket.getPeerCertificate() as PeerCertificate | null
    return certificate === null || Object.keys(certificate).length === 0 ? undefined : certificate
  }

  /** The peer's certificate and those that vouch for it (`issuerCertificate`). */
  get peerCertificateChain(): DetailedPeerCertificate | undefined {
    const certificate = this.socket.getPeerCertificate(true) as DetailedPeerCertificate | null
    return certificate === null || Object.keys(certificate).length === 0 ? undefined : certificate
  }

  /** The session, for a later connection of a client to resume; with TLS 1.3 see `onSession`. */
  get session(): Buffer | undefined {
    return this.socket.getSession()
  }

  /** Bytes that both ends of this connection know and nobody else does (RFC 5705). */
  exportKeyingMaterial(length: number, label: string, context: Buffer): Buffer {
    return this.socket.exportKeyingMaterial(length, label, context)
  }
}
