import { describe, expect, it } from 'vitest'
import { median, pairedRatios, spread } from '../src/stats.js'

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
