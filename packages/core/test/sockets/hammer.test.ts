// A hundred thousand random calls over a changing set of sockets leave nothing behind, and the process ends by itself.
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { seeds } from '../../../native-poll/test/support/random.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { expectBounded, hammer } from '../support/socket_hammer.js'

const folder = temporaryFolder()
afterEach(endChildren)

const TIMEOUT_MS = 300_000

describe('sockets that are hammered', () => {
  it.each(seeds(1))(
    'leave no fd, no memory and no promise after a hundred thousand calls (POLLUX_SEED=%i)',
    async (seed) => {
      const rounds = await hammer({ backend: BACKENDS[0], seed, rounds: 10, calls: 10_000, folder })
      expectBounded(rounds)
      expectVariety(rounds)
    },
    TIMEOUT_MS,
  )

  describe.each(BACKENDS.slice(1))('on %s', (backend) => {
    it.each(seeds(1))(
      'leave nothing either (POLLUX_SEED=%i)',
      async (seed) => {
        await hammer({ backend, seed, rounds: 4, calls: 5000, folder })
      },
      TIMEOUT_MS,
    )
  })
})

/** That the calls came to something: else nothing could be left. */
function expectVariety(rounds: Awaited<ReturnType<typeof hammer>>) {
  const owned = rounds.reduce((sum, round) => sum + round.owned, 0)
  expect(owned, 'descriptors that came with messages').toBeGreaterThan(200)
  const codes = new Set(rounds.flatMap((round) => Object.keys(round.codes)))
  const expected = [
    'ECONNREFUSED',
    'EINVAL',
    'EISCONN',
    'ENOTCONN',
    'EPIPE',
    'ERR_POLLUX_CLOSED',
    'ERR_POLLUX_TIMEOUT',
  ]
  expect([...codes]).toEqual(expect.arrayContaining(expected))
}
