/** A connection of the generator: a stream socket on the event loop, and what it sends. */
import {
  Channel,
  ChannelSocket,
  type EventLoop,
  Op,
  type SocketAddress,
  syscallName,
  systemError,
} from '@pollux/core'
import type { Output } from '../protocols/protocol.js'
import { WrongAnswer } from '../protocols/wrong-answer.js'
import type { SourceAddresses } from './source-addresses.js'

/** Where connections go, and where they come from. */
export interface Destination {
  loop: EventLoop
  address: SocketAddress
  /** Loopback addresses that connections come from in turn; without, the kernel chooses. */
  sources?: SourceAddresses
}

/** Errors count by these names: 'connect ECONNREFUSED', 'ECONNRESET', 'closed by the server', 'timeout', 'wrong answer'. */
export const CLOSED_BY_SERVER = 'closed by the server'
export const TIMEOUT = 'timeout'
export const WRONG_ANSWER = 'wrong answer'

/**
 * The base of the connections of all modes. Exactly one of `connected` and `failed` is called first; after `failed` and
 * `close` nothing comes but `closed`.
 */
export abstract class StreamChannel extends Channel implements Output {
  private over = false

  /** The connection is there. */
  protected abstract connected(): void
  /** It failed, in a way that counts as an error of this kind, and is being closed. */
  protected abstract failed(kind: string, error: Error): void
  /** Bytes came; valid until this returns. A `WrongAnswer` that is thrown here becomes a failure. */
  protected abstract received(bytes: Buffer): void
  /** The socket is gone. The last call. */
  protected abstract closed(): void
  /** The server sends no more. By default that is a failure. */
  protected ended(): void {
    this.give(CLOSED_BY_SERVER, new Error('the server closed the connection'))
  }

  write(bytes: Buffer): void {
    this.loop.submissions.copy(this.slot, this.generation, bytes, bytes.length)
  }

  text(text: string): void {
    this.loop.submissions.text(this.slot, this.generation, text, undefined)
  }

  /** Sends what waits, and closes. */
  close(): void {
    if (this.over) return
    this.over = true
    this.submit(Op.CLOSE)
  }

  /** Closes at once. */
  destroy(): void {
    if (this.over) return
    this.over = true
    this.submit(Op.DESTROY)
  }

  /** Closes at once, and counts as an error. */
  protected give(kind: string, error: Error): void {
    if (this.over) return
    this.destroy()
    this.failed(kind, error)
  }

  get isOver(): boolean {
    return this.over
  }

  // --- called by the loop ---

  override onConnect(errno: number): void {
    if (this.over) return
    if (errno === 0) {
      this.connected()
      return
    }
    const error = systemError(errno, 'connect')
    this.give(`connect ${error.code}`, error)
  }

  override onData(chunk: Buffer): void {
    if (!this.over) this.received(chunk)
  }

  override onEnd(): void {
    if (!this.over) this.ended()
  }

  override onError(errno: number, syscall: number): void {
    const error = systemError(errno, syscallName(syscall))
    this.give(error.code, error)
  }

  override onClosed(): void {
    this.over = true
    this.closed()
  }

  override fail(error: unknown): void {
    // A mistake of ours, or of a script: nothing that a server did.
    if (!(error instanceof WrongAnswer)) throw error
    this.give(WRONG_ANSWER, error)
  }
}

/**
 * Begins a connection.
 *
 * @param make its channel, for the slot and generation that it is given
 * @throws SocketError where there is no socket, source address or (Unix) listener; nothing is left open then
 */
export function dial<Connection extends StreamChannel>(
  { loop, address, sources }: Destination,
  make: (slot: number, generation: number) => Connection,
): Connection {
  const socket = ChannelSocket.create(address.family, loop)
  try {
    if (address.family !== 'Unix') {
      socket.setOption('noDelay', true)
      if (sources !== undefined) socket.bind({ host: sources.next(), port: 0 })
    }
    const connection = make(socket.slot, socket.generation)
    socket.connect(address, true)
    socket.release()
    return connection
  } catch (error) {
    socket.close()
    throw error
  }
}

/** What a thrown error of `dial` counts as. */
export function dialFailure(error: unknown): string {
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') throw error
  return `connect ${code}`
}
