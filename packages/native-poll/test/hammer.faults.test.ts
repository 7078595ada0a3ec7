import { describe, it } from 'vitest'
import { makeCapricious } from './support/capricious.js'
import { clearFaults } from './support/faults.js'
import { CONNECTIONS, hammer } from './support/hammer.js'
import { checkFds } from './support/leaks.js'
import { Random, seeds } from './support/random.js'
import { BACKENDS } from './support/server.js'

checkFds()
clearFaults()

describe.each(BACKENDS)('a hammered server with a capricious kernel on %s', (backend) => {
  it.each(seeds(3))('loses, doubles and reorders nothing (POLLUX_SEED=%i)', async (seed) => {
    const random = new Random(seed)
    makeCapricious(random, CONNECTIONS)
    await hammer(backend, random)
  })
})
