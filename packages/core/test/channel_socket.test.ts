// Sockets by themselves, and what the kernel says of them.

import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { ChannelSocket, EventLoop, formatAddress, type SocketFamily } from '@pollux/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../native-poll/test/support/folder.js'
import { checkFds } from '../../native-poll/test/support/leaks.js'
import { BACKENDS } from '../../native-poll/test/support/server.js'

checkFds()
const folder = temporaryFolder()

describe.each(BACKENDS)('a socket on %s', (backend) => {
  let loop: EventLoop
  beforeEach(() => {
    loop = new EventLoop({ backend })
  })
  afterEach(() => loop.close())

  it.each([
    ['IPv4', { host: '127.0.0.1', port: 0 }, /^tcp:\/\/127\.0\.0\.1:\d+$/],
    ['IPv6', { host: '::1', port: 0 }, /^tcp:\/\/\[::1\]:\d+$/],
    ['Unix', { path: join(folder, backend) }, /^unix:\/\/\/.*/],
  ] as const)('of family %s is bound where it says', (family: SocketFamily, endpoint, shown) => {
    const socket = ChannelSocket.create(family, loop)
    socket.bind(endpoint)
    expect(socket.localAddress.family).toBe(family)
    expect(formatAddress(socket.localAddress)).toMatch(shown)
    socket.close()
    socket.close()
  })

  it.each(['reuseAddress', 'noDelay', 'keepAlive', 'reusePort'] as const)(
    'has the option %s, on and off',
    (name) => {
      const socket = ChannelSocket.create('IPv4', loop)
      for (const value of [true, false, true]) {
        socket.setOption(name, value)
        expect(socket.getOption(name)).toBe(value)
      }
      expect(() => socket.setOption(name, 1 as never)).toThrow(TypeError)
    },
  )

  it.each(['sendBufferBytes', 'receiveBufferBytes'] as const)('has the option %s, in bytes', (name) => {
    const socket = ChannelSocket.create('IPv4', loop)
    socket.setOption(name, 20_000)
    expect(socket.getOption(name)).toBeGreaterThanOrEqual(20_000)
    for (const bad of [-1, 1.5, '1', true]) expect(() => socket.setOption(name, bad as never)).toThrow(name)
  })

  it('throws what the kernel says, with its address', () => {
    const taken = ChannelSocket.create('IPv4', loop)
    taken.bind({ host: '127.0.0.1', port: 0 })
    taken.listen(false)
    const socket = ChannelSocket.create('IPv4', loop)
    const { host, port } = taken.localAddress as { host: string; port: number }
    const details = { code: 'EADDRINUSE', syscall: 'bind', address: host, port }
    expect(() => socket.bind({ host, port })).toThrow(expect.objectContaining(details))
    expect(() => socket.remoteAddress).toThrow(
      expect.objectContaining({ code: 'ENOTCONN', syscall: 'getpeername' }),
    )
  })

  it('refuses a host name, a bad port and a bad path', () => {
    const socket = ChannelSocket.create('IPv4', loop)
    expect(() => socket.bind({ host: 'localhost', port: 0 })).toThrow(/numeric/)
    expect(() => socket.bind({ host: '127.0.0.1', port: 65536 })).toThrow(RangeError)
    expect(() => socket.connect({ host: '127.0.0.1', port: 0 }, false)).toThrow(RangeError)
    expect(() => socket.bind({ path: '' })).toThrow(TypeError)
    expect(() => socket.listen(false, -1)).toThrow(/backlog/)
  })

  it('that is closed says so, whatever is asked of it', () => {
    const socket = ChannelSocket.create('IPv4', loop)
    socket.close()
    const closed = expect.objectContaining({ code: 'ERR_POLLUX_CLOSED' })
    for (const use of [
      () => socket.bind({ host: '127.0.0.1', port: 0 }),
      () => socket.listen(false),
      () => socket.connect({ host: '127.0.0.1', port: 1 }, false),
      () => socket.localAddress,
      () => socket.remoteAddress,
      () => socket.fd,
      () => socket.setOption('noDelay', true),
      () => socket.getOption('noDelay'),
    ]) {
      expect(use).toThrow(closed)
    }
  })

  it('can not be made on a closed loop', () => {
    loop.close()
    expect(loop.isClosed).toBe(true)
    expect(() => ChannelSocket.create('IPv4', loop)).toThrow(
      expect.objectContaining({ code: 'ERR_POLLUX_CLOSED' }),
    )
  })

  it('adopts the fd of a stream socket and no other', async () => {
    expect(() => ChannelSocket.adopt(9999, loop)).toThrow(expect.objectContaining({ code: 'EBADF' }))
    expect(() => ChannelSocket.adopt(-1, loop)).toThrow(RangeError)
    expect(() => ChannelSocket.adopt('1' as never, loop)).toThrow(TypeError)
    const socket = ChannelSocket.create('IPv4', loop)
    expect(socket.fd).toBeGreaterThan(2)
    socket.close()
  })

  it("takes a duplicate of an fd that stays its owner's", () => {
    const socket = ChannelSocket.create('IPv4', loop)
    socket.bind({ host: '127.0.0.1', port: 0 })
    const other = ChannelSocket.duplicate(socket.fd, loop)
    expect(other.fd).not.toBe(socket.fd)
    expect(other.localAddress).toEqual(socket.localAddress)
    socket.close()
    expect(other.localAddress).toMatchObject({ host: '127.0.0.1' })
    other.close()
    expect(() => ChannelSocket.duplicate(9999, loop)).toThrow(expect.objectContaining({ code: 'EBADF' }))
    expect(() => ChannelSocket.duplicate(-1, loop)).toThrow(RangeError)
  })

  it('counts for the life of the process while it is referenced', () => {
    const socket = ChannelSocket.create('IPv4', loop)
    socket.unref()
    socket.unref()
    socket.ref()
    socket.close()
    expect(() => socket.ref()).toThrow(expect.objectContaining({ code: 'ERR_POLLUX_CLOSED' }))
    expect(() => socket.unref()).toThrow(expect.objectContaining({ code: 'ERR_POLLUX_CLOSED' }))
  })

  it('more than there are slots makes the table grow', () => {
    const small = new EventLoop({ backend, initialSlots: 2 })
    const sockets = Array.from({ length: 9 }, () => ChannelSocket.create('IPv4', small))
    expect(new Set(sockets.map(({ slot }) => slot)).size).toBe(9)
    for (const socket of sockets) socket.bind({ host: '127.0.0.1', port: 0 })
    expect(small.counter('openSockets')).toBe(9)
    small.close()
  })

  it('does not keep a name that was only bound', async () => {
    const socket = ChannelSocket.create('IPv4', loop)
    socket.bind({ host: '127.0.0.1', port: 0 })
    const { port } = socket.localAddress as { port: number }
    const refused = await new Promise<NodeJS.ErrnoException>((resolve) =>
      connect(port, '127.0.0.1').once('error', resolve),
    )
    expect(refused.code).toBe('ECONNREFUSED')
    loop.close()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    await new Promise((resolve) => other.close(resolve))
  })
})

describe('an event loop', () => {
  it('is one per thread, made when it is asked for, and again after it was closed', () => {
    const loop = EventLoop.default()
    expect(EventLoop.default()).toBe(loop)
    loop.close()
    expect(EventLoop.default()).not.toBe(loop)
    EventLoop.default().close()
  })

  it.each(BACKENDS)('has a clock on %s that does not go back', async (backend) => {
    const loop = new EventLoop({ backend })
    const before = loop.now()
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(loop.now()).toBeGreaterThanOrEqual(before + 4)
    loop.close()
  })
})
