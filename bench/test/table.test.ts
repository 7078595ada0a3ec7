import { describe, expect, it } from 'vitest'
import { formatCount, markdownTable } from '../src/format.js'
import type { LoadResult } from '../src/load.js'
import type { Peer } from '../src/peers/peer.js'
import { Results } from '../src/results.js'
import { SHAPES, type Shape } from '../src/shapes.js'
import { resultTable, targetTable } from '../src/table.js'
import { judge } from '../src/targets.js'
import { isLoadBound, othersShare, type Trial } from '../src/trial.js'

const SHAPE = SHAPES.find((shape) => shape.name === '64Bx50') as Shape
const IDLE = SHAPES.find((shape) => shape.name === 'idle') as Shape
const PEERS: Peer[] = ['c-epoll', 'pollux-borrowed', 'node-net'].map((name) => ({
  name,
  label: name,
  command: [],
}))

function load(overrides: Partial<LoadResult> = {}): LoadResult {
  return {
    messages: 100_000,
    bytes: 6_400_000,
    verifiedBytes: 6_400_000,
    lost: 0,
    seconds: 1,
    loadCpuSeconds: 0.7,
    loadBusy: 0.7,
    loadQueueShare: 0.1,
    latencyUs: { samples: 1, p50: 1, p99: 1, max: 1 },
    server: { cpuSeconds: 0.5, busy: 0.99, userSeconds: 0.1, systemSeconds: 0.4 },
    cores: { busySeconds: 1.2, interruptSeconds: 0.4 },
    ...overrides,
  }
}

function trial(round: number, peer: string, value: number, more: Partial<Trial> = {}): Trial {
  const base = { round, shape: SHAPE.name, peer, startedAt: '', loadBound: false, disturbed: false }
  return { ...base, value, load: load(), ...more }
}

const TRIALS = [
  trial(1, 'c-epoll', 100_000),
  trial(1, 'pollux-borrowed', 110_000),
  trial(1, 'node-net', 50_000),
  trial(2, 'c-epoll', 200_000),
  trial(2, 'pollux-borrowed', 180_000),
  trial(2, 'node-net', 120_000),
]

describe('resultTable', () => {
  it('shows the value and its ratio to C in the same round', () => {
    expect(resultTable(new Results(TRIALS), [SHAPE], PEERS)).toContain('| 145.0 k, 1.00 (0.90–1.10) |')
  })

  it('shows the ratio of Pollux to node:net', () => {
    expect(resultTable(new Results(TRIALS), [SHAPE], PEERS)).toContain('| 1.85 (1.50–2.20) ')
  })

  it('shows CPU time for one message with the part outside the kernel', () => {
    expect(resultTable(new Results(TRIALS), [SHAPE], PEERS)).toContain(
      '5.00 (1.00) · 5.00 (1.00) · 5.00 (1.00)',
    )
  })

  it('says when the load generator was the bottleneck, and only then', () => {
    expect(resultTable(new Results(TRIALS), [SHAPE], PEERS)).not.toContain('bottleneck')
    const bound = TRIALS.map((one) => (one.peer === 'c-epoll' ? { ...one, loadBound: true } : one))
    const table = resultTable(new Results(bound), [SHAPE], PEERS)
    expect(table).toContain('150.0 k†')
    expect(table).toContain('† The load generator was the bottleneck')
  })

  it('says when the machine was not quiet', () => {
    const table = resultTable(new Results([trial(1, 'c-epoll', 5, { disturbed: true })]), [SHAPE], PEERS)
    expect(table).toContain('‡ Other processes')
  })

  it('shows memory in bytes and without a ratio to C', () => {
    const trials = [trial(1, 'c-epoll', 48), trial(1, 'pollux-borrowed', 395)].map((one) => ({
      ...one,
      shape: IDLE.name,
    }))
    expect(resultTable(new Results(trials), [IDLE], PEERS)).toMatch(/\| 48 B +\| 395 B +\| failed/)
  })

  it('keeps a failed trial out of the figures', () => {
    const failed = {
      round: 3,
      shape: SHAPE.name,
      peer: 'c-epoll',
      startedAt: '',
      loadBound: false,
      disturbed: false,
    }
    const results = new Results([...TRIALS, { ...failed, error: 'wrong bytes' }])
    expect(results.value(SHAPE.name, 'c-epoll')?.count).toBe(2)
    expect(results.failures()).toHaveLength(1)
  })
})

describe('targetTable', () => {
  const targets = [
    { what: 'met', shape: SHAPE.name, peer: 'pollux-borrowed', to: 'node-net', atLeast: 1.65 },
    { what: 'missed', shape: SHAPE.name, peer: 'pollux-borrowed', to: 'c-epoll', atLeast: 1.1 },
    { what: 'unknown', shape: IDLE.name, peer: 'pollux-borrowed', atMost: 600 },
  ]

  it('judges the median', () => {
    const verdicts = judge(new Results(TRIALS), targets)
    expect(verdicts.map(({ met }) => met)).toEqual([true, false, undefined])
    expect(targetTable(verdicts)).toMatch(/\| missed +\| ≥ 1.10 +\| 1.00 \(0.90–1.10\) +\| NO/)
    expect(targetTable(verdicts)).toMatch(/\| unknown +\| ≤ 600 +\| not measured +\| –/)
  })
})

describe('isLoadBound', () => {
  const busy = { loadCpuSeconds: 1, loadBusy: 0.99 }
  const server = { cpuSeconds: 1, busy: 0.99, userSeconds: 0, systemSeconds: 1 }

  it('is false while the generator has time to spare', () => {
    expect(isLoadBound(load({ loadQueueShare: 1 }), SHAPE)).toBe(false)
  })
  it('is true when only the generator has none', () => {
    expect(isLoadBound(load({ ...busy, server: { ...server, busy: 0.8 } }), SHAPE)).toBe(true)
  })
  it('goes by the queue when both have none', () => {
    expect(isLoadBound(load({ ...busy, server, loadQueueShare: 0.3 }), SHAPE)).toBe(false)
    expect(isLoadBound(load({ ...busy, server, loadQueueShare: 0.8 }), SHAPE)).toBe(true)
  })
})

describe('othersShare', () => {
  it('is what neither the server nor the generator used of the two cores', () => {
    expect(othersShare(load(), { interruptsApart: false })).toBeCloseTo(0)
    const shared = load({ cores: { busySeconds: 1.6, interruptSeconds: 0.2 } })
    expect(othersShare(shared, { interruptsApart: false })).toBeCloseTo(0.2)
    expect(othersShare(shared, { interruptsApart: true })).toBeCloseTo(0.1)
  })
})

describe('format', () => {
  it('keeps three or four digits', () => {
    expect([4_712_345, 309_234, 9_876, 47].map(formatCount)).toEqual(['4.71 M', '309.2 k', '9876', '47'])
  })
  it('lines columns up', () => {
    expect(markdownTable(['a', 'bb'], [['ccc', 'd']])).toBe('| a   | bb |\n| --- | -- |\n| ccc | d  |')
  })
})
