import { describe, it } from 'vitest'
import { makeCapricious } from '../../native-poll/test/support/capricious.js'
import { clearFaults } from '../../native-poll/test/support/faults.js'
import { Random, seeds } from '../../native-poll/test/support/random.js'
import { CONNECTIONS, hammer } from './support/hammer.js'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()
clearFaults()

describe('hammered sockets on a capricious kernel', () => {
  it.each(seeds(3))('lose, double and reorder nothing (POLLUX_SEED=%i)', async (seed) => {
    const random = new Random(seed)
    makeCapricious(random, CONNECTIONS)
    await hammer(random)
  })
})
