/** What happens to a server itself: first its plugins are told, then its handlers, and it goes on whatever they throw. */
import { raiseUncaught, type SocketAddress, type SocketError } from '@pollux/core'
import type { ServerHandlers } from '../connection/handlers.js'
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
    contained(() => {
      for (const plugin of this.hooks.listening ?? []) plugin.listening(this.server, address)
      this.handlers.listening?.(this.server, address)
    })
  }

  closing(): void {
    contained(() => {
      for (const plugin of this.hooks.closing ?? []) plugin.closing(this.server)
      this.handlers.closing?.(this.server)
    })
  }

  closed(): void {
    // Each of them: one that holds on to the server must hear of it, whatever another throws.
    for (const plugin of this.hooks.closed ?? []) contained(() => plugin.closed(this.server))
  }

  overload(level: OverloadLevel): void {
    contained(() => {
      for (const plugin of this.hooks.overload ?? []) plugin.overload(this.server, level)
      this.handlers.overload?.(this.server, level)
    })
  }

  // The loop contains what these throw.

  acceptPaused(error: SocketError, retryMs: number): void {
    for (const plugin of this.hooks.acceptPaused ?? []) plugin.acceptPaused(this.server, error, retryMs)
    if (this.handlers.acceptPaused !== undefined) {
      this.handlers.acceptPaused(this.server, error, retryMs)
    } else if (!this.warnedOfPause) {
      this.warnedOfPause = true
      const text = `The server accepts no connections for a while, until resources are free: ${error.message}`
      process.emitWarning(text, { type: 'PolluxWarning', code: 'POLLUX_ACCEPT_PAUSED' })
    }
  }

  acceptResumed(): void {
    for (const plugin of this.hooks.acceptResumed ?? []) plugin.acceptResumed(this.server)
    this.handlers.acceptResumed?.(this.server)
  }

  /** A listening socket broke. */
  failed(error: SocketError): void {
    if (this.handlers.failed !== undefined) this.handlers.failed(this.server, error)
    else raiseUncaught(error)
  }
}

function contained(call: () => void): void {
  try {
    call()
  } catch (error) {
    raiseUncaught(error)
  }
}
