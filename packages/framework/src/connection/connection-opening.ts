/**
 * How a connection begins: the plugins let it in, one by one, and `open` is called.
 *
 * ```
 *   opened ─▶ accept of each plugin ──▶ codec ─▶ state ─▶ open
 *               │             │  ▲
 *               └▶ refused    └──┘ holdOpening … finishOpening: a handshake, a proxy's header
 * ```
 */

import type { EventLoop } from '@pollux/core'
import { contained } from '../plugins/contained.js'
import { ConnectionDeadlines } from './connection-deadlines.js'
import type { ConnectionOwner } from './connection-owner.js'
import { ADMITTED, OPENED, OPENING_HELD } from './flags.js'
import { Hold } from './holds.js'
import { Happening, Lifecycle } from './lifecycle.js'
import type { Settings } from './settings.js'

const { DESTROYED } = Lifecycle

export abstract class ConnectionOpening<State, In, Out> extends ConnectionDeadlines<State, In, Out> {
  /** Whatever belongs to this connection: made by the `state` option, undefined without it. */
  state: State

  /** Internal. */
  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    settings: Settings<State, In, Out>,
    owner: ConnectionOwner<State, In, Out>,
  ) {
    super(loop, slot, generation, settings, owner)
    this.state = undefined as State
  }

  /** Plugins, in `accept`: the handler `open`, and what comes after it, wait until `finishOpening`. */
  holdOpening(): void {
    this.flags |= OPENING_HELD
    this.holdDelivery(Hold.OPENING)
    if (this.settings.timeouts.handshakeMs > 0) this.makeDeadlines().opening(this.loop.now())
  }

  /** Plugins: undoes `holdOpening`. */
  finishOpening(): void {
    if ((this.flags & OPENING_HELD) === 0 || this.lifecycle >= DESTROYED) return
    this.flags &= ~OPENING_HELD
    try {
      this.letIn()
      if ((this.flags & OPENING_HELD) === 0) this.release(Hold.OPENING)
    } catch (error) {
      this.loop.contain(this, error)
    }
  }

  /** Internal: the connection is usable, if the plugins let it in. */
  opened(): void {
    this.move(Happening.CONNECTED)
    try {
      this.letIn()
    } catch (error) {
      // Here and not in the loop, where this would be the listener's failure.
      this.fail(error)
    }
  }

  /** Asks the plugins one by one; one that holds the opening is heard before the next is asked. */
  private letIn(): void {
    const { settings } = this
    const plugins = settings.hooks.accept
    if (plugins !== null) {
      let asked = (this.flags & ADMITTED) === 0 ? 0 : this.details.letInBy
      while (asked < plugins.length) {
        const reason = plugins[asked++].accept(this as never)
        if (reason !== undefined) {
          this.refuseFor(reason)
          return
        }
        if ((this.flags & OPENING_HELD) !== 0) {
          this.details.letInBy = asked
          this.admit()
          return
        }
        // It may have destroyed the connection in place of refusing it.
        if (this.lifecycle >= DESTROYED) break
      }
    }
    this.admit()
    this.codec = settings.makeCodec()
    if (settings.message === null && settings.data === null) this.inputChanged()
    if (this.lifecycle < DESTROYED) this.open()
  }

  /** From here on it counts, and the plugins hear of its close. */
  private admit(): void {
    if ((this.flags & ADMITTED) !== 0) return
    this.flags |= ADMITTED
    this.settings.statistics.opened++
  }

  protected open(): void {
    const { settings } = this
    this.flags |= OPENED
    if (settings.state !== null) this.state = settings.state.call(settings.self, this as never)
    if (settings.hasTimeouts || this.deadlines !== null) this.makeDeadlines().opened(this.loop.now())
    for (const plugin of settings.hooks.open ?? []) plugin.open(this as never)
    if (settings.open !== null) this.awaitHandler(settings.open.call(settings.self, this as never))
    this.owner.connectionOpened?.(this as never)
  }

  private refuseFor(reason: string): void {
    const { hooks, statistics } = this.settings
    statistics.countRefused(reason)
    // First, so that a plugin which had let it in can see that it is gone.
    this.resetFor(reason)
    const { server } = this
    if (server === undefined || hooks.refused === null) return
    for (const plugin of hooks.refused) contained(() => plugin.refused(server, reason, this.remoteAddress))
  }
}
