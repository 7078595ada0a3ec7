// A descriptor that another process has, too, may be set to block there: the event loop must not.
import { execFileSync } from 'node:child_process'
import { AF_UNIX, SOCK_STREAM, type Socket, socketpair } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { expectWouldBlock, fill, freshLoop, openFlags } from '../support/sockets.js'

checkFds()

const O_NONBLOCK = 0o4000

/** Has python3 clear O_NONBLOCK of the open file that both processes have then. */
function makeBlocking({ fd }: Socket) {
  execFileSync('python3', ['-c', 'import os; os.set_blocking(0, True)'], { stdio: [fd, 'ignore', 'inherit'] })
  if (process.platform === 'linux') expect(openFlags(fd) & O_NONBLOCK).toBe(0)
}

const buffer = Buffer.alloc(9)
const RECEIVING: [string, (socket: Socket) => unknown][] = [
  ['recv', (socket) => socket.tryRecv(buffer)],
  ['recvfrom', (socket) => socket.tryRecvfrom(buffer)],
  ['readv', (socket) => socket.tryReadv([buffer, buffer])],
  ['recvmsg', (socket) => socket.tryRecvmsg({ buffers: [buffer] })],
]
const SENDING: [string, (socket: Socket) => unknown][] = [
  ['send', (socket) => socket.trySend(buffer)],
  ['writev', (socket) => socket.tryWritev([buffer, buffer])],
  ['sendmsg', (socket) => socket.trySendmsg({ data: buffer })],
]

describe.each(BACKENDS)('a socket that another process made blocking, on %s', (backend) => {
  const at = freshLoop(backend)

  // Where a call does block, the test hangs, and is ended from outside.
  it.each(RECEIVING)('has nothing for %s, which says so at once', (_name, call) => {
    const [one] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    makeBlocking(one)
    expectWouldBlock(call(one))
  })

  it.each(SENDING)('has no room for %s, which says so at once', (_name, call) => {
    const [one] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    fill(one, Buffer.alloc(1))
    makeBlocking(one)
    expectWouldBlock(call(one))
  })
})
