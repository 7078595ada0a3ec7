/** A listening socket's place on the event loop. */
import { AsyncResource } from 'node:async_hooks'
import { Channel, type EventLoop, Op, raiseUncaught, type SocketAddress } from '@pollux/core'
import { errnoError } from '../errors.js'
import { Wire } from '../wire.js'
import type { Server } from './server.js'

/** A listening socket. */
export class Listener extends Channel {
  readonly address: SocketAddress
  private readonly server: Server
  private readonly resource = new AsyncResource('TCPSERVERWRAP')
  private closing = false

  constructor(loop: EventLoop, slot: number, generation: number, server: Server, address: SocketAddress) {
    super(loop, slot, generation)
    this.server = server
    this.address = address
  }

  get fd(): number {
    return this.closing ? -1 : this.loop.reactor.fd(this.handle)
  }

  close(): void {
    if (this.closing) return
    this.closing = true
    this.submit(Op.DESTROY)
  }

  ref(): void {
    if (!this.closing) this.loop.reactor.ref(this.handle)
  }

  unref(): void {
    if (!this.closing) this.loop.reactor.unref(this.handle)
  }

  override onAccept(slot: number, generation: number): void {
    if (this.closing) {
      this.loop.submissions.push(Op.DESTROY, slot, generation, 0, 0)
      return
    }
    const wire = new Wire(this.loop, slot, generation, this.address.family === 'Unix', null)
    this.resource.runInAsyncScope(this.server.accepted, this.server, wire)
  }

  override onError(errno: number): void {
    this.close()
    this.resource.runInAsyncScope(() => this.server.emit('error', errnoError(-Math.abs(errno), 'accept')))
  }

  override fail(error: unknown): void {
    raiseUncaught(error)
  }
}
