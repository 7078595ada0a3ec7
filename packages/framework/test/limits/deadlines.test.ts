// The arithmetic of deadlines, on a clock of the test's: several of them on one timer, none of them early.
import { describe, expect, it } from 'vitest'
import { type Deadline, Deadlines, type Progress, type Timeouts } from '../../src/connection/deadlines.js'

const SLOT = 7
const START_MS = 1000

const NONE: Timeouts = { idleMs: 0, handshakeMs: 0, firstMessageMs: 0, messageMs: 0, writeMs: 0 }

/** A connection that does what the test says, with a timer that comes exactly when it is due. */
class Bench {
  nowMs = START_MS
  arms = 0
  dueMs = Number.POSITIVE_INFINITY
  progress: Progress = {
    lastActivityMs: START_MS,
    hasOutput: false,
    bytesWritten: 0,
    hadMessage: false,
    isHeld: false,
    awaitsHandler: false,
    messageBeganMs: 0,
  }
  readonly deadlines: Deadlines

  constructor(timeouts: Partial<Timeouts>) {
    const timers = {
      arm: (slot: number, dueMs: number) => {
        expect(slot).toBe(SLOT)
        this.arms++
        this.dueMs = dueMs
      },
      cancel: () => {
        this.dueMs = Number.POSITIVE_INFINITY
      },
    }
    this.deadlines = new Deadlines(timers, SLOT, { ...NONE, ...timeouts })
  }

  /** Goes to that time, over every timer on the way; what passed, and when. */
  until(untilMs: number): { passed: Deadline; atMs: number } | undefined {
    for (let looks = 0; this.dueMs <= untilMs; looks++) {
      expect(looks).toBeLessThan(1000)
      this.nowMs = Math.max(this.dueMs, this.nowMs)
      this.dueMs = Number.POSITIVE_INFINITY
      const passed = this.deadlines.look(this.nowMs, this.progress)
      if (passed === 'idle') this.deadlines.setIdle(this.deadlines.idleMs, this.nowMs)
      if (passed !== undefined) return { passed, atMs: this.nowMs }
    }
    this.nowMs = untilMs
    return undefined
  }
}

function opened(timeouts: Partial<Timeouts>): Bench {
  const bench = new Bench(timeouts)
  bench.deadlines.opened(START_MS)
  return bench
}

describe('deadlines', () => {
  it('arm nothing where there are none', () => {
    expect(opened({}).arms).toBe(0)
  })

  it('pass one millisecond after their time, not before', () => {
    expect(opened({ idleMs: 50 }).until(9999)).toEqual({ passed: 'idle', atMs: START_MS + 51 })
    expect(opened({ firstMessageMs: 50 }).until(9999)).toEqual({
      passed: 'firstMessage',
      atMs: START_MS + 51,
    })
  })

  it.each<[Partial<Timeouts>, Deadline, number]>([
    [{ idleMs: 100, firstMessageMs: 40 }, 'firstMessage', 41],
    [{ idleMs: 30, firstMessageMs: 40 }, 'idle', 31],
    [{ idleMs: 30, firstMessageMs: 40, writeMs: 1000 }, 'idle', 31],
  ])('share one timer, which is armed for the earliest: %o', (timeouts, passed, afterMs) => {
    expect(opened(timeouts).until(9999)).toEqual({ passed, atMs: START_MS + afterMs })
  })

  it('count idleness from the last byte, and begin anew once they were told', () => {
    const bench = opened({ idleMs: 100 })
    bench.until(1050)
    bench.progress = { ...bench.progress, lastActivityMs: 1050 }
    expect(bench.until(9999)).toEqual({ passed: 'idle', atMs: 1151 })
    expect(bench.until(9999)).toEqual({ passed: 'idle', atMs: 1252 })
    expect(bench.arms).toBe(4)
  })

  it('do not take a peer for idle that waits for a handler', () => {
    const bench = opened({ idleMs: 100 })
    bench.progress = { ...bench.progress, awaitsHandler: true }
    expect(bench.until(1500)).toBe(undefined)
    // It has answered.
    bench.progress = { ...bench.progress, awaitsHandler: false, lastActivityMs: 1500 }
    expect(bench.until(9999)).toEqual({ passed: 'idle', atMs: 1601 })
  })

  it('change the idle timeout, which then counts from that moment', () => {
    const bench = opened({ idleMs: 1000, firstMessageMs: 60 })
    bench.progress = { ...bench.progress, hadMessage: true }
    bench.until(1900)
    bench.deadlines.setIdle(100, 1900)
    expect(bench.until(9999)).toEqual({ passed: 'idle', atMs: 2001 })
    bench.deadlines.setIdle(0, 2001)
    expect(bench.until(99_999)).toBe(undefined)
  })

  it('forget the first message once it came, and wait for who was kept waiting', () => {
    const bench = opened({ firstMessageMs: 100 })
    bench.progress = { ...bench.progress, isHeld: true }
    expect(bench.until(1290)).toBe(undefined)
    bench.progress = { ...bench.progress, isHeld: false }
    expect(bench.until(9999)).toEqual({ passed: 'firstMessage', atMs: 1303 })
    const other = opened({ firstMessageMs: 100 })
    other.progress = { ...other.progress, hadMessage: true }
    expect(other.until(99_999)).toBe(undefined)
    expect(other.dueMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('give a message its time from its beginning, and arm once however many begin', () => {
    const bench = opened({ messageMs: 100 })
    expect(bench.arms).toBe(0)
    for (let beganMs = 1000; beganMs < 1100; beganMs++) {
      bench.deadlines.messageBegan(beganMs)
      bench.progress = { ...bench.progress, messageBeganMs: beganMs }
    }
    expect(bench.arms).toBe(1)
    expect(bench.until(9999)).toEqual({ passed: 'message', atMs: 1200 })
  })

  it('let a message be that was complete in time', () => {
    const bench = opened({ messageMs: 100 })
    bench.deadlines.messageBegan(1000)
    expect(bench.until(9999)).toBe(undefined)
    expect(bench.dueMs).toBe(Number.POSITIVE_INFINITY)
  })

  it.each([1, 10, 100, 1000])(
    'see output of %i ms that does not move, in time and half as much',
    (writeMs) => {
      for (let queuedAtMs = START_MS; queuedAtMs < START_MS + 3 * writeMs; queuedAtMs += writeMs / 7) {
        const bench = opened({ writeMs })
        expect(bench.until(queuedAtMs)).toBe(undefined)
        bench.progress = { ...bench.progress, hasOutput: true }
        const { passed, atMs } = bench.until(99_999) as { passed: Deadline; atMs: number }
        expect(passed).toBe('write')
        expect(atMs - queuedAtMs).toBeGreaterThan(writeMs)
        expect(atMs - queuedAtMs).toBeLessThanOrEqual(writeMs * 1.5 + 3)
      }
    },
  )

  it('are patient with output that moves, however slowly', () => {
    const bench = opened({ writeMs: 100 })
    for (let bytesWritten = 1; bytesWritten < 50; bytesWritten++) {
      bench.progress = { ...bench.progress, hasOutput: true, bytesWritten }
      expect(bench.until(START_MS + 99 * bytesWritten)).toBe(undefined)
    }
    expect(bench.until(99_999)?.passed).toBe('write')
  })

  it('bound a handshake, and no more once it is done', () => {
    const bench = new Bench({ handshakeMs: 100 })
    bench.deadlines.opening(START_MS)
    expect(bench.until(9999)).toEqual({ passed: 'handshake', atMs: START_MS + 101 })
    const other = new Bench({ handshakeMs: 100 })
    other.deadlines.opening(START_MS)
    other.deadlines.opened(START_MS + 50)
    expect(other.until(9999)).toBe(undefined)
  })

  it('survive a clock that jumps ahead: what was due has passed, and nothing else', () => {
    const bench = opened({ idleMs: 100, messageMs: 50 })
    bench.nowMs += 3_600_000
    expect(bench.until(bench.nowMs)).toEqual({ passed: 'idle', atMs: bench.nowMs })
    expect(bench.until(bench.nowMs + 100)).toBe(undefined)
  })
})
