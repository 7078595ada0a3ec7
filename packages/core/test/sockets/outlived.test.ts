// A descriptor that was given away keeps the open file alive, readable and in the poller, when our socket is closed.
import { AF_UNIX, EventLoop, SOCK_STREAM, socketpair } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { iteration } from '../../../native-poll/test/support/patience.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'

checkFds()

describe.each(BACKENDS)('a socket that was closed while others have its open file, on %s', (backend) => {
  it('is not reported any more, and keeps nobody busy', async () => {
    const loop = new EventLoop({ backend })
    const [given, peer] = socketpair(AF_UNIX, SOCK_STREAM, 0, { loop })
    const [carrier] = socketpair(AF_UNIX, SOCK_STREAM, 0, { loop })
    const [near, far] = socketpair(AF_UNIX, SOCK_STREAM, 0, { loop })
    const waiting = given.recv(Buffer.alloc(8))
    // On its way in a message that nobody receives.
    carrier.trySendmsg({ data: Buffer.alloc(1), control: [{ type: 'SCM_RIGHTS', fds: [given] }] })
    given.close()
    await expect(waiting).rejects.toThrow(/closed/)
    peer.trySend(Buffer.from('nobody reads this'))

    const waits = loop.counter('turns')
    for (let i = 0; i < 100; i++) {
      await iteration()
      // That the loop has looked, and what was given would have been seen.
      if (i % 10 === 0) {
        const seen = far.recv(Buffer.alloc(1))
        near.trySend(Buffer.alloc(1))
        await seen
      }
    }
    expect(loop.counter('staleEvents')).toBe(0)
    expect(loop.counter('turns') - waits).toBeLessThan(100)
    loop.close()
  })
})
