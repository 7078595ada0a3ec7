/** The connections that a pool is making: from the attempt until they can be lent. */
import { CloseReason } from '../connection/close-reason.js'
import type { Connection } from '../connection/connection.js'
import { isThenable } from '../connection/results.js'
import type { Settings } from '../connection/settings.js'
import { lostEarly } from '../failures.js'
import { ConnectAttempt } from './connect-attempt.js'
import type { ConnectPlan } from './connect-options.js'

/** Who wants them. */
export interface ConnectingObserver<State, In, Out> {
  /** A connection is there; what this does to prepare it is waited for, and what it throws is the connection's failure. */
  prepare(connection: Connection<State, In, Out>): unknown
  /** It can be lent. */
  ready(connection: Connection<State, In, Out>): void
  /** There will be none. */
  failed(reason: unknown): void
  /** One that was ready is closed. */
  closed(connection: Connection<State, In, Out>): void
}

type Attempt<State, In, Out> = ConnectAttempt<State, In, Out>

export class Connecting<State, In, Out> {
  /** With the connections of those that are being prepared. */
  private readonly attempts = new Map<Attempt<State, In, Out>, Connection<State, In, Out> | undefined>()
  private readonly plan: ConnectPlan
  private readonly settings: Settings<State, In, Out>
  private readonly observer: ConnectingObserver<State, In, Out>

  constructor(
    plan: ConnectPlan,
    settings: Settings<State, In, Out>,
    observer: ConnectingObserver<State, In, Out>,
  ) {
    this.plan = plan
    this.settings = settings
    this.observer = observer
  }

  get size(): number {
    return this.attempts.size
  }

  /** Those that are open and not ready. */
  *[Symbol.iterator](): Generator<Connection<State, In, Out>> {
    for (const connection of this.attempts.values()) if (connection !== undefined) yield connection
  }

  /** Makes one more. The observer is told later. */
  begin(): void {
    const attempt: Attempt<State, In, Out> = new ConnectAttempt(this.plan, this.settings, {
      connected: (connection) => this.connected(attempt, connection),
      failed: (reason) => {
        this.attempts.delete(attempt)
        this.observer.failed(reason)
      },
      closed: (connection) => {
        if (this.attempts.delete(attempt)) this.observer.failed(connection.failure ?? lostEarly())
        else this.observer.closed(connection)
      },
    })
    this.attempts.set(attempt, undefined)
  }

  /** Gives all of them up. Each fails, those that are connected when they are closed. */
  abandon(reason: unknown): void {
    for (const [attempt, connection] of this.attempts) {
      if (connection === undefined) attempt.giveUp(reason)
      else connection.destroyFor(CloseReason.SHUTDOWN)
    }
  }

  private connected(attempt: Attempt<State, In, Out>, connection: Connection<State, In, Out>): void {
    this.attempts.set(attempt, connection)
    const ready = () => {
      // It may have closed meanwhile.
      if (this.attempts.delete(attempt)) this.observer.ready(connection)
    }
    try {
      const result = this.observer.prepare(connection)
      if (isThenable(result)) result.then(ready, (error: unknown) => connection.fail(error))
      else ready()
    } catch (error) {
      connection.fail(error)
    }
  }
}
