import { describe, it } from 'vitest'
import { clearFaults, inject } from './support/faults.js'
import { hammer } from './support/hammer.js'
import { checkFds } from './support/leaks.js'
import { Random, seeds } from './support/random.js'
import { BACKENDS } from './support/server.js'

checkFds()
clearFaults()

/** What a kernel may do at any time, and nobody is to notice. */
const FAULTS = [
  { call: 'recv', error: 'EAGAIN' },
  { call: 'recv', error: 'EINTR' },
  { call: 'recv', maxBytes: 1 },
  { call: 'send', error: 'EAGAIN' },
  { call: 'send', error: 'ENOBUFS' },
  { call: 'send', maxBytes: 7 },
  { call: 'sendmsg', error: 'EAGAIN' },
  { call: 'sendmsg', maxBytes: 13 },
  { call: 'accept', error: 'ECONNABORTED' },
  { call: 'accept', error: 'EAGAIN' },
]

describe.each(BACKENDS)('a hammered server with a capricious kernel on %s', (backend) => {
  it.each(seeds(3))('loses, doubles and reorders nothing (POLLUX_SEED=%i)', async (seed) => {
    const random = new Random(seed)
    for (let i = 0; i < 200; ++i) {
      const fault = random.pick(FAULTS)
      const isAccept = fault.call === 'accept'
      inject({
        ...fault,
        after: random.below(isAccept ? 25 : 3000),
        times: 1 + random.below(isAccept ? 2 : 20),
      })
    }
    await hammer(backend, random)
  })
})
