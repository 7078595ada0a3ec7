/** The timing wheel of one event loop, driven by one Node timer that runs only while something is armed. */
import type { EventLoop } from './event-loop.js'
import { TICK_MS, TimerWheel } from './timer-wheel.js'

/** The longest delay of a Node timer. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** Long timeouts may be late by this part of themselves, so that many of them share one wake-up. */
const SLACK = 1 / 32

export class IdleTimers {
  private readonly loop: EventLoop
  private readonly wheel: TimerWheel
  private timer: NodeJS.Timeout | null = null
  private wakeMs = Number.POSITIVE_INFINITY

  constructor(loop: EventLoop) {
    this.loop = loop
    this.wheel = new TimerWheel(loop.now())
  }

  /**
   * Calls `onTimer` of the channel in `slot` at `dueMs` (of the loop's clock), never earlier; later by up to
   * {@link TICK_MS} or 3 % of `timeoutMs`, whichever is more. Replaces an earlier request.
   */
  arm(slot: number, dueMs: number, timeoutMs: number): void {
    const grain = Math.max(TICK_MS, 2 ** Math.floor(Math.log2(timeoutMs * SLACK)))
    this.wakeBy(this.wheel.arm(slot, Math.ceil(dueMs / grain) * grain))
  }

  cancel(slot: number): void {
    this.wheel.cancel(slot)
    if (this.wheel.armed === 0) this.stop()
  }

  /** No timer runs after this. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.wakeMs = Number.POSITIVE_INFINITY
  }

  private wakeBy(dueMs: number): void {
    if (dueMs >= this.wakeMs) return
    this.stop()
    this.wakeMs = dueMs
    const delayMs = Math.min(Math.max(dueMs - this.loop.now(), 1), MAX_DELAY_MS)
    this.timer = setTimeout(() => this.run(), delayMs)
    // The socket keeps the process alive, not its timeout.
    this.timer.unref()
  }

  private run(): void {
    const { loop, wheel } = this
    const nowMs = loop.now()
    this.stop()
    wheel.advance(nowMs)
    for (let slot = wheel.take(); slot >= 0; slot = wheel.take()) {
      const channel = loop.targets[slot]
      if (channel === null) continue
      try {
        channel.onTimer(nowMs)
      } catch (error) {
        loop.contain(channel, error)
      }
    }
    const nextMs = wheel.nextMs()
    if (nextMs !== Number.POSITIVE_INFINITY) this.wakeBy(nextMs)
  }
}
