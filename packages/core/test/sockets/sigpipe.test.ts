// A broken connection is EPIPE and never a signal. Node.js ignores SIGPIPE, so only a handler of it can tell.
import { AF_UNIX, EventLoop, SOCK_STREAM, type Socket, socketpair } from '@pollux/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { eventually } from '../../../native-poll/test/support/patience.js'

let signals = 0
const count = () => ++signals
beforeAll(() => {
  EventLoop.default()
  process.on('SIGPIPE', count)
})
afterAll(() => process.off('SIGPIPE', count))
checkFds()

const DATA = Buffer.alloc(4)
const CALLS: Record<string, (socket: Socket) => unknown> = {
  trySend: (socket) => socket.trySend(DATA),
  tryWrite: (socket) => socket.tryWrite(DATA),
  tryWritev: (socket) => socket.tryWritev([DATA, DATA]),
  trySendmsg: (socket) => socket.trySendmsg({ data: DATA }),
}

describe('a connection whose peer is gone', () => {
  it.each(Object.entries(CALLS))('makes %s fail with EPIPE, and no SIGPIPE', async (_, call) => {
    const [near, far] = socketpair(AF_UNIX, SOCK_STREAM)
    far.close()
    signals = 0
    expect(() => call(near)).toThrow(/EPIPE/)
    near.close()
    // A signal is heard by the loop in the order of its coming: this one comes after any that was wrong.
    process.kill(process.pid, 'SIGPIPE')
    await eventually('our own signal', () => signals > 0)
    expect(signals).toBe(1)
  })
})
