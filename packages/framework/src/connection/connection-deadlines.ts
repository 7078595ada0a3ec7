/** What a connection must have done by when: looks at its deadlines when their timer comes, and fails what missed one. */
import { Column, checkInteger } from '@pollux/core'
import { closeReasonOf } from './close-reason.js'
import { ConnectionEnding } from './connection-ending.js'
import { deadlineError } from './deadline-error.js'
import { type Deadline, Deadlines, type Progress } from './deadlines.js'
import { HAD_MESSAGE } from './flags.js'
import { Hold } from './holds.js'
import { Lifecycle } from './lifecycle.js'
import { MAX_TIMEOUT_MS } from './settings.js'

const { OPEN, ENDED, DESTROYED } = Lifecycle

export abstract class ConnectionDeadlines<State, In, Out> extends ConnectionEnding<State, In, Out> {
  /**
   * Has `timeout` called when no byte has moved either way for so long, counted from now at the earliest.
   *
   * @param timeoutMs 0: never
   */
  setTimeout(timeoutMs: number): void {
    checkInteger(timeoutMs, 'timeoutMs', 0, MAX_TIMEOUT_MS)
    if (this.lifecycle < DESTROYED) this.makeDeadlines().setIdle(timeoutMs, this.loop.now())
  }

  override onTimer(nowMs: number): void {
    if (this.lifecycle >= DESTROYED) return
    if (this.deadlines?.look(nowMs, this.progress(nowMs)) === undefined) return
    // If the loop stood still, what the peer has sent meanwhile is about to be read: it is not to blame.
    setImmediate(() => this.lookAgain())
  }

  protected makeDeadlines(): Deadlines {
    this.deadlines ??= new Deadlines(this.loop.timers, this.slot, this.settings.timeouts)
    return this.deadlines
  }

  private progress(nowMs: number): Progress {
    return {
      lastActivityMs: this.lastActivityMs,
      hasOutput: this.column(Column.QUEUED) > 0 || this.hasMoves,
      bytesWritten: this.column(Column.BYTES_WRITTEN),
      hadMessage: (this.flags & HAD_MESSAGE) !== 0 || (this.lifecycle !== OPEN && this.lifecycle !== ENDED),
      isHeld: this.heldBy !== 0,
      awaitsHandler: (this.heldBy & Hold.HANDLER) !== 0,
      messageBeganMs: this.messageBeganMs(nowMs),
    }
  }

  private lookAgain(): void {
    const { deadlines } = this
    if (deadlines === null || this.lifecycle >= DESTROYED) return
    const nowMs = this.loop.now()
    try {
      const passed = deadlines.look(nowMs, this.progress(nowMs))
      if (passed === 'idle') deadlines.setIdle(deadlines.idleMs, nowMs)
      if (passed !== undefined) this.missed(passed)
    } catch (error) {
      this.loop.contain(this, error)
    }
  }

  private missed(deadline: Deadline): void {
    const { settings } = this
    if (deadline === 'idle' && settings.timeout !== null) {
      this.settle(settings.timeout.call(settings.self, this as never))
      return
    }
    const error = deadlineError(deadline, this.makeDeadlines())
    // The peer must not take the part that it got for the whole.
    if (deadline === 'write') this.failWithReset(error)
    else this.abort(error, closeReasonOf(error))
  }
}
