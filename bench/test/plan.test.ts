import { describe, expect, it } from 'vitest'
import { chooseCores, parseCpuList } from '../src/cores.js'
import { planRows, planTrials } from '../src/plan.js'

const SHAPES = ['a', 'b', 'c', 'd']
const PEERS = ['x', 'y', 'z']

describe('planTrials', () => {
  it('holds every shape and peer once in each round', () => {
    const steps = planTrials(SHAPES, PEERS, 3, 7)
    const names = steps.map(({ round, shape, peer }) => `${round}${shape}${peer}`)
    expect(new Set(names).size).toBe(3 * SHAPES.length * PEERS.length)
    expect(names).toHaveLength(3 * SHAPES.length * PEERS.length)
  })

  it('measures all peers of a shape directly after each other', () => {
    const steps = planTrials(SHAPES, PEERS, 2, 7)
    for (let i = 0; i < steps.length; i += PEERS.length) {
      const group = steps.slice(i, i + PEERS.length)
      expect(new Set(group.map(({ round, shape }) => `${round}${shape}`)).size).toBe(1)
    }
  })

  it('repeats its order for the same seed, and only then', () => {
    expect(planTrials(SHAPES, PEERS, 2, 7)).toEqual(planTrials(SHAPES, PEERS, 2, 7))
    expect(planTrials(SHAPES, PEERS, 2, 7)).not.toEqual(planTrials(SHAPES, PEERS, 2, 8))
  })
})

describe('planRows', () => {
  it('measures in each row those that belong to it, together, in every round', () => {
    const rows = [
      { shape: 'a', peers: ['x', 'y'] },
      { shape: 'b', peers: ['y', 'z', 'w'] },
    ]
    const steps = planRows(rows, 4, 3)
    expect(steps).toHaveLength(4 * 5)
    for (const round of [1, 2, 3, 4]) {
      for (const { shape, peers } of rows) {
        const places = steps.flatMap((step, i) => (step.round === round && step.shape === shape ? [i] : []))
        expect(places.map((i) => steps[i]?.peer).sort()).toEqual([...peers].sort())
        expect(Math.max(...places) - Math.min(...places)).toBe(peers.length - 1)
      }
    }
    const orders = new Set(
      [1, 2, 3, 4].map((round) =>
        steps
          .filter((s) => s.round === round)
          .map((s) => s.peer)
          .join(),
      ),
    )
    expect(orders.size).toBeGreaterThan(1)
  })
})

describe('cores', () => {
  it("reads the kernel's notation", () => {
    expect(parseCpuList('0-3,8,10-11')).toEqual([0, 1, 2, 3, 8, 10, 11])
  })
  it('refuses to measure on one core', () => {
    expect(() => chooseCores([0])).toThrow('two cores')
  })
})
