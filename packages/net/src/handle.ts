/** What sockets and servers have in common below: a place on the event loop, as Node's have a handle. */
import { AsyncResource } from 'node:async_hooks'
import { Channel, type EventLoop, raiseUncaught, UnderlyingSocket } from '@pollux/core'

export abstract class Handle extends Channel {
  /** Whose context what the reactor says is told in. */
  protected readonly resource: AsyncResource
  protected isReferenced = true
  protected closing = false
  private underlying: UnderlyingSocket | null = null

  /** @param type of the resource, as `async_hooks` shows Node's handles */
  constructor(loop: EventLoop, slot: number, generation: number, type: string) {
    super(loop, slot, generation)
    this.resource = new AsyncResource(type)
  }

  /** -1 once it is closed. */
  get fd(): number {
    return this.closing ? -1 : this.loop.reactor.fd(this.handle)
  }

  /** The rest of Berkeley sockets on this one: made for the few that ask. */
  get berkeley(): UnderlyingSocket {
    this.underlying ??= new UnderlyingSocket(this.loop, this.handle)
    return this.underlying
  }

  getAsyncId(): number {
    return this.resource.asyncId()
  }

  ref(): void {
    this.isReferenced = true
    if (!this.closing) this.settleReference()
  }

  unref(): void {
    this.isReferenced = false
    if (!this.closing) this.settleReference()
  }

  hasRef(): boolean {
    return this.isReferenced && !this.closing
  }

  /** What listeners throw is nobody's but the process's: the socket goes on, as Node has it. */
  override fail(error: unknown): void {
    // In its context, in which Node has it: who reports errors asks an AsyncLocalStorage whose they are.
    this.resource.runInAsyncScope(raiseUncaught, undefined, error)
  }

  /** Whether the process waits for this one. */
  protected settleReference(): void {
    if (this.isReferenced) this.loop.reactor.ref(this.handle)
    else this.loop.reactor.unref(this.handle)
  }
}
