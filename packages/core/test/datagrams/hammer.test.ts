import { describe, it } from 'vitest'
import { Random, seeds } from '../../../native-poll/test/support/random.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { leaveNothingBehind } from './support/datagrams.js'
import { hammer } from './support/hammer.js'

leaveNothingBehind()

describe.each(BACKENDS)('a hammered datagram echo on %s', (backend) => {
  it.each(seeds(6))('loses, doubles and changes nothing (POLLUX_SEED=%i)', async (seed) => {
    await hammer(backend, new Random(seed))
  })
})
