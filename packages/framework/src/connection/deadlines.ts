/**
 * The deadlines of one connection, which share the one timer that its slot has.
 *
 * ```
 *   idle ───────┐
 *   handshake ──┤
 *   first ──────┼──▶ the earliest is armed ──▶ onTimer ──▶ look: which has passed? which is next?
 *   message ────┤
 *   write ──────┘
 * ```
 *
 * They are looked at when the timer comes and not when bytes do: traffic costs nothing in JavaScript. A deadline that has
 * moved meanwhile is found to lie ahead, and the timer is armed for it.
 */

/** Milliseconds; 0 is none. */
export interface Timeouts {
  readonly idleMs: number
  readonly handshakeMs: number
  readonly firstMessageMs: number
  readonly messageMs: number
  readonly writeMs: number
}

/** What has passed. */
export type Deadline = 'idle' | 'handshake' | 'firstMessage' | 'message' | 'write'

/** What a connection says of itself when its deadlines are looked at. */
export interface Progress {
  /** When bytes last moved either way. */
  readonly lastActivityMs: number
  /** Whether something waits to be sent (writes, a file, a pipe's bytes), and what the kernel has taken so far. */
  readonly hasOutput: boolean
  readonly bytesWritten: number
  /** Whether a message has come, or none can come any more. */
  readonly hadMessage: boolean
  /** Whether we keep the peer waiting: nothing is read. */
  readonly isHeld: boolean
  /** Whether that is because a handler is at work. */
  readonly awaitsHandler: boolean
  /** When the message began that is incomplete, without the time that we kept the peer waiting; 0 if there is none. */
  readonly messageBeganMs: number
}

/** The timers of a loop, as far as they are needed here. */
export interface SlotTimers {
  arm(slot: number, dueMs: number, timeoutMs: number): void
  cancel(slot: number): void
}

const NEVER = Number.POSITIVE_INFINITY

/** Samples of output in one `writeMs`. It follows that the timeout is late by this part of itself at most. */
const WRITE_SAMPLES = 2

/** In place of what had been sent: nothing was queued. */
const NO_OUTPUT = -1

export class Deadlines {
  /** The idle timeout, which may have been changed. */
  idleMs: number
  readonly timeouts: Timeouts
  private idleSinceMs = 0
  /** 0: not waiting for it. */
  private handshakeSinceMs = 0
  private firstSinceMs = 0
  /** Since when output was seen to be queued and not to move, and what had been sent then. */
  private writeSinceMs = 0
  private bytesWritten = NO_OUTPUT
  /** What the slot's timer is armed for. */
  private armedMs = NEVER

  constructor(
    private readonly timers: SlotTimers,
    private readonly slot: number,
    timeouts: Timeouts,
  ) {
    this.timeouts = timeouts
    this.idleMs = timeouts.idleMs
  }

  /** The connection is open for its handlers. */
  opened(nowMs: number): void {
    const { idleMs, firstMessageMs, writeMs } = this.timeouts
    this.handshakeSinceMs = 0
    if (idleMs > 0) this.setIdle(idleMs, nowMs)
    if (firstMessageMs > 0) {
      this.firstSinceMs = nowMs
      this.arm(nowMs, firstMessageMs)
    }
    if (writeMs > 0) {
      this.writeSinceMs = nowMs
      this.arm(nowMs, writeMs / WRITE_SAMPLES)
    }
  }

  /** A handshake comes first. */
  opening(nowMs: number): void {
    const { handshakeMs } = this.timeouts
    if (handshakeMs === 0) return
    this.handshakeSinceMs = nowMs
    this.arm(nowMs, handshakeMs)
  }

  /** Changes the idle timeout, and counts from now. */
  setIdle(idleMs: number, nowMs: number): void {
    this.idleMs = idleMs
    this.idleSinceMs = nowMs
    if (idleMs > 0) this.arm(nowMs, idleMs)
  }

  /** A message has begun, and is not complete. */
  messageBegan(nowMs: number): void {
    this.arm(nowMs, this.timeouts.messageMs)
  }

  /** The timer is another's from now on. */
  cancel(): void {
    this.timers.cancel(this.slot)
    this.armedMs = NEVER
  }

  /** What has passed, if anything; arms the timer for what is next. */
  look(nowMs: number, progress: Progress): Deadline | undefined {
    this.armedMs = NEVER
    if (this.lookAtHandshake(nowMs)) return 'handshake'
    if (this.lookAtFirst(nowMs, progress)) return 'firstMessage'
    if (this.lookAtMessage(nowMs, progress)) return 'message'
    if (this.lookAtWrite(nowMs, progress)) return 'write'
    if (this.lookAtIdle(nowMs, progress)) return 'idle'
    return undefined
  }

  private lookAtHandshake(nowMs: number): boolean {
    const { handshakeMs } = this.timeouts
    return this.handshakeSinceMs > 0 && this.passed(this.handshakeSinceMs, handshakeMs, nowMs)
  }

  private lookAtFirst(nowMs: number, { hadMessage, isHeld }: Progress): boolean {
    if (this.firstSinceMs === 0) return false
    if (hadMessage) {
      this.firstSinceMs = 0
      return false
    }
    // It may have sent one that we have not looked at.
    if (isHeld) this.firstSinceMs = nowMs
    return this.passed(this.firstSinceMs, this.timeouts.firstMessageMs, nowMs)
  }

  private lookAtMessage(nowMs: number, { messageBeganMs }: Progress): boolean {
    const { messageMs } = this.timeouts
    return messageMs > 0 && messageBeganMs > 0 && this.passed(messageBeganMs, messageMs, nowMs)
  }

  private lookAtWrite(nowMs: number, { hasOutput, bytesWritten }: Progress): boolean {
    const { writeMs } = this.timeouts
    if (writeMs === 0) return false
    if (!hasOutput || bytesWritten !== this.bytesWritten) {
      // What is queued later has its whole time, from when it is first seen.
      this.bytesWritten = hasOutput ? bytesWritten : NO_OUTPUT
      this.writeSinceMs = nowMs
    }
    if (nowMs - this.writeSinceMs > writeMs) return true
    // A queue that begins tells nobody: so it is looked for, also while there is none.
    const sampleMs = writeMs / WRITE_SAMPLES
    const leftMs = this.writeSinceMs + writeMs - nowMs
    this.arm(nowMs, Math.min(sampleMs, leftMs))
    return false
  }

  private lookAtIdle(nowMs: number, { lastActivityMs, awaitsHandler }: Progress): boolean {
    const { idleMs } = this
    if (idleMs === 0) return false
    // The peer waits for us, not we for it.
    if (awaitsHandler) this.idleSinceMs = nowMs
    const sinceMs = Math.max(lastActivityMs, this.idleSinceMs)
    return this.passed(sinceMs, idleMs, nowMs)
  }

  /** Whether so much time has passed; if not, the timer is armed for when it has. */
  private passed(sinceMs: number, timeoutMs: number, nowMs: number): boolean {
    if (nowMs - sinceMs > timeoutMs) return true
    this.arm(sinceMs, timeoutMs)
    return false
  }

  private arm(sinceMs: number, timeoutMs: number): void {
    // The clock counts whole milliseconds: one more, and it is never early.
    const dueMs = sinceMs + timeoutMs + 1
    if (dueMs >= this.armedMs) return
    this.armedMs = dueMs
    this.timers.arm(this.slot, dueMs, timeoutMs)
  }
}
