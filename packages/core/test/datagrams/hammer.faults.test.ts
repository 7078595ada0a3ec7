import { describe, it } from 'vitest'
import { clearFaults, inject } from '../../../native-poll/test/support/faults.js'
import { Random, seeds } from '../../../native-poll/test/support/random.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { leaveNothingBehind } from './support/datagrams.js'
import { hammer } from './support/hammer.js'

leaveNothingBehind()
clearFaults()

describe.each(BACKENDS)('a hammered datagram echo with faults on %s', (backend) => {
  it.each(seeds(6))('loses, doubles and changes nothing (POLLUX_SEED=%i)', async (seed) => {
    const random = new Random(seed)
    for (let i = 0; i < 60; i++) {
      const call = random.pick(['recvmmsg', 'sendmmsg'])
      const after = random.below(400)
      const outcome = random.pick([
        { error: 'EAGAIN' },
        { error: 'EINTR' },
        { error: 'ENOBUFS' },
        { maxBytes: 1 + random.below(3) },
      ])
      inject({ call, after, times: 1 + random.below(3), ...outcome })
    }
    await hammer(backend, random)
  })
})
