/**
 * Handlers of what has come, and the promises that they return: until one is settled, nothing else is delivered.
 */
import { ConnectionHolds } from './connection-holds.js'
import { DECODING, DELIVERY_DUE, HAD_MESSAGE, HANDLER_RUNS } from './flags.js'
import { Hold } from './holds.js'
import { isThenable } from './results.js'

export abstract class ConnectionHandling<State, In, Out> extends ConnectionHolds<State, In, Out> {
  protected handleChunk(chunk: Buffer): void {
    const { settings } = this
    if (settings.data === null) {
      this.keep(chunk, 0, chunk.length)
      return
    }
    this.flags |= HAD_MESSAGE
    const result = settings.data.call(settings.self, this as never, chunk)
    if (result !== undefined) this.awaitHandler(result)
  }

  protected handleMessage(message: In): void {
    const { settings } = this
    settings.statistics.messagesReceived++
    this.flags |= HAD_MESSAGE
    if (settings.hooks.message !== null && !this.tellMessage(message)) return
    if (settings.message === null) return
    const result = settings.message.call(settings.self, this as never, message)
    if (result !== undefined) this.awaitHandler(result)
  }

  /** A handler's promise: until it is settled, nothing else is delivered. */
  protected awaitHandler(result: unknown): void {
    if (!isThenable(result)) return
    if (this.settings.adapter !== null) {
      // It asks for each message by itself, often from within this very handler.
      this.flags |= HANDLER_RUNS
      result.then(
        () => this.adaptedHandlerDone(),
        (error: unknown) => this.loop.contain(this, error),
      )
      return
    }
    // Reading is paused only if more comes meanwhile: most promises are faster.
    this.holds |= Hold.HANDLER
    result.then(
      () => this.handlerDone(),
      (error: unknown) => {
        this.holds &= ~Hold.HANDLER
        this.loop.contain(this, error)
      },
    )
  }

  /** Of a handler that holds nothing back: another, which an upgrade has brought, may hold by now. */
  private adaptedHandlerDone(): void {
    this.flags &= ~HANDLER_RUNS
    this.settings.adapter?.onHandlerDone()
  }

  private handlerDone(): void {
    if ((this.flags & HANDLER_RUNS) !== 0 && this.settings.adapter !== null) {
      this.adaptedHandlerDone()
      return
    }
    this.holds &= ~Hold.HANDLER
    if (this.stands || (this.flags & (DECODING | DELIVERY_DUE)) !== 0) return
    this.deliverWaiting()
  }

  private tellMessage(message: In): boolean {
    for (const plugin of this.settings.hooks.message ?? []) {
      if (plugin.message(this as never, message) === false) return false
    }
    return true
  }
}
