// What kernels do rarely, to every call: EINTR, a transfer cut short, would-block where there was readiness, and an end.
import {
  AF_INET,
  AF_UNIX,
  EventLoop,
  MSG_WAITALL,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  socket,
  socketpair,
} from '@pollux/core'
import type { FaultRule } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import { callCounts, clearFaults, inject } from '../../../native-poll/test/support/faults.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { expectWouldBlock, failure, freshLoop, listening, rejection, tcpPair } from '../support/sockets.js'

checkFds()
clearFaults()

describe.each(BACKENDS)('calls on %s', (backend) => {
  const at = freshLoop(backend)

  it('interrupted by a signal are made again', async () => {
    const interrupted = [
      'socket',
      'socketpair',
      'bind',
      'listen',
      'accept',
      'getsockname',
      'getpeername',
      'shutdown',
    ]
    for (const call of interrupted) inject({ call, error: 'EINTR', times: 2 })
    const { listener, address } = listening(at.loop)
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    inject({ call: 'connect', error: 'EINTR', times: 2 })
    const [{ socket: server }] = await Promise.all([listener.accept(), client.connect(address)])
    expect(client.getpeername()).toEqual(address)
    for (const call of ['send', 'recv', 'sendmsg', 'recvmsg', 'sockatmark']) {
      inject({ call, error: 'EINTR', times: 3 })
    }
    const [one, other] = socketpair(AF_UNIX, SOCK_DGRAM, 0, at)
    const buffer = Buffer.alloc(9)
    expect(await client.send(Buffer.from('abc'))).toBe(3)
    expect(await server.recv(buffer)).toBe(3)
    expect(await one.writev([Buffer.from('ab')])).toBe(2)
    expect(await other.recvfrom(buffer)).toMatchObject({ bytes: 2 })
    expect(server.sockatmark()).toBe(false)
    client.shutdown(1)
    for (const call of [...interrupted, 'connect', 'send', 'recv', 'sendmsg', 'recvmsg', 'sockatmark']) {
      expect(callCounts()[call], call).toBeGreaterThanOrEqual(3)
    }
  })

  it('an interrupted connect goes on by itself', async () => {
    const { address, listener } = listening(at.loop)
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    // The call is made, then interrupted: the one after it says EALREADY or EISCONN.
    client.tryConnect(address)
    inject({ call: 'connect', error: 'EINTR' })
    const result = client.tryConnect(address)
    if (result !== undefined) expectWouldBlock(result)
    await listener.accept()
  })

  it('a connect that is woken too early goes on waiting', async () => {
    const { address, listener } = listening(at.loop)
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    // Under way by its own account, while the socket is ready: it has no connection, and that is a hang-up.
    inject({ call: 'connect', error: 'EINPROGRESS' })
    inject({ call: 'connect', error: 'EALREADY', times: 2 })
    await client.connect(address)
    expect(client.getpeername()).toEqual(address)
    await listener.accept()
  })

  const cuts: [string, Omit<FaultRule, 'call'>[]][] = [
    [
      'cut short',
      [
        { maxBytes: 1, times: 5 },
        { maxBytes: 777, times: 50 },
      ],
    ],
    ['refused for now', [{ error: 'EAGAIN', times: 3, after: 1 }]],
    ['refused for now by another name', [{ error: 'EWOULDBLOCK', times: 3, after: 1 }]],
    ['interrupted', [{ error: 'EINTR', times: 9, after: 1 }]],
  ]
  it.each(cuts)('that are %s lose nothing and change no order', async (_what, rules) => {
    const { client, server } = await tcpPair(at.loop)
    for (const call of ['send', 'recv', 'sendmsg', 'recvmsg']) {
      for (const rule of rules) inject({ call, ...rule })
    }
    const parts = [noise(30_000), noise(1), noise(70_000), noise(40_000)]
    const sending = [
      client.send(parts[0]),
      client.writev([parts[1], new Uint8Array(0), parts[2].subarray(0, 5), parts[2].subarray(5)]),
      client.write(parts[3]),
    ]
    const expected = Buffer.concat(parts)
    const received = Buffer.alloc(expected.length)
    const half = Math.floor(expected.length / 2)
    const reading = [
      server.recv(received.subarray(0, half), MSG_WAITALL),
      server.recvfrom(received.subarray(half), MSG_WAITALL),
    ]
    expect(await Promise.all(sending)).toEqual([30_000, 70_001, 40_000])
    expect(await Promise.all(reading)).toEqual([half, { bytes: expected.length - half, address: undefined }])
    expectSameBytes(received, expected)
  })

  it('at once: would-block is would-block by either name', () => {
    const [one] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    for (const error of ['EAGAIN', 'EWOULDBLOCK']) {
      for (const call of ['send', 'recv', 'sendmsg', 'recvmsg', 'accept']) inject({ call, error })
      const buffer = Buffer.alloc(1)
      expectWouldBlock(one.trySend(buffer))
      expectWouldBlock(one.tryRecv(buffer))
      expectWouldBlock(one.tryWritev([buffer]))
      expectWouldBlock(one.tryReadv([buffer]))
      expectWouldBlock(one.tryAccept())
    }
  })

  it.each([
    ['send', 'ECONNRESET'],
    ['send', 'ENOBUFS'],
    ['send', 'ENOMEM'],
    ['send', 'ENETDOWN'],
    ['send', 'EHOSTUNREACH'],
    ['sendmsg', 'EPIPE'],
  ])('%s that fails with %s after a part says how much had left', async (call, error) => {
    const { client, server } = await tcpPair(at.loop)
    inject({ call, maxBytes: 1000 })
    inject({ call, error })
    const data = Buffer.alloc(5000)
    const failed = await rejection(call === 'send' ? client.send(data) : client.writev([data]))
    expect(failed).toEqual(failure(error, call === 'send' ? 'send' : 'writev', { bytesTransferred: 1000 }))
    expect(await server.recv(data)).toBe(1000)
  })

  it.each(['ECONNRESET', 'ETIMEDOUT', 'ENOMEM', 'EIO'])(
    'recv that fails with %s after a part says how much had come',
    async (error) => {
      const { client, server } = await tcpPair(at.loop)
      await client.send(Buffer.alloc(100))
      inject({ call: 'recv', maxBytes: 10 })
      inject({ call: 'recv', error })
      const failed = await rejection(server.recv(Buffer.alloc(100), MSG_WAITALL))
      expect(failed).toEqual(failure(error, 'recv', { bytesTransferred: 10 }))
    },
  )

  it.each([
    'ETIMEDOUT',
    'ECONNREFUSED',
    'ENETUNREACH',
    'EHOSTUNREACH',
    'EADDRNOTAVAIL',
    'EADDRINUSE',
    'EACCES',
    'EPERM',
    'EPROTOTYPE',
  ])('connect fails with %s as the kernel says', async (error) => {
    inject({ call: 'connect', error, times: 2 })
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    const to = { host: '127.0.0.1', port: 9 }
    await expect(client.connect(to)).rejects.toEqual(
      failure(error, 'connect', { address: '127.0.0.1', port: 9 }),
    )
    expect(() => client.tryConnect(to)).toThrow(failure(error, 'connect'))
  })

  it.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ECONNABORTED', 'EPROTO', 'EPERM'])(
    'accept that fails with %s says so, and the connection waits for the next',
    async (error) => {
      const { listener, address } = listening(at.loop)
      const client = socket(AF_INET, SOCK_STREAM, 0, at)
      await client.connect(address)
      inject({ call: 'accept', error, times: 2 })
      await expect(listener.accept()).rejects.toEqual(failure(error, 'accept'))
      expect(() => listener.tryAccept()).toThrow(failure(error, 'accept'))
      expect((await listener.accept()).address).toEqual(client.getsockname())
    },
  )

  it('the iterator passes over connections that are gone, and stops for want of descriptors', async () => {
    const { listener, address } = listening(at.loop)
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    await client.connect(address)
    for (const error of ['ECONNABORTED', 'EPROTO', 'ENETDOWN', 'EPERM']) inject({ call: 'accept', error })
    const iterator = listener[Symbol.asyncIterator]()
    const { value } = await iterator.next()
    expect(value.address).toEqual(client.getsockname())
    inject({ call: 'accept', error: 'EMFILE' })
    await expect(iterator.next()).rejects.toEqual(failure('EMFILE', 'accept'))
  })

  it.each([
    ['bind', ['EACCES', 'EROFS', 'EIO', 'ENOBUFS', 'EADDRINUSE']],
    ['listen', ['EADDRINUSE', 'EACCES', 'ENOBUFS']],
    ['shutdown', ['ENOTCONN', 'ENOBUFS']],
    ['getsockname', ['ENOBUFS']],
    ['getpeername', ['ENOTCONN', 'EINVAL', 'ENOBUFS']],
    ['sockatmark', ['ENOTTY', 'EINVAL']],
  ] as const)('%s gives what the kernel says', (call, errors) => {
    const fresh = socket(AF_INET, SOCK_STREAM, 0, at)
    const use = {
      bind: () => fresh.bind({ host: '127.0.0.1', port: 0 }),
      listen: () => fresh.listen(),
      shutdown: () => fresh.shutdown(1),
      getsockname: () => fresh.getsockname(),
      getpeername: () => fresh.getpeername(),
      sockatmark: () => fresh.sockatmark(),
    }[call]
    for (const error of errors) {
      inject({ call, error })
      expect(use).toThrow(failure(error, call))
    }
  })

  it('nothing stays open where a socket cannot be made, or described', () => {
    for (const error of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EACCES']) {
      inject({ call: 'socket', error })
      expect(() => socket(AF_INET, SOCK_STREAM, 0, at)).toThrow(failure(error, 'socket'))
      inject({ call: 'socketpair', error })
      expect(() => socketpair(AF_UNIX, SOCK_STREAM, 0, at)).toThrow(failure(error, 'socketpair'))
    }
    inject({ call: 'getsockopt', error: 'ENOMEM' })
    expect(() => socket(AF_INET, SOCK_STREAM, 0, at)).toThrow(failure('ENOMEM', 'getsockopt'))
    inject({ call: 'getsockopt', error: 'ENOMEM', after: 3 })
    expect(() => socketpair(AF_UNIX, SOCK_STREAM, 0, at)).toThrow(failure('ENOMEM', 'getsockopt'))
    expect(at.loop.counter('openSockets')).toBe(0)
    const fd = socket(AF_INET, SOCK_STREAM, 0, at).detach()
    for (const after of [0, 4]) {
      inject({ call: 'getsockopt', error: 'ENOMEM', after })
      expect(() => Socket.fromFd(fd, at)).toThrow(failure('ENOMEM', 'getsockopt'))
    }
    Socket.fromFd(fd, at).close()
  })

  it('close is done whatever it says', () => {
    for (const error of ['EINTR', 'EIO']) {
      const fresh = socket(AF_INET, SOCK_STREAM, 0, at)
      inject({ call: 'close', error })
      fresh.close()
      expect(fresh.closed).toBe(true)
    }
  })

  it('a socket that cannot be watched rejects who waits', needs(backend === 'epoll', 'epoll'), async () => {
    const [one] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    inject({ call: 'epoll_ctl', error: 'ENOSPC' })
    await expect(one.recv(Buffer.alloc(1))).rejects.toEqual(failure('ENOSPC', 'poll'))
    const again = one.recv(Buffer.alloc(1), 0, { timeoutMs: 1 })
    await expect(again).rejects.toEqual(failure('ERR_POLLUX_TIMEOUT'))
  })
})

describe('a loop that is closed', () => {
  it('while calls fail leaves nothing', async () => {
    const loop = new EventLoop()
    const [one, other] = socketpair(AF_UNIX, SOCK_STREAM, 0, { loop })
    inject({ call: 'send', maxBytes: 1, times: 1000 })
    const sending = rejection(one.send(Buffer.alloc(2_000_000)))
    const receiving = rejection(one.recv(Buffer.alloc(1)))
    loop.close()
    expect(await sending).toEqual(failure('ERR_POLLUX_CLOSED', 'send'))
    expect(await receiving).toEqual(failure('ERR_POLLUX_CLOSED', 'recv'))
    expect(other.closed).toBe(true)
  })
})
