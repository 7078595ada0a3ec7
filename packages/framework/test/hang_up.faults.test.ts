// A peer that resets while output waits for it: found out by sending, at once or when the kernel is done with it.
import type { Connection } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, clearFaults, eventually, inject, noise } from './support/raw.js'
import { connectMany, leaveNothingBehind, loopOn, serve } from './support/serving.js'

leaveNothingBehind()
clearFaults()

describe.each(BACKENDS)('a paused connection with output queued, on %s', (backend) => {
  it.each([0, 1, 3])('hears of the reset of its peer though %i sends are put off', async (times) => {
    const conns: Connection[] = []
    const reasons: unknown[] = []
    const service = await serve({
      loop: loopOn(backend),
      open: (conn) => conns.push(conn),
      data() {},
      close: (_conn, error) => reasons.push(error),
    })
    const [peer] = await connectMany(service, conns, 1)
    peer.socket.pause()
    conns[0].pause()
    conns[0].write(noise(20_000_000))
    expect(conns[0].queuedBytes).toBeGreaterThan(0)
    for (const call of ['send', 'sendmsg']) if (times > 0) inject({ call, error: 'EAGAIN', times })
    await peer.reset()
    await eventually('the close', () => reasons.length === 1)
    expect(reasons[0]).toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/), syscall: 'send' })
    expect(service.server.loop.counter('backlogBytes')).toBe(0)
  })
})
