/** One listening socket of a server. */
import {
  Channel,
  type EventLoop,
  Op,
  raiseUncaught,
  type SocketAddress,
  syscallName,
  systemError,
} from '@pollux/core'
import type { Server } from './server.js'

export class Listener<State, In, Out> extends Channel {
  /** Where it listens, with the port that the system chose. */
  readonly address: SocketAddress
  private readonly server: Server<State, In, Out>
  private closing = false

  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    server: Server<State, In, Out>,
    address: SocketAddress,
  ) {
    super(loop, slot, generation)
    this.server = server
    this.address = address
  }

  /** Stops listening; the reactor unlinks the file of a Unix socket. */
  close(): void {
    if (this.closing) return
    this.closing = true
    this.submit(Op.DESTROY)
  }

  /** Takes no connections: they wait in the kernel's queue, as many as the backlog allows. */
  pause(): void {
    if (!this.closing) this.submit(Op.PAUSE)
  }

  /** Takes them again. */
  resume(): void {
    if (!this.closing) this.submit(Op.RESUME)
  }

  /** Whether the process stays alive for it. */
  setReferenced(referenced: boolean): void {
    if (this.closing) return
    if (referenced) this.loop.reactor.ref(this.handle)
    else this.loop.reactor.unref(this.handle)
  }

  override onAccept(slot: number, generation: number): void {
    // Taken by the kernel before it heard that we stopped.
    if (this.closing) this.loop.submissions.push(Op.DESTROY, slot, generation, 0, 0)
    else this.server.accepted(slot, generation)
  }

  override onAcceptPaused(errno: number, retryMs: number): void {
    this.server.acceptPaused(systemError(errno, 'accept', this.address), retryMs)
  }

  override onAcceptResumed(): void {
    this.server.acceptResumed()
  }

  override onError(errno: number, syscall: number): void {
    this.close()
    this.server.listenerFailed(systemError(errno, syscallName(syscall), this.address))
  }

  override onClosed(): void {
    this.closing = true
    this.server.listenerClosed(this)
  }

  /** A handler of the server itself threw: no connection is to blame. */
  override fail(error: unknown): void {
    raiseUncaught(error)
  }
}
