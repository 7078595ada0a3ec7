import { describe, expect, it } from 'vitest'
import { findAll } from '../../src/report/findings.js'
import { headline, sentence, versusCell } from '../../src/report/words.js'
import type { FileWorkload } from '../../src/results-file.js'
import { comparison, PEERS } from '../support/results-files.js'

const ECHO: FileWorkload = {
  name: 'echo',
  label: '64 B × 50',
  unit: 'messages/s',
  connections: 50,
  size: 64,
  depth: 1,
}
const IDLE: FileWorkload = { ...ECHO, name: 'idle', label: 'memory', unit: 'bytes' }
const THREE = PEERS.filter(({ name }) => ['pollux-borrowed', 'node', 'c-epoll'].includes(name))

/** What is found where these peers have those values, a little different in each round. */
function found(values: Record<string, number>, { workload = ECHO, rounds = 6, noise = 0.001 } = {}) {
  const value = (_: FileWorkload, { name }: { name: string }, round: number) =>
    (values[name] as number) * (1 + noise * (round % 2 === 0 ? 1 : -1) * (name === 'c-epoll' ? 1 : -1))
  const finding = findAll(comparison({ workloads: [workload], peers: THREE, rounds, value }))[0]
  if (finding === undefined) throw new Error('nothing was found')
  return finding
}

describe('a finding', () => {
  it('has the best first, and the best of each kind', () => {
    const { peers, best, javascript, native, product } = found({
      'pollux-borrowed': 110,
      node: 50,
      'c-epoll': 100,
    })
    expect(peers.map(({ name }) => name)).toEqual(['pollux-borrowed', 'c-epoll', 'node'])
    expect([best, javascript, native, product].map((versus) => versus?.peer.name)).toEqual([
      'c-epoll',
      'node',
      'c-epoll',
      undefined,
    ])
    expect(javascript?.ratio.median).toBeCloseTo(2.2, 1)
  })

  it('says that Pollux is ahead', () => {
    const finding = found({ 'pollux-borrowed': 110, node: 50, 'c-epoll': 100 })
    expect(finding.best).toMatchObject({ outcome: 'ahead', isCertain: true })
    expect(sentence(finding)).toBe('Pollux, borrowed does 10% more than C, epoll, the best of the others')
  })

  it('says that Pollux loses', () => {
    const finding = found({ 'pollux-borrowed': 90, node: 50, 'c-epoll': 100 })
    expect(sentence(finding)).toBe('C, epoll leads: Pollux, borrowed does 10% less')
    expect(versusCell(finding.best)).toMatch(/^C, epoll: 0\.90 \(.*\) ▼$/)
  })

  it('says that they are level where the interval holds 1', () => {
    const finding = found({ 'pollux-borrowed': 101, node: 50, 'c-epoll': 100 }, { noise: 0.05 })
    expect(finding.best?.outcome).toBe('level')
    expect(sentence(finding)).toMatch(/^Pollux, borrowed and C, epoll are level: /)
  })

  it('says that a loss of few rounds is not certain', () => {
    const finding = found({ 'pollux-borrowed': 90, node: 50, 'c-epoll': 100 }, { rounds: 1 })
    expect(finding.best).toMatchObject({ outcome: 'behind', isCertain: false })
    expect(versusCell(finding.best)).toBe('C, epoll: 0.90 ▼ ?')
  })

  it('takes less memory for better', () => {
    const finding = found({ 'pollux-borrowed': 400, node: 3600, 'c-epoll': 50 }, { workload: IDLE })
    expect(finding.peers.map(({ name }) => name)).toEqual(['c-epoll', 'pollux-borrowed', 'node'])
    expect(finding.best?.outcome).toBe('behind')
    expect(finding.javascript?.outcome).toBe('ahead')
    expect(sentence(finding)).toMatch(/^Pollux, borrowed takes 8\.0\d times C, epoll$/)
  })

  it('leaves another revision of the same run out', () => {
    const peers = [...THREE, { ...THREE[0], name: 'pollux-borrowed@against' } as (typeof THREE)[0]]
    const [finding] = findAll(comparison({ workloads: [ECHO], peers, value: () => 1 }))
    expect(finding?.peers.map(({ name }) => name)).not.toContain('pollux-borrowed@against')
  })
})

describe('the headline', () => {
  it('counts', () => {
    const ahead = found({ 'pollux-borrowed': 110, node: 50, 'c-epoll': 100 })
    const behind = found({ 'pollux-borrowed': 90, node: 50, 'c-epoll': 100 })
    expect(headline([ahead, ahead, behind])).toBe(
      'Against the best of all others in each of 3 workloads, Pollux is ahead in 2, level in 0 and behind in 1',
    )
  })
})
