import { describe, it } from 'vitest'
import { Random, seeds } from '../../native-poll/test/support/random.js'
import { hammer } from './support/hammer.js'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()

describe('hammered sockets', () => {
  it.each(seeds(3))('lose, double and reorder nothing (POLLUX_SEED=%i)', async (seed) => {
    await hammer(new Random(seed))
  })
})
