// Every system call of a scripted exchange fails once, at each of its steps, in each way that kernels have: what can
// be done again loses nothing; what cannot costs one connection one error and one close, and its neighbour nothing.
import type { BackendName } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { needs } from '../../native-poll/test/support/needs.js'
import { type Exchange, errorCodes, expectWhole, isDamaged, Script } from './support/exchange.js'
import { BACKENDS, callCounts, clearFaults, forget, inject, KNOWS_LINUX } from './support/raw.js'
import { leaveNothingBehind } from './support/serving.js'

leaveNothingBehind()
clearFaults()

const WAITS: Record<BackendName, string> = { epoll: 'epoll_wait', poll: 'poll', select: 'select' }
const NEIGHBOURS = 2
/** The first steps are all different; later ones repeat them. */
const MAX_STEPS = 12

interface Fault {
  call: string
  error?: string
  maxBytes?: number
  times?: number
}

const named = (call: string, errors: string[]): Fault[] => errors.map((error) => ({ call, error }))

const HARMLESS: Fault[] = [
  ...named('recv', ['EAGAIN', 'EINTR']),
  { call: 'recv', maxBytes: 1 },
  { call: 'recv', maxBytes: 777, times: 50 },
  ...named('send', ['EAGAIN', 'EINTR', 'ENOBUFS']),
  { call: 'send', maxBytes: 1 },
  { call: 'send', maxBytes: 777, times: 50 },
  ...named('sendmsg', ['EAGAIN', 'EINTR', 'ENOBUFS']),
  { call: 'sendmsg', maxBytes: 1 },
  ...named('accept', ['EAGAIN', 'EINTR', 'ECONNABORTED', 'ECONNRESET', 'EPROTO', 'ENOBUFS', 'ENOMEM']),
  ...named('connect', ['EINTR']),
  ...named('shutdown', ['EINTR']),
  ...named('close', ['EINTR', 'EIO']),
]

const FATAL: Fault[] = [
  ...named('recv', ['ECONNRESET', 'ETIMEDOUT', 'ENOMEM']),
  ...named('send', ['ECONNRESET', 'EPIPE', 'ENOMEM']),
  ...named('sendmsg', ['ECONNRESET', 'EPIPE']),
  ...named('shutdown', ['EIO']),
]

/** `connect` fails, and nobody else hears of it. */
const REFUSED: Fault[] = [
  ...named('socket', ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']),
  ...named('connect', ['ECONNREFUSED', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ETIMEDOUT', 'ENOENT']),
  // Elsewhere each accepted connection needs the call too, and does without if it fails.
  ...(KNOWS_LINUX ? named('setsockopt', ['ENOMEM']) : []),
]

describe.each(BACKENDS)('exchanges on %s', (backend) => {
  describe.each([{ borrow: false }, { borrow: true }])('%o', ({ borrow }) => {
    /** Calls `check` with what became of the exchanges, for each step at which the fault can strike. */
    async function atEachStep(fault: Fault, check: (exchanges: Exchange[], script: Script) => void) {
      const script = new Script(backend, borrow)
      await script.listen()
      const { pauses } = script
      forget()
      for (const each of await script.run(NEIGHBOURS)) expectWhole(each)
      const steps = Math.min(callCounts()[fault.call], MAX_STEPS)
      expect(steps, `${fault.call} is made`).toBeGreaterThan(0)
      for (let after = 0; after < steps; ++after) {
        forget()
        inject({ ...fault, after })
        check(await script.run(NEIGHBOURS), script)
        expect(script.loop.counter('openSockets')).toBe(1)
        expect(script.loop.counter('backlogBytes')).toBe(0)
      }
      forget()
      for (const each of await script.run(NEIGHBOURS)) expectWhole(each)
      return script.pauses - pauses
    }

    it.each([...HARMLESS, { call: WAITS[backend], error: 'EINTR' }])(
      'lose nothing to $call: $error $maxBytes',
      async (fault) => {
        await atEachStep(fault, (exchanges) => exchanges.map(expectWhole))
      },
    )

    it.each(FATAL)('lose one connection and no other to $call: $error', async (fault) => {
      await atEachStep(fault, (exchanges) => {
        const damaged = exchanges.filter(isDamaged)
        expect(damaged.length).toBe(1)
        // The other end of the same connection may hear of it, as a reset.
        const [codes] = damaged.map(errorCodes)
        expect(codes).toContain(fault.error)
        expect(codes.filter((code) => !['ECONNRESET', 'EPIPE', fault.error].includes(code))).toEqual([])
      })
    })

    it.each(REFUSED)('reject one connect with $call: $error', async (fault) => {
      await atEachStep(fault, (exchanges) => {
        const refused = exchanges.filter(isDamaged)
        expect(refused.map(errorCodes)).toEqual([[fault.error]])
        expect(refused[0]).toMatchObject({ client: undefined, server: undefined })
        for (const each of exchanges) if (!refused.includes(each)) expectWhole(each)
      })
    })

    it.each(named('accept', ['EMFILE', 'ENFILE']))(
      'go on after $call: $error, which pauses the listener and resumes it',
      async (fault) => {
        let shed = 0
        const pauses = await atEachStep(fault, (exchanges, script) => {
          shed = script.loop.counter('acceptsShed')
          // Those who waited were told; nobody else was harmed.
          for (const each of exchanges) {
            if (each.server === undefined) expect(isDamaged(each)).toBe(true)
            else expectWhole(each)
          }
          expect(script.resumes).toBe(script.pauses)
        })
        expect(pauses).toBeGreaterThan(0)
        expect(shed).toBeGreaterThan(0)
      },
    )

    it.each(named('epoll_ctl', ['ENOMEM', 'ENOSPC']))(
      'lose one connection and no other to $call: $error',
      needs(backend === 'epoll', 'epoll'),
      async (fault) => {
        await atEachStep(fault, (exchanges) => {
          expect(exchanges.filter(isDamaged).length).toBeLessThanOrEqual(1)
        })
      },
    )

    it('lose nothing when every call is short or put off', async () => {
      const script = new Script(backend, borrow)
      await script.listen()
      for (const call of ['recv', 'send', 'sendmsg']) {
        inject({ call, error: 'EAGAIN', times: 3 })
        inject({ call, maxBytes: 501, times: 100_000 })
      }
      for (const each of await script.run(NEIGHBOURS)) expectWhole(each)
    })
  })
})
