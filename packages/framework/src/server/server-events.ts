/** What happens to a server itself: its plugins are told and then its handlers, each of them whatever another throws. */
import { raiseUncaught, type SocketAddress, type SocketError } from '@pollux/core'
import type { ServerHandlers } from '../connection/handlers.js'
import { contained } from '../plugins/contained.js'
import type { Hooks } from '../plugins/hooks.js'
import type { OverloadLevel } from '../plugins/plugin.js'
import type { Server } from './server.js'

export class ServerEvents<State, In, Out> {
  private warnedOfPause = false

  constructor(
    private readonly server: Server<State, In, Out>,
    private readonly hooks: Hooks,
    private readonly handlers: ServerHandlers<State, In, Out>,
  ) {}

  listening(address: SocketAddress): void {
    for (const plugin of this.hooks.listening ?? []) contained(() => plugin.listening(this.server, address))
    contained(() => this.handlers.listening?.(this.server, address))
  }

  closing(): void {
    for (const plugin of this.hooks.closing ?? []) contained(() => plugin.closing(this.server))
    contained(() => this.handlers.closing?.(this.server))
  }

  closed(): void {
    for (const plugin of this.hooks.closed ?? []) contained(() => plugin.closed(this.server))
  }

  overload(level: OverloadLevel): void {
    for (const plugin of this.hooks.overload ?? []) contained(() => plugin.overload(this.server, level))
    contained(() => this.handlers.overload?.(this.server, level))
  }

  acceptPaused(error: SocketError, retryMs: number): void {
    const { hooks, handlers, server } = this
    for (const plugin of hooks.acceptPaused ?? [])
      contained(() => plugin.acceptPaused(server, error, retryMs))
    if (handlers.acceptPaused !== undefined) {
      contained(() => handlers.acceptPaused?.(server, error, retryMs))
    } else if (!this.warnedOfPause) {
      this.warnedOfPause = true
      const text = `The server accepts no connections for a while, until resources are free: ${error.message}`
      process.emitWarning(text, { type: 'PolluxWarning', code: 'POLLUX_ACCEPT_PAUSED' })
    }
  }

  acceptResumed(): void {
    for (const plugin of this.hooks.acceptResumed ?? []) contained(() => plugin.acceptResumed(this.server))
    contained(() => this.handlers.acceptResumed?.(this.server))
  }

  /** A listening socket broke. */
  failed(error: SocketError): void {
    if (this.handlers.failed !== undefined) this.handlers.failed(this.server, error)
    else raiseUncaught(error)
  }
}
