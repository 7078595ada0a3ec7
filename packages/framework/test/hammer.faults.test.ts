// The same with a kernel at its worst: calls that are interrupted, put off or cut short at random, and no descriptors
// left now and then. Connections may be refused then, but what is connected loses nothing.
import { describe, expect, it } from 'vitest'
import { hammer } from './support/hammer.js'
import { type Random, SEED } from './support/random.js'
import { BACKENDS, clearFaults, forget, inject, temporaryFolder } from './support/raw.js'
import { leaveNothingBehind } from './support/serving.js'

leaveNothingBehind()
clearFaults()
const folder = temporaryFolder()
console.log(`the hammer's seed: POLLUX_SEED=${SEED}`)

const ROUNDS = 3

/** What each call may do at any time. */
const OUTCOMES: Record<string, string[]> = {
  recv: ['EAGAIN', 'EINTR', 'short'],
  send: ['EAGAIN', 'EINTR', 'ENOBUFS', 'short'],
  sendmsg: ['EAGAIN', 'EINTR', 'ENOBUFS', 'short'],
  accept: ['EAGAIN', 'EINTR', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ECONNABORTED', 'EPROTO'],
  connect: ['EINTR'],
  close: ['EINTR', 'EIO'],
  shutdown: ['EINTR'],
  poll: ['EINTR'],
  select: ['EINTR'],
}

/** New rules in place of the old ones, so that they never pile up. */
function disturb(random: Random) {
  forget()
  for (const [call, outcomes] of Object.entries(OUTCOMES)) {
    for (let rules = random.int(0, 4); rules > 0; --rules) {
      const outcome = random.pick(outcomes)
      const fault = outcome === 'short' ? { maxBytes: 1 + random.magnitude(5000) } : { error: outcome }
      inject({
        call,
        after: random.magnitude(100),
        times: 1 + random.magnitude(outcome === 'short' ? 50 : 5),
        ...fault,
      })
    }
  }
}

describe.each(BACKENDS)(`the hammer with faults (POLLUX_SEED=${SEED}) on %s`, (backend) => {
  it.each([{ borrow: false }, { borrow: true }])('finds every byte in its place, %o', async ({ borrow }) => {
    for (let round = 0; round < ROUNDS; ++round) {
      const seed = SEED + round
      const faulty = { backend, borrow, seed, folder, connections: 60, atOnce: 30, disturb }
      expect(await hammer(faulty)).toEqual([])
    }
  })
})
