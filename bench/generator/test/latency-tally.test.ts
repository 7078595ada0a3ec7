import { encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { describe, expect, it } from 'vitest'
import { LatencyTally } from '../src/latency-tally.js'
import { Random } from '../src/random.js'
import { newHistogram } from '../src/recorder.js'

/** The same latencies, counted here and recorded there. */
function both(latencies: number[]) {
  const tally = new LatencyTally(newHistogram())
  const recorded = newHistogram()
  for (const ns of latencies) {
    tally.add(ns)
    recorded.recordValue(ns)
  }
  return { tally, counted: tally.replace(newHistogram()), recorded }
}

describe('latencies that are tallied', () => {
  const edges = Array.from({ length: 41 }, (_, bits) => 2 ** bits).flatMap((ns) => [ns - 1, ns, ns + 1])
  const random = new Random(3)
  const some = Array.from({ length: 20_000 }, () => Math.floor(10 ** (random.fraction() * 12)))

  it.each([
    ['at the edges of all buckets', edges],
    ['drawn at random', some],
    ['of nothing', []],
    ['of nothing but zeros', [0, 0]],
  ])('%s are those of a histogram', (_, latencies) => {
    const { counted, recorded } = both(latencies)
    expect(encodeIntoCompressedBase64(counted)).toBe(encodeIntoCompressedBase64(recorded))
    expect(counted.totalCount).toBe(latencies.length)
    expect(counted.maxValue).toBe(recorded.maxValue)
  })

  it('begin anew for each moment', () => {
    const { tally } = both([5, 5_000_000])
    tally.add(7)
    const second = tally.replace(newHistogram())
    expect([second.totalCount, second.maxValue]).toEqual([1, 7])
    expect(tally.replace(newHistogram()).totalCount).toBe(0)
  })
})
