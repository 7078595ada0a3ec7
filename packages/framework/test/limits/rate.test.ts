// Token buckets of one number: what flows in, what they hold, and clocks that jump.
import { describe, expect, it } from 'vitest'
import { FULL, Rate, rateOf } from '../../src/limits/rate.js'

const HOUR_MS = 3_600_000

/** How many tokens come out of it one by one at that time. */
function drained(rate: Rate, state: number, nowMs: number): { taken: number; state: number } {
  let taken = 0
  while (rate.has(state, nowMs, 1)) {
    state = rate.take(state, nowMs, 1)
    taken++
  }
  return { taken, state }
}

describe('a token bucket', () => {
  it('is full at first, and holds its burst', () => {
    const rate = new Rate(10, 5)
    expect(drained(rate, FULL, 0).taken).toBe(5)
    expect(drained(rate, FULL, 1e9).taken).toBe(5)
  })

  it('fills by its rate, and never above its burst', () => {
    const rate = new Rate(10, 5)
    const empty = drained(rate, FULL, 1000).state
    expect(rate.has(empty, 1099, 1)).toBe(false)
    expect(drained(rate, empty, 1100).taken).toBe(1)
    expect(drained(rate, empty, 1399).taken).toBe(3)
    expect(drained(rate, empty, 1500).taken).toBe(5)
    expect(drained(rate, empty, 1500 + HOUR_MS).taken).toBe(5)
  })

  it.each([
    [0.5, 1],
    [3, 1],
    [1000, 1],
    [1000, 50],
  ])('lets %d tokens a second through in the long run, with a burst of %d', (perSecond, burst) => {
    const rate = new Rate(perSecond, burst)
    let state = FULL
    let taken = 0
    for (let nowMs = 0; nowMs <= 100_000; nowMs += 0.5) {
      const got = drained(rate, state, nowMs)
      state = got.state
      taken += got.taken
    }
    expect(Math.abs(taken - burst - perSecond * 100)).toBeLessThanOrEqual(1)
  })

  it('takes more than it holds as a debt, and says when it is paid', () => {
    const rate = new Rate(1000, 100)
    const state = rate.take(FULL, 0, 5100)
    expect(rate.readyMs(state, 0)).toBe(5000)
    expect(rate.readyMs(state, 1)).toBe(5001)
    expect(rate.has(state, 4999, 0)).toBe(false)
    expect(rate.has(state, 5000, 0)).toBe(true)
  })

  it('gives no more than one burst when the clock jumps ahead, and takes nothing back when it stands still', () => {
    const rate = new Rate(100, 20)
    let { state } = drained(rate, FULL, 500)
    for (let i = 0; i < 10; i++) {
      const after = drained(rate, state, 500 + (i + 1) * HOUR_MS)
      expect(after.taken).toBe(20)
      state = after.state
    }
    expect(drained(rate, state, 500 + 10 * HOUR_MS).taken).toBe(0)
  })
})

describe('the options of a rate', () => {
  it('make no limit where there is none, and a burst of a second', () => {
    expect(rateOf(undefined, 'r', undefined, 'b')).toBe(null)
    expect(rateOf(250, 'r', undefined, 'b')).toMatchObject({ perSecond: 250, burst: 250 })
    expect(rateOf(0.2, 'r', undefined, 'b')).toMatchObject({ burst: 1 })
    expect(rateOf(250, 'r', 4, 'b')).toMatchObject({ burst: 4 })
  })

  it.each([
    [0, undefined, 'r'],
    [-1, undefined, 'r'],
    [Number.NaN, undefined, 'r'],
    [Number.POSITIVE_INFINITY, undefined, 'r'],
    ['5', undefined, 'r'],
    [5, 0.5, 'b'],
    [5, Number.POSITIVE_INFINITY, 'b'],
    [undefined, 5, 'b'],
  ])('refuse %s with a burst of %s', (perSecond, burst, named) => {
    expect(() => rateOf(perSecond as number, 'r', burst, 'b')).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', message: expect.stringContaining(`"${named}"`) }),
    )
  })
})
