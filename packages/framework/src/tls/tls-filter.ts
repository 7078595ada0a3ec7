/**
 * TLS between a socket and its connection.
 *
 * ```
 *   socket ──received──▶ Wire ──▶ TLSSocket ──data──▶ deliver ──▶ Connection
 *   socket ◀─rawWrite─── Wire ◀── TLSSocket ◀─write─────────────  Connection
 *
 *   HANDSHAKE ──secure──▶ OPEN ──▶ CLOSED
 *       └──failed, too late─────────▲
 * ```
 *
 * Backpressure needs nothing of its own on the way in: a connection that is held does not read its socket. On the way out,
 * TLS waits for the wire, and the wire for the socket's queue.
 */
import type { TLSSocket } from 'node:tls'
import { CloseReason } from '../connection/close-reason.js'
import type { AnyConnection } from '../connection/connection.js'
import type { Filter } from '../connection/filter.js'
import { Secure } from './secure.js'
import { endedInHandshake, handshakeTimeout, notAuthorized, tlsError } from './tls-error.js'
import { Wire } from './wire.js'

const State = { HANDSHAKE: 0, OPEN: 1, CLOSED: 2 } as const

/** How a connection becomes TLS. */
export interface TlsSetup {
  isServer: boolean
  /** Whether a client's certificate has to be good. */
  verifies: 'no' | 'asks' | 'insists'
  /** Makes Node's half, on the wire. */
  wrap(wire: Wire): TLSSocket
  /** 0: none. */
  handshakeTimeoutMs: number
  onSession: ((session: Buffer) => void) | undefined
  /** The handshake is done. What it throws fails the connection. */
  done(): void
  /** The connection closed before that. */
  failed?(error: unknown): void
}

export class TlsFilter implements Filter {
  secure: Secure | undefined = undefined
  queuedBytes = 0
  private readonly connection: AnyConnection
  private readonly setup: TlsSetup
  private readonly wire: Wire
  private readonly socket: TLSSocket
  private state: (typeof State)[keyof typeof State] = State.HANDSHAKE
  private timer: NodeJS.Timeout | undefined = undefined
  /** Bytes that wait for `start`; null once it was called. */
  private early: Buffer[] | null = []
  private endsEarly = false

  constructor(connection: AnyConnection, setup: TlsSetup) {
    this.connection = connection
    this.setup = setup
    this.wire = new Wire(connection)
    this.socket = setup.wrap(this.wire)
    const { handshakeTimeoutMs } = setup
    if (handshakeTimeoutMs > 0) {
      this.timer = setTimeout(() => this.fail(handshakeTimeout(handshakeTimeoutMs)), handshakeTimeoutMs)
      this.timer.unref()
    }
    connection.readForFilter(true)
    this.listen()
  }

  /** @param undelivered what the peer sent before this was in place */
  start(undelivered: Buffer | undefined): void {
    const early = this.early ?? []
    this.early = null
    if (undelivered !== undefined) this.received(undelivered)
    for (const chunk of early) this.received(chunk)
    if (this.endsEarly || this.connection.peerHasEnded) this.peerEnded()
  }

  received(chunk: Buffer): void {
    // A copy: the stream may keep it for a while.
    const bytes = Buffer.from(chunk)
    if (this.early !== null) this.early.push(bytes)
    else if (!this.wire.readableEnded && !this.wire.destroyed) this.wire.push(bytes)
  }

  peerEnded(): void {
    if (this.early !== null) this.endsEarly = true
    else if (this.state === State.HANDSHAKE) this.fail(endedInHandshake())
    else if (!this.wire.destroyed) this.wire.push(null)
  }

  write(bytes: Uint8Array): void {
    const length = bytes.length
    this.queuedBytes += length
    // A copy: the bytes are the writer's again before they are encrypted.
    this.socket.write(Buffer.from(bytes), () => {
      this.queuedBytes -= length
      this.told(() => this.connection.deliverDrain())
    })
  }

  end(): void {
    this.socket.end()
  }

  drained(): void {
    this.wire.drained()
    this.connection.deliverDrain()
  }

  closed(): void {
    const wasOpening = this.state === State.HANDSHAKE
    this.state = State.CLOSED
    clearTimeout(this.timer)
    this.queuedBytes = 0
    this.early = null
    this.socket.destroy()
    this.wire.destroy()
    if (wasOpening) this.setup.failed?.(this.connection.failure)
  }

  private listen(): void {
    const { socket, wire, setup, connection } = this
    socket.on('data', (chunk: Buffer) => this.told(() => connection.deliver(chunk)))
    socket.on('end', () => this.told(() => connection.deliverEnd()))
    socket.on('error', (error) => this.fail(error))
    // Where no tls.Server has made it, a server's socket says so of what comes after the handshake, and only so.
    socket.on('_tlsError', (error: Error) => this.fail(error))
    // It destroys itself when a handshake fails, with an error or without.
    socket.on('close', () => {
      if (this.state === State.HANDSHAKE) this.fail(endedInHandshake())
    })
    // The socket tells of the same.
    wire.on('error', () => {})
    socket.once(setup.isServer ? 'secure' : 'secureConnect', () => this.told(() => this.established()))
    const { onSession } = setup
    if (onSession !== undefined) socket.on('session', (session) => this.told(() => onSession(session)))
  }

  private established(): void {
    if (this.state !== State.HANDSHAKE) return
    const { connection, setup, socket } = this
    const problem = setup.isServer ? this.problemOfClient() : authorizationErrorOf(socket)
    if (problem !== undefined && setup.verifies === 'insists') {
      this.fail(notAuthorized(problem))
      return
    }
    this.state = State.OPEN
    clearTimeout(this.timer)
    const authorized = setup.isServer ? setup.verifies !== 'no' && problem === undefined : socket.authorized
    this.secure = new Secure(socket, authorized, problem)
    connection.readForFilter(false)
    setup.done()
  }

  /** What is wrong with a client's certificate: tls.Server asks this way, and there is no other. */
  private problemOfClient(): string | undefined {
    if (this.setup.verifies === 'no') return undefined
    const { _handle } = this.socket as unknown as { _handle?: { verifyError?(): { code?: string } | null } }
    // Without an answer nobody is let in.
    if (typeof _handle?.verifyError !== 'function') return 'UNSPECIFIED'
    const error = _handle.verifyError()
    if (error === null || error === undefined) return undefined
    return error.code ?? 'UNSPECIFIED'
  }

  private fail(cause: unknown): void {
    if (this.state === State.CLOSED) return
    const during = this.state === State.HANDSHAKE ? 'the TLS handshake failed' : 'TLS failed'
    const isOurs = (cause as { name?: unknown } | null)?.name === 'TlsError'
    this.connection.destroyFor(CloseReason.TLS_ERROR, isOurs ? cause : tlsError(during, cause))
  }

  /** What handlers throw must not reach the streams. */
  private told(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.connection.loop.contain(this.connection, error)
    }
  }
}

function authorizationErrorOf(socket: TLSSocket): string | undefined {
  const error: unknown = socket.authorizationError
  if (error === null || error === undefined) return undefined
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : String(error)
}
