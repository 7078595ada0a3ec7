/** What may stand between a socket and its connection: TLS, the header of a proxy. */

import type { Secure } from '../tls/secure.js'

/**
 * Sees the socket's bytes in place of the connection, and hands on what is meant for it.
 *
 * ```
 *   socket ──received──▶ Filter ──deliver──▶ Connection ──▶ codec, handlers
 *   socket ◀─rawWrite─── Filter ◀───write─── Connection ◀── write, send
 * ```
 */
export interface Filter {
  /** Bytes that the connection has written and that this has not passed on. */
  readonly queuedBytes: number
  /** What TLS has agreed on with the peer, if this is TLS and has. */
  readonly secure?: Secure | undefined
  /** The socket received bytes. They are valid until this returns, unless the connection's chunks are kept. */
  received(chunk: Buffer): void
  /** The peer ended. To be passed on by `deliverEnd`. */
  peerEnded(): void
  /** The connection writes; the bytes are its own again when this returns. */
  write(bytes: Uint8Array): void
  /** The connection ends its half, after all that it wrote. To be passed on by `rawEnd`. */
  end(): void
  /** The socket's queue, which `rawWrite` had called too long, has drained; or `deliverDrain` waits for it. */
  drained(): void
  /** The connection is closed. */
  closed(): void
}
