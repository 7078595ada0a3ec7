// The same hammer, while the kernel refuses, interrupts and cuts short whatever it may.
import { afterEach, describe, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { seeds } from '../../../native-poll/test/support/random.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { expectBounded, hammer } from '../support/socket_hammer.js'

const folder = temporaryFolder()
afterEach(endChildren)

describe.each(BACKENDS)('sockets that are hammered with a capricious kernel on %s', (backend) => {
  it.each(seeds(1))(
    'leave no fd, no memory and no promise (POLLUX_SEED=%i)',
    async (seed) => {
      const rounds = await hammer({ backend, seed, rounds: 6, calls: 5000, folder, faulty: true })
      expectBounded(rounds)
    },
    300_000,
  )
})
