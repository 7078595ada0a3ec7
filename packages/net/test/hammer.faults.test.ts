import { describe, it } from 'vitest'
import { clearFaults, inject } from '../../native-poll/test/support/faults.js'
import { Random, seeds } from '../../native-poll/test/support/random.js'
import { hammer } from './support/hammer.js'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()
clearFaults()

/** What a kernel may do at any time, and no stream is to notice. */
const FAULTS = [
  { call: 'recv', error: 'EAGAIN' },
  { call: 'recv', error: 'EINTR' },
  { call: 'recv', maxBytes: 1 },
  { call: 'send', error: 'EAGAIN' },
  { call: 'send', error: 'ENOBUFS' },
  { call: 'send', maxBytes: 7 },
  { call: 'sendmsg', error: 'EAGAIN' },
  { call: 'sendmsg', maxBytes: 13 },
  { call: 'accept', error: 'EAGAIN' },
]

describe('hammered sockets on a capricious kernel', () => {
  it.each(seeds(3))('lose, double and reorder nothing (POLLUX_SEED=%i)', async (seed) => {
    const random = new Random(seed)
    for (let i = 0; i < 200; i++) {
      const fault = random.pick(FAULTS)
      const isAccept = fault.call === 'accept'
      inject({
        ...fault,
        after: random.below(isAccept ? 40 : 3000),
        times: 1 + random.below(isAccept ? 2 : 20),
      })
    }
    await hammer(random)
  })
})
