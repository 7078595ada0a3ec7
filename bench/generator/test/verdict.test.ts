import { describe, expect, it } from 'vitest'
import type { Round } from '../src/result.js'
import { type Evidence, judge } from '../src/verdict.js'

const QUIET: Round = {
  seconds: 1,
  messages: 1000,
  bytes: 64_000,
  verifiedBytes: 0,
  lost: 0,
  clientCpuSeconds: 0.5,
  clientBusy: 0.5,
  queueShare: 0.1,
  server: { cpuSeconds: 0.99, userSeconds: 0.5, systemSeconds: 0.49, busy: 0.99 },
}

function verdict(rounds: Partial<Round>[], more: Partial<Evidence> = {}) {
  return judge({
    options: { loop: { kind: 'closed' }, connections: 50, depth: 1, mode: 'requests' },
    rounds: rounds.map((round) => ({ ...QUIET, ...round })),
    errors: {},
    wrongAnswers: [],
    lateNs: 0,
    isInterrupted: false,
    ...more,
  })
}

describe('the generator was the bottleneck', () => {
  const busy = { clientBusy: 0.99 }
  const idleServer = { server: { cpuSeconds: 0.5, userSeconds: 0.2, systemSeconds: 0.3, busy: 0.5 } }

  it.each([
    ['when it had no time left and the server had', [{ ...busy, ...idleServer }], true],
    ['when both were busy, but replies stood in its queue', [{ ...busy, queueShare: 0.8 }], true],
    ['when half of the rounds say so', [{ ...busy, ...idleServer }, {}], true],
    ['not when one of three says so', [{ ...busy, ...idleServer }, {}, {}], false],
    ['not when the server was as busy and nothing queued', [busy], false],
    ['not when it had time', [{ ...idleServer, queueShare: 0.9 }], false],
  ] as const)('%s', (_, rounds, bound) => {
    const { generatorBound, notes } = verdict([...rounds])
    expect(generatorBound).toBe(bound)
    expect(notes.length).toBe(bound ? 1 : 0)
  })

  it('not of one connection, which has no queue', () => {
    const options = { loop: { kind: 'closed' }, connections: 1, depth: 1, mode: 'requests' } as const
    expect(verdict([{ ...busy, queueShare: 1 }], { options }).generatorBound).toBe(false)
    // Both look for the one message without sleeping.
    expect(verdict([{ ...busy, ...idleServer }], { options }).generatorBound).toBe(false)
    const pipelined = { ...options, depth: 16 }
    expect(verdict([{ ...busy, ...idleServer }], { options: pipelined }).generatorBound).toBe(true)
  })

  it('in an open loop when requests leave late, and only then', () => {
    const options = {
      loop: { kind: 'open', rate: 1000 },
      connections: 50,
      depth: 1,
      mode: 'requests',
    } as const
    expect(verdict([busy, busy], { options, lateNs: 20_000 }).generatorBound).toBe(false)
    const late = verdict([{}], { options, lateNs: 3_000_000 })
    expect(late.generatorBound).toBe(true)
    expect(late.notes[0]).toContain('late by 3000 µs')
  })
})

describe('the machine was noisy', () => {
  it('when rounds differ by more than a tenth', () => {
    const { noisy, spread, notes } = verdict([{ messages: 900 }, {}, { messages: 1050 }])
    expect(spread).toBeCloseTo(0.15)
    expect(noisy).toBe(true)
    expect(notes[0]).toContain('differ by 15%')
  })

  it('not when they differ by less, nor when there is one', () => {
    expect(verdict([{ messages: 960 }, {}, { messages: 1050 }]).noisy).toBe(false)
    expect(verdict([{}]).noisy).toBe(false)
  })
})

describe('what went wrong', () => {
  it('is said, wrong answers first', () => {
    const errors = { 'recv ECONNRESET': 2, 'wrong answer': 1 }
    const { wrongAnswers, notes } = verdict([{}], { errors, wrongAnswers: ['it was 1'] })
    expect(wrongAnswers).toBe(1)
    expect(notes).toEqual(['the server answered wrongly 1 times: it was 1', 'errors: recv ECONNRESET × 2'])
  })
})

it('says that memory which the server gave back is no figure', () => {
  expect(verdict([], { idle: { bytesPerConnection: -20 } }).notes).toEqual([
    expect.stringContaining('the server has less memory than before'),
  ])
  expect(verdict([], { idle: { bytesPerConnection: 20 } }).notes).toEqual([])
})
