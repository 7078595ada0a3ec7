/**
 * Stands before a connection until the proxy's header is complete, then steps aside.
 *
 * ```
 *   PROXY TCP4 …\r\n | bytes of the client
 *   └─ this takes it ┘└─ the next filter, or the connection
 * ```
 */
import { incompleteFrame } from '../codecs/codec-error.js'
import { CloseReason } from '../connection/close-reason.js'
import type { AnyConnection } from '../connection/connection.js'
import type { Filter } from '../connection/filter.js'
import type { ProxyHeader } from './header.js'
import { parseProxyHeader, proxyVersionOf } from './parse.js'

const NOTHING = Buffer.alloc(0)

/** What is to become of it. */
export interface ProxyFilterOutcome {
  maxHeaderBytes: number
  /** Whether a connection may come without a header. */
  required: boolean
  /** Undefined: it came without. Called before the connection gets to know of it. */
  done(header: ProxyHeader | undefined): void
  failed(): void
  /** The connection has closed before. */
  closed(): void
}

export class ProxyFilter implements Filter {
  /** What is written goes straight to the socket. */
  readonly queuedBytes = 0
  private readonly connection: AnyConnection
  private readonly outcome: ProxyFilterOutcome
  private early: Buffer = NOTHING

  constructor(connection: AnyConnection, outcome: ProxyFilterOutcome) {
    this.connection = connection
    this.outcome = outcome
    connection.readForFilter(true)
  }

  received(chunk: Buffer): void {
    const bytes = this.early.length === 0 ? chunk : Buffer.concat([this.early, chunk])
    const { outcome } = this
    try {
      if (!outcome.required && proxyVersionOf(bytes) === 0) {
        this.finish(undefined, bytes, 0)
        return
      }
      const parsed = parseProxyHeader(bytes, outcome)
      if (parsed !== undefined) this.finish(parsed.header, bytes, parsed.length)
      // A copy: the chunk may have been lent.
      else this.early = Buffer.from(bytes)
    } catch (error) {
      this.fail(error)
    }
  }

  peerEnded(): void {
    const { connection, early } = this
    // Whoever only looks whether somebody listens (a health check) has done nothing wrong.
    if (early.length === 0) connection.destroyFor(CloseReason.ENDED)
    else this.fail(incompleteFrame(early.length))
  }

  write(bytes: Uint8Array): void {
    this.connection.rawWrite(bytes)
  }

  end(): void {
    this.connection.rawEnd()
  }

  drained(): void {
    this.connection.deliverDrain()
  }

  closed(): void {
    this.outcome.closed()
  }

  /** It is no header, or took too long. */
  fail(error: unknown): void {
    this.outcome.failed()
    this.connection.destroyFor(CloseReason.PROXY_HEADER, error)
  }

  private finish(header: ProxyHeader | undefined, bytes: Buffer, length: number): void {
    const { connection } = this
    this.outcome.done(header)
    connection.filter = null
    connection.readForFilter(false)
    connection.finishOpening()
    if (length < bytes.length) connection.onData(bytes.subarray(length))
  }
}
