// Calls that never have to wait leave the event loop its turns, and are done in the order in which they were asked for.
import { setMaxListeners } from 'node:events'
import { AF_UNIX, EventLoop, SOCK_DGRAM, type Socket, socketpair } from '@pollux/core'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'

beforeAll(() => {
  EventLoop.default()
})
checkFds()

let near: Socket
let far: Socket
beforeEach(() => {
  ;[near, far] = socketpair(AF_UNIX, SOCK_DGRAM)
})
afterEach(() => {
  near.close()
  far.close()
})

/** What a program does that does nothing else. */
const LOOPS: Record<string, () => Promise<unknown>> = {
  'send and recv': async () => {
    await near.send(Buffer.alloc(10))
    await far.recv(Buffer.alloc(10))
  },
  'sendmsg and recvmsg': async () => {
    await near.sendmsg({ data: Buffer.alloc(10) })
    await far.recvmsg({ buffers: Buffer.alloc(10) })
  },
  'calls that fail': () => near.connect({ host: '127.0.0.1', port: 1 }).catch(() => {}),
}

describe('calls that never have to wait', () => {
  it.each(Object.entries(LOOPS))('leave timers their turn (%s)', async (_, step) => {
    let turns = 0
    const timer = setInterval(() => ++turns, 1)
    // Bounded by calls and not by time: without a turn it would never end.
    for (let i = 0; i < 200_000 && turns < 3; i++) await step()
    clearInterval(timer)
    expect(turns).toBe(3)
  })

  it('are done, and settled, in the order in which they were asked for', async () => {
    const COUNT = 200
    const settled: number[] = []
    const sent = Array.from({ length: COUNT }, (_, i) => near.send(Buffer.of(i)))
    const received = Array.from({ length: COUNT }, async (_, i) => {
      const buffer = Buffer.alloc(1)
      await far.recv(buffer)
      expect(buffer[0]).toBe(i)
      settled.push(i)
    })
    await Promise.all([...sent, ...received])
    expect(settled).toEqual(Array.from({ length: COUNT }, (_, i) => i))
  })

  it('may be aborted and closed while they leave a turn', async () => {
    const control = new AbortController()
    setMaxListeners(0, control.signal)
    const results = Array.from({ length: 200 }, () =>
      near.send(Buffer.alloc(1), 0, { signal: control.signal }),
    )
    control.abort(new Error('enough'))
    near.close()
    const ends = await Promise.allSettled(results)
    const wrong = ends.filter((end) => end.status === 'rejected' && end.reason.message !== 'enough')
    expect(wrong).toEqual([])
  })

  it('with no time to wait are done at once, every one', async () => {
    for (let i = 0; i < 200; i++) {
      await near.send(Buffer.of(i), 0, { timeoutMs: 0 })
      expect(await far.recv(Buffer.alloc(1), 0, { timeoutMs: 0 })).toBe(1)
    }
  })
})
