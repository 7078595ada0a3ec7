// Pipes and files when the kernel does what it does rarely: moves little, refuses, or has no descriptor left.
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { callCounts, clearFaults, forget, inject } from './support/faults.js'
import { temporaryFolder } from './support/folder.js'
import { checkFds } from './support/leaks.js'
import { needs } from './support/needs.js'
import { eventually } from './support/patience.js'
import { noise } from './support/peer.js'
import { errno } from './support/raw_reactor.js'
import { BACKENDS, ok, serveTcp } from './support/server.js'

checkFds()
clearFaults()
const folder = temporaryFolder()

const MUCH = 3 << 20
const REFUSALS = ['EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'EPERM']

/** The posix build knows neither splice(2) nor sendfile(2). */
const KERNEL_MOVES = BACKENDS.includes('epoll')

describe.each(BACKENDS)(
  'a pipe on %s',
  needs(KERNEL_MOVES, 'a build with splice and sendfile'),
  (backend) => {
    it('costs two splices a piece and makes one kernel pipe', async () => {
      const { a, b } = await piped()
      forget()
      for (let i = 1; i <= 20; ++i) {
        await a.peer.send('ping')
        await b.peer.awaitBytes(4 * i)
      }
      const { splice, pipe, recv, send, epoll_ctl = 0 } = callCounts()
      expect({ splice, pipe, recv, send, epoll_ctl }).toEqual({
        splice: 40,
        pipe: 1,
        recv: 0,
        send: 0,
        epoll_ctl: 0,
      })
    })

    it('moves byte by byte, if it must', async () => {
      const { a, b } = await piped()
      inject({ call: 'splice', maxBytes: 1, times: 1_000_000 })
      const bytes = noise(2000)
      await a.peer.send(bytes)
      await b.peer.expectBytes(bytes)
    })

    it('holds what the other side takes in part, and what it does not take', async () => {
      const { reactor, a, b } = await piped()
      for (let i = 0; i < 100; ++i) {
        // In: whole. Out: seven bytes; then nothing.
        inject({ call: 'splice', after: 3 * i + 1, maxBytes: 7 })
        inject({ call: 'splice', after: 3 * i + 2, error: 'EAGAIN' })
      }
      const bytes = noise(MUCH)
      const sent = a.peer.send(bytes)
      await b.peer.expectBytes(bytes)
      await sent
      expect(reactor.counter('shortSends')).toBeGreaterThan(0)
      expect(reactor.counter('bytesSpliced')).toBe(MUCH)
    })

    it('that was interrupted goes on', async () => {
      const { a, b } = await piped()
      inject({ call: 'splice', error: 'EINTR' })
      inject({ call: 'splice', after: 1, error: 'EINTR' })
      await a.peer.send('interrupted')
      await b.peer.expectBytes('interrupted')
    })

    it.each(REFUSALS)('copies where the side that is read refuses: %s', async (error) => {
      const { reactor, a, b } = await piped()
      inject({ call: 'splice', error })
      const bytes = noise(MUCH)
      const sent = a.peer.send(bytes)
      await b.peer.expectBytes(bytes)
      await sent
      // It does not ask again.
      expect(callCounts().splice).toBe(1)
      expect(reactor.counter('bytesSpliced')).toBe(0)
      await a.peer.end()
      expect((await reactor.awaitEvent(a.socket, 'PIPED')).a).toBe(0)
    })

    it.each(REFUSALS)('copies what is held where the other side refuses: %s', async (error) => {
      const { reactor, a, b } = await piped()
      inject({ call: 'splice', after: 1, error })
      const bytes = noise(MUCH)
      const sent = a.peer.send(bytes)
      await b.peer.expectBytes(bytes)
      await sent
      expect(callCounts().splice).toBe(2)
      expect(reactor.column(b.socket, 'BYTES_WRITTEN')).toBe(MUCH)
    })

    it.each(['EMFILE', 'ENFILE', 'ENOMEM'])('copies while there is no kernel pipe: %s', async (error) => {
      const { reactor, a, b } = await piped()
      inject({ call: 'pipe', error })
      await a.peer.send('copied')
      await b.peer.awaitBytes(6)
      expect(callCounts()).toMatchObject({ recv: 1, splice: 0 })
      await a.peer.send(' spliced')
      await b.peer.expectBytes('copied spliced')
      expect(reactor.counter('bytesSpliced')).toBe(8)
    })

    it.each(['EPIPE', 'ECONNRESET'])(
      'whose other side fails with bytes held is told once: %s',
      async (error) => {
        const { reactor, a, b } = await piped()
        inject({ call: 'splice', after: 1, error })
        await a.peer.send('lost')
        const failed = await reactor.awaitEvent(b.socket, 'ERROR')
        expect([failed.a, failed.b]).toEqual([errno(error), 2])
        expect((await reactor.awaitEvent(a.socket, 'PIPED')).a).toBe(errno(error))
        reactor.expectEvents(a.socket, ['PIPED'])
        reactor.expectEvents(b.socket, ['ERROR'])
      },
    )

    it('whose read side fails is an ERROR of it', async () => {
      const { reactor, a, b } = await piped()
      inject({ call: 'splice', error: 'ECONNRESET' })
      await a.peer.send('lost')
      const failed = await reactor.awaitEvent(a.socket, 'ERROR')
      expect([failed.a, failed.b]).toEqual([errno('ECONNRESET'), 1])
      reactor.expectEvents(a.socket, ['ERROR'])
      reactor.expectEvents(b.socket, [])
    })

    it('whose poller refuses fails that side alone', needs(backend === 'epoll', 'epoll'), async () => {
      const { reactor, a, b } = await piped()
      inject({ call: 'splice', after: 1, error: 'EAGAIN' })
      inject({ call: 'epoll_ctl', error: 'ENOMEM' })
      await a.peer.send('held')
      const failed = await reactor.awaitEvent(a.socket, 'ERROR')
      expect(failed.a).toBe(errno('ENOMEM'))
      reactor.expectEvents(b.socket, [])
    })

    async function piped() {
      const server = serveTcp(backend)
      const [a, b] = await server.connectMany(2)
      ok(server.reactor.native.pipe(a.socket, b.socket))
      return { reactor: server.reactor, a, b }
    }
  },
)

describe.each(BACKENDS)('a file on %s', (backend) => {
  it(
    'is sent in small pieces, and waits where the kernel is full',
    needs(KERNEL_MOVES, 'a build with splice and sendfile'),
    async () => {
      const { peer, bytes, send } = await ready(100_000)
      for (let i = 0; i < 50; ++i) {
        inject({ call: 'sendfile', after: 2 * i, maxBytes: 100 })
        inject({ call: 'sendfile', after: 2 * i + 1, error: i % 2 ? 'EAGAIN' : 'EINTR' })
      }
      send()
      await peer.expectBytes(bytes)
    },
  )

  it.each(REFUSALS)(
    'is copied where the kernel refuses: %s',
    needs(KERNEL_MOVES, 'a build with splice and sendfile'),
    async (error) => {
      const { reactor, socket, peer, bytes, send } = await ready(MUCH)
      inject({ call: 'sendfile', error })
      inject({ call: 'pread', maxBytes: 10 })
      inject({ call: 'send', maxBytes: 5 })
      inject({ call: 'send', after: 1, error: 'EAGAIN' })
      send()
      await peer.expectBytes(bytes)
      await reactor.awaitEvent(socket, 'FILE_SENT')
      expect(callCounts().sendfile).toBe(1)
      expect(reactor.counter('fileBytes')).toBe(MUCH)
    },
  )

  it.each(['EIO', 'EPIPE'])(
    'that can not be read, or has no peer, fails the connection: %s',
    async (error) => {
      const { reactor, socket, send } = await ready(1000)
      inject({ call: KERNEL_MOVES ? 'sendfile' : 'send', error })
      send()
      const failed = await reactor.awaitEvent(socket, 'ERROR')
      expect([failed.a, failed.b]).toEqual([errno(error), 7])
    },
  )

  it('that can not be read by hand either fails the connection', async () => {
    const { reactor, socket, send } = await ready(1000)
    if (KERNEL_MOVES) inject({ call: 'sendfile', error: 'EINVAL' })
    inject({ call: 'pread', error: 'EIO' })
    send()
    const failed = await reactor.awaitEvent(socket, 'ERROR')
    expect([failed.a, failed.b]).toEqual([errno('EIO'), 7])
  })

  it(
    'is copied, in small pieces if need be',
    needs(!KERNEL_MOVES, 'a build without splice and sendfile'),
    async () => {
      const { peer, bytes, send } = await ready(100_000)
      for (let i = 0; i < 50; ++i) {
        inject({ call: 'pread', after: 2 * i, maxBytes: 100 })
        inject({ call: 'send', after: 2 * i, maxBytes: 10 })
        inject({ call: 'send', after: 2 * i + 1, error: i % 2 ? 'EAGAIN' : 'EINTR' })
      }
      send()
      await peer.expectBytes(bytes)
    },
  )

  it('for which there is no descriptor is refused, and nothing has happened', async () => {
    const { reactor, socket, peer } = await ready(10)
    inject({ call: 'duplicate', error: 'EMFILE' })
    expect(reactor.native.sendFile(socket, 0, 0, 10)).toBe(-errno('EMFILE'))
    reactor.write(socket, 'goes on')
    await peer.expectBytes('goes on')
  })

  it('closes its own descriptor once', async () => {
    const { reactor, socket, peer, bytes, send } = await ready(10)
    forget()
    send()
    await peer.expectBytes(bytes)
    await eventually('the file to be sent', () => reactor.eventsOf(socket, 'FILE_SENT').length === 1)
    expect(callCounts()).toMatchObject({ duplicate: 1, close: 1 })
  })

  async function ready(length: number) {
    const server = serveTcp(backend)
    const { reactor } = server
    const { peer, socket } = await server.connect()
    const bytes = noise(length)
    const path = join(folder, 'file')
    writeFileSync(path, bytes)
    const send = () => {
      const fd = openSync(path, 'r')
      ok(reactor.native.sendFile(socket, fd, 0, length))
      closeSync(fd)
    }
    return { reactor, socket, peer, bytes, send }
  }
})
