import { describe, expect, it } from 'vitest'
import { TICK_MS, TimerWheel } from '../src/timer-wheel.js'

const REVOLUTION_MS = 1024 * TICK_MS

function expiredAt(wheel: TimerWheel, nowMs: number): number[] {
  wheel.advance(nowMs)
  const slots: number[] = []
  for (let slot = wheel.take(); slot >= 0; slot = wheel.take()) slots.push(slot)
  return slots.sort((a, b) => a - b)
}

describe('a timer wheel', () => {
  it.each([1, TICK_MS, 1000, REVOLUTION_MS, 10 * REVOLUTION_MS + 5, 2 ** 31 - 1])(
    'expires after %d ms, never early and within a tick',
    (delayMs) => {
      const start = 1_000_003
      const wheel = new TimerWheel(start)
      wheel.arm(7, start + delayMs)
      expect(expiredAt(wheel, start + delayMs - 1)).toEqual([])
      expect(wheel.isArmed(7)).toBe(true)
      expect(expiredAt(wheel, start + delayMs + TICK_MS)).toEqual([7])
      expect(wheel.armed).toBe(0)
    },
  )

  it('forgets what was cancelled, also when it has expired and was not taken', () => {
    const wheel = new TimerWheel(0)
    for (const slot of [1, 2, 3, 4]) wheel.arm(slot, 10)
    wheel.cancel(2)
    wheel.cancel(2)
    wheel.cancel(99)
    wheel.advance(100)
    wheel.cancel(3)
    expect(expiredAt(wheel, 100)).toEqual([1, 4])
    expect(wheel.take()).toBe(-1)
  })

  it('moves what is armed again', () => {
    const wheel = new TimerWheel(0)
    wheel.arm(1, 50)
    wheel.arm(1, 500)
    expect(wheel.armed).toBe(1)
    expect(expiredAt(wheel, 499)).toEqual([])
    expect(expiredAt(wheel, 520)).toEqual([1])
  })

  it('takes what is armed while others are taken, but not in the same advance', () => {
    const wheel = new TimerWheel(0)
    wheel.arm(1, 10)
    wheel.advance(100)
    expect(wheel.take()).toBe(1)
    wheel.arm(1, 50)
    expect(wheel.take()).toBe(-1)
    expect(expiredAt(wheel, 100 + 2 * TICK_MS)).toEqual([1])
  })

  it('says when to look next', () => {
    const wheel = new TimerWheel(0)
    expect(wheel.nextMs()).toBe(Number.POSITIVE_INFINITY)
    const expiry = wheel.arm(3, 333)
    expect(expiry).toBeGreaterThanOrEqual(333)
    expect(wheel.nextMs()).toBe(expiry)
    // A time that is revolutions away may be looked at early, and is still not expired early.
    wheel.cancel(3)
    wheel.arm(3, 5 * REVOLUTION_MS)
    let now = 0
    for (let looks = 0; wheel.armed > 0; looks++) {
      expect(looks).toBeLessThan(10)
      now = wheel.nextMs()
      expiredAt(wheel, now)
    }
    expect(now).toBe(5 * REVOLUTION_MS)
  })

  it('catches up after a long sleep', () => {
    const wheel = new TimerWheel(0)
    for (let slot = 0; slot < 3000; slot++) wheel.arm(slot, slot * 10)
    expect(expiredAt(wheel, 100 * REVOLUTION_MS)).toHaveLength(3000)
  })

  it('agrees with a list, whatever is armed and cancelled', () => {
    let seed = 12345
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      return seed % below
    }
    const wheel = new TimerWheel(0)
    const dues = new Map<number, number>()
    for (let now = 0; now < 200_000; now += random(400)) {
      for (let i = 0; i < 20; i++) {
        const slot = random(200)
        if (random(3) === 0) {
          wheel.cancel(slot)
          dues.delete(slot)
        } else {
          dues.set(slot, wheel.arm(slot, now + 1 + random(3 * REVOLUTION_MS)))
        }
      }
      const expected = [...dues].filter(([, due]) => due <= now).map(([slot]) => slot)
      for (const slot of expected) dues.delete(slot)
      expect(expiredAt(wheel, now)).toEqual(expected.sort((a, b) => a - b))
      expect(wheel.armed).toBe(dues.size)
    }
  })
})
