import { describe, expect, it } from 'vitest'
import { seededRandom } from '../src/plan.js'
import { difference, interval, median, pairedRatios, spread } from '../src/stats.js'

describe('median', () => {
  it('is the middle of an odd number of values, in any order', () => {
    expect(median([30, 10, 20])).toBe(20)
  })
  it('is the mean of the two in the middle of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })
  it('compares numbers, not their digits', () => {
    expect(median([9, 10, 100])).toBe(10)
  })
})

describe('spread', () => {
  it('gives the median and the extremes', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, count: 3 })
  })
  it('is nothing without values', () => {
    expect(spread([])).toBeUndefined()
  })
})

describe('pairedRatios', () => {
  it('divides values of the same round only', () => {
    const above = new Map([
      [1, 10],
      [2, 30],
      [3, 50],
    ])
    const below = new Map([
      [3, 25],
      [1, 5],
    ])
    expect(pairedRatios(above, below)).toEqual([2, 2])
  })
})

describe('interval', () => {
  const ONE_TO = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

  it('reaches from the lowest to the highest of six values, and covers 96.9%', () => {
    expect(interval([4, 1, 6, 2, 5, 3])).toEqual({
      median: 3.5,
      low: 1,
      high: 6,
      count: 6,
      coverage: 1 - 2 / 64,
    })
  })

  it('says what fewer values cover: less than 95%', () => {
    expect(interval(ONE_TO(5))).toMatchObject({ low: 1, high: 5, coverage: 0.9375 })
    expect(interval(ONE_TO(3))).toMatchObject({ low: 1, high: 3, coverage: 0.75 })
    expect(interval([7])).toEqual({ median: 7, low: 7, high: 7, count: 1, coverage: 0 })
  })

  // The ranks of the usual tables, as in Conover, Practical Nonparametric Statistics, table A3.
  it.each([
    [8, 1, 8],
    [9, 2, 8],
    [12, 3, 10],
    [20, 6, 15],
    [30, 10, 21],
  ])('of %i values goes from rank %i to rank %i', (count, low, high) => {
    const found = interval(ONE_TO(count))
    expect(found).toMatchObject({ low, high })
    expect(found?.coverage).toBeGreaterThanOrEqual(0.95)
  })

  it('holds the true median as often as it says', () => {
    const random = seededRandom(11)
    // Far from a normal distribution: one in five is ten times as much.
    const draw = () => (random() < 0.2 ? 10 : 1) * (1 + random())
    const median = 1 + 0.5 / 0.8
    const of = 20_000
    let held = 0
    for (let i = 0; i < of; i++) {
      const { low, high } = interval(Array.from({ length: 6 }, draw)) as { low: number; high: number }
      if (low <= median && median <= high) held++
    }
    expect(held / of).toBeCloseTo(1 - 2 / 64, 2)
  })

  it('is nothing without values', () => {
    expect(interval([])).toBeUndefined()
  })
})

describe('difference', () => {
  const of = (...ratios: number[]) => difference(interval(ratios) as NonNullable<ReturnType<typeof interval>>)

  it('is none where the interval holds 1', () => {
    expect(of(0.99, 1.2, 1.3, 1.2, 1.1, 1.2)).toBe('none')
  })
  it('is more or less where all of it is on one side', () => {
    expect(of(1.01, 1.2, 1.3, 1.2, 1.1, 1.2)).toBe('more')
    expect(of(0.99, 0.8, 0.9, 0.9, 0.9, 0.9)).toBe('less')
  })
  it('is not known from fewer than six', () => {
    expect(of(2, 2, 2, 2, 2)).toBe('unknown')
  })
})
