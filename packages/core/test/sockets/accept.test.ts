// listen(2) and accept(2): the queue of connections, and those who come and go in it.
import { join } from 'node:path'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  EventLoop,
  SHUT_RDWR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socket,
  WOULD_BLOCK,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { Peer } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { expectWouldBlock, failure, freshLoop, ipAddress, listening } from '../support/sockets.js'

checkFds()
afterEach(endChildren)
const folder = temporaryFolder()
let unixPaths = 0
const EOPNOTSUPP = /^(ENOTSUP|EOPNOTSUPP)$/

describe.each(BACKENDS)('accept on %s', (backend) => {
  const at = freshLoop(backend)

  it('takes what a peer has connected, and says who it is', async () => {
    const { listener, address } = listening(at.loop)
    expectWouldBlock(listener.tryAccept())
    const waiting = listener.accept()
    const peer = await Peer.connect({ host: address.host, port: address.port })
    const accepted = await waiting
    expect(accepted.address).toEqual({ family: 'IPv4', host: '127.0.0.1', port: peer.socket.localPort })
    expect(accepted.socket.getpeername()).toEqual(accepted.address)
    expect(accepted.socket.getsockname()).toEqual(address)
    expect([accepted.socket.family, accepted.socket.type]).toEqual([AF_INET, SOCK_STREAM])
    expect(accepted.socket.protocol).toBe(listener.protocol)
    await accepted.socket.send(Buffer.from('welcome'))
    await peer.expectBytes('welcome')
  })

  it('takes those who wait in their order, by calls and by promises', async () => {
    const { listener, address } = listening(at.loop)
    const first = listener.accept()
    const second = listener.accept()
    const peers = []
    for (let i = 0; i < 3; i++) peers.push(await Peer.connect({ host: address.host, port: address.port }))
    const taken = [(await first).address, (await second).address, (await listener.accept()).address]
    expect(taken.map((each) => ipAddress(each).port)).toEqual(peers.map(({ socket }) => socket.localPort))
  })

  it('sees IPv4 peers of a dual-stack listener with mapped addresses', async () => {
    const { listener, address } = listening(at.loop, { host: '::' })
    const peer = await Peer.connect({ host: '127.0.0.1', port: address.port })
    const accepted = await listener.accept()
    const mapped = { family: 'IPv6', host: '::ffff:127.0.0.1', port: peer.socket.localPort }
    expect(accepted.address).toEqual(mapped)
    expect(accepted.socket.family).toBe(AF_INET6)
  })

  it('gives a connection that its peer has reset, which says so when it is used', async () => {
    const { listener, address } = listening(at.loop)
    const peer = await Peer.connect({ host: address.host, port: address.port })
    const { localPort } = peer.socket
    await peer.reset()
    const accepted = await listener.accept().catch((error) => error)
    // POSIX allows ECONNABORTED; Linux hands the dead connection out.
    if (accepted instanceof Error) {
      expect(accepted).toEqual(failure('ECONNABORTED', 'accept'))
      return
    }
    expect(accepted.address).toEqual({ family: 'IPv4', host: '127.0.0.1', port: localPort })
    await expect(accepted.socket.recv(Buffer.alloc(1))).rejects.toEqual(failure('ECONNRESET', 'recv'))
    expect(() => accepted.socket.getpeername()).toThrow(failure('ENOTCONN', 'getpeername'))
  })

  it.each([SOCK_STREAM, SOCK_SEQPACKET])('takes Unix peers, named and unnamed (type %i)', async (type) => {
    const path = join(folder, `${++unixPaths}`)
    const listener = socket(AF_UNIX, type, 0, at)
    listener.bind({ path })
    listener.listen()
    const unnamed = socket(AF_UNIX, type, 0, at)
    await unnamed.connect({ path })
    expect((await listener.accept()).address).toEqual({ family: 'Unix', path: '' })
    const named = socket(AF_UNIX, type, 0, at)
    named.bind({ path: `${path}-client` })
    await named.connect({ path })
    named.close()
    const accepted = await listener.accept()
    expect(accepted.address).toEqual({ family: 'Unix', path: `${path}-client` })
    expect(accepted.socket.type).toBe(type)
  })

  it('takes python3, and talks with it', async () => {
    const { listener, address } = listening(at.loop)
    const child = Child.run('python3', [
      '-c',
      `import socket
s = socket.create_connection(("127.0.0.1", ${address.port}))
s.sendall(b"hello")
print("got", s.recv(100).decode())`,
    ])
    const { socket: accepted } = await listener.accept()
    const buffer = Buffer.alloc(100)
    expect(await accepted.recv(buffer)).toBe(5)
    await accepted.send(Buffer.from('and welcome'))
    expect(await child.awaitOutput(/^got (.*)\n/m)).toBe('and welcome')
    expect(await child.awaitExit()).toBe(0)
    expect(await accepted.recv(buffer)).toBe(0)
  })

  it('is an async iterator that ends when the socket is closed', async () => {
    const { listener, address } = listening(at.loop)
    const ports: (number | undefined)[] = []
    const peers: (number | undefined)[] = []
    const done = (async () => {
      for await (const { socket: accepted, address: from } of listener) {
        ports.push(ipAddress(from).port)
        accepted.close()
        if (ports.length === 3) listener.close()
      }
    })()
    for (let i = 0; i < 3; i++) {
      const peer = await Peer.connect({ host: address.host, port: address.port })
      peers.push(peer.socket.localPort)
    }
    await done
    expect(ports).toEqual(peers)
    for await (const _never of listener) expect.unreachable()
  })

  it('the iterator that waits ends too when the socket is closed, or its loop', async () => {
    for (const end of ['close', 'loop'] as const) {
      const { listener } = listening(at.loop)
      const next = listener[Symbol.asyncIterator]().next()
      if (end === 'close') listener.close()
      else at.loop.close()
      expect(await next).toEqual({ done: true, value: undefined })
    }
  })

  it('leaving the iteration leaves the listener open, and no connection is lost', async () => {
    const { listener, address } = listening(at.loop)
    const connecting = Peer.connect({ host: address.host, port: address.port })
    for await (const { socket: accepted } of listener) {
      accepted.close()
      break
    }
    await connecting
    const iterator = listener[Symbol.asyncIterator]()
    const pending = iterator.next()
    await iterator.return?.()
    expect(await pending).toEqual({ done: true, value: undefined })
    const peer = await Peer.connect({ host: address.host, port: address.port })
    expect(ipAddress((await listener.accept()).address).port).toBe(peer.socket.localPort)
  })

  it('a socket that does not listen has nothing to take', async () => {
    const stream = socket(AF_INET, SOCK_STREAM, 0, at)
    expect(() => stream.tryAccept()).toThrow(failure('EINVAL', 'accept'))
    await expect(stream.accept()).rejects.toEqual(failure('EINVAL', 'accept'))
    const datagrams = socket(AF_INET, SOCK_DGRAM, 0, at)
    await expect(datagrams.accept()).rejects.toEqual(failure(EOPNOTSUPP, 'accept'))
    const iterating = datagrams[Symbol.asyncIterator]().next()
    await expect(iterating).rejects.toEqual(failure(EOPNOTSUPP, 'accept'))
  })

  it('shutting a listener down wakes who waits', async () => {
    const { listener } = listening(at.loop)
    const waiting = listener.accept()
    listener.shutdown(SHUT_RDWR)
    // Linux; elsewhere a listener cannot be shut down (ENOTCONN, thrown above).
    await expect(waiting).rejects.toEqual(failure('EINVAL', 'accept'))
  })

  it('takes more connections than the socket table has room for', async () => {
    const small = new EventLoop({ backend, initialSlots: 1 })
    const { listener, address } = listening(small)
    const taken = []
    for (let i = 0; i < 5; i++) {
      await Peer.connect({ host: address.host, port: address.port })
      taken.push(await listener.accept())
    }
    expect(new Set(taken.map(({ socket: { fd } }) => fd)).size).toBe(5)
    small.close()
  })
})

describe('listen', () => {
  const at = freshLoop()

  it('holds a full queue, and connections come once there is room', async () => {
    const path = join(folder, 'full')
    const listener = socket(AF_UNIX, SOCK_STREAM, 0, at)
    listener.bind({ path })
    listener.listen(0)
    const clients = []
    for (;;) {
      const client = socket(AF_UNIX, SOCK_STREAM, 0, at)
      clients.push(client)
      try {
        client.tryConnect({ path })
      } catch (error) {
        expect(error).toEqual(
          failure('EAGAIN', 'connect', { message: expect.stringContaining('queue is full'), address: path }),
        )
        break
      }
      expect(clients.length).toBeLessThan(10)
    }
    const late = clients[clients.length - 1]
    const connected = late.connect({ path })
    await expect(late.connect({ path }, { timeoutMs: 0 })).rejects.toEqual(failure('ERR_POLLUX_TIMEOUT'))
    await listener.accept()
    await connected
    expect(late.getpeername()).toEqual({ family: 'Unix', path })
  })

  it('takes any backlog that is an int', () => {
    for (const backlog of [-1, 0, 1, 2 ** 31 - 1]) {
      const stream = socket(AF_INET, SOCK_STREAM, 0, at)
      stream.listen(backlog)
      expect(ipAddress(stream.getsockname()).port).toBeGreaterThan(0)
    }
    const stream = socket(AF_INET, SOCK_STREAM, 0, at)
    for (const bad of [1.5, '1', null, 2 ** 31, Number.NaN]) {
      expect(() => stream.listen(bad as number)).toThrow(/backlog/)
    }
  })

  it('refuses what cannot listen', async () => {
    expect(() => socket(AF_INET, SOCK_DGRAM, 0, at).listen()).toThrow(failure(EOPNOTSUPP, 'listen'))
    expect(() => socket(AF_UNIX, SOCK_STREAM, 0, at).listen()).toThrow(
      failure(/^E(INVAL|DESTADDRREQ)$/, 'listen'),
    )
    const { listener, address } = listening(at.loop)
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    await client.connect(address)
    expect(() => client.listen()).toThrow(failure('EINVAL', 'listen'))
    listener.listen(5) // once more only changes the backlog
    expect(listener.tryAccept()).not.toBe(WOULD_BLOCK)
  })

  it('two on one port: the second says EADDRINUSE', () => {
    const { address } = listening(at.loop)
    const second = socket(AF_INET, SOCK_STREAM, 0, at)
    expect(() => second.bind(address)).toThrow(failure('EADDRINUSE', 'bind'))
  })
})
