import { describe, it } from 'vitest'
import { hammer } from './support/hammer.js'
import { checkFds } from './support/leaks.js'
import { Random, seeds } from './support/random.js'
import { BACKENDS } from './support/server.js'

checkFds()

describe.each(BACKENDS)('a hammered server on %s', (backend) => {
  it.each(seeds(3))('loses, doubles and reorders nothing (POLLUX_SEED=%i)', async (seed) => {
    await hammer(backend, new Random(seed))
  })
})
