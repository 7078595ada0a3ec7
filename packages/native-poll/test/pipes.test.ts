// Pipes from one socket to another: every byte, in order, as fast as the slower side, and both ends of it told once.
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './support/folder.js'
import { checkFds, openFds } from './support/leaks.js'
import { needs } from './support/needs.js'
import { eventually, iteration } from './support/patience.js'
import { noise, Peer } from './support/peer.js'
import { constants, errno } from './support/raw_reactor.js'
import { BACKENDS, errorOf, listenUnix, ok, type Serving, serveTcp } from './support/server.js'

checkFds()
const folder = temporaryFolder()

/** More than socket buffers and a kernel pipe hold. */
const MUCH = 8 << 20

describe.each(BACKENDS)('a pipe on %s', (backend) => {
  it('brings every byte to the other side, and the end after them', async () => {
    const { reactor, a, b } = await connected()
    ok(reactor.native.pipe(a.socket, b.socket))
    const bytes = noise(MUCH)
    const sent = a.peer.send(bytes)
    await b.peer.expectBytes(bytes)
    await sent
    await a.peer.end()
    const piped = await reactor.awaitEvent(a.socket, 'PIPED')
    expect(piped.a).toBe(0)
    await reactor.awaitEvent(a.socket, 'END')
    reactor.expectEvents(a.socket, ['PIPED', 'END'])
    expect(reactor.column(a.socket, 'BYTES_READ')).toBe(MUCH)
    expect(reactor.column(b.socket, 'BYTES_WRITTEN')).toBe(MUCH)
    // It ends nothing by itself.
    expect(b.peer.isEnded).toBe(false)
  })

  it('moves the bytes in the kernel', needs(backend === 'epoll', 'epoll'), async () => {
    const { reactor, a, b } = await connected()
    ok(reactor.native.pipe(a.socket, b.socket))
    await a.peer.send(noise(100_000))
    await b.peer.awaitBytes(100_000)
    expect(reactor.counter('bytesSpliced')).toBe(100_000)
    expect(reactor.batches.length).toBe(2) // two ACCEPTs
  })

  it('goes both ways at once', async () => {
    const { reactor, a, b } = await connected()
    ok(reactor.native.pipe(a.socket, b.socket))
    ok(reactor.native.pipe(b.socket, a.socket))
    const [there, back] = [noise(MUCH), noise(MUCH)]
    const sent = Promise.all([a.peer.send(there), b.peer.send(back)])
    await Promise.all([b.peer.expectBytes(there), a.peer.expectBytes(back)])
    await sent
    await a.peer.end()
    await reactor.awaitEvent(a.socket, 'PIPED')
    await b.peer.send('the other half is open')
    await a.peer.awaitBytes(MUCH + 22)
  })

  it('from a socket to itself is an echo', async () => {
    const { reactor, a } = await connected()
    ok(reactor.native.pipe(a.socket, a.socket))
    const bytes = noise(MUCH)
    const sent = a.peer.send(bytes)
    await a.peer.expectBytes(bytes)
    await sent
    await a.peer.end()
    await reactor.awaitEvent(a.socket, 'PIPED')
    reactor.submit('DESTROY', a.socket)
    await reactor.awaitEvent(a.socket, 'CLOSED')
    reactor.expectEvents(a.socket, ['PIPED', 'END', 'CLOSED'])
  })

  it('reads no more than it holds while the other side does not read', async () => {
    const { reactor, a, b } = await connected({
      options: [[constants.SOL_SOCKET, constants.SO_SNDBUF, 4096]],
    })
    b.peer.socket.pause()
    ok(reactor.native.pipe(a.socket, b.socket))
    const bytes = noise(MUCH)
    const sent = a.peer.send(bytes)
    let before = -1
    await eventually('the pipe to be full', () => {
      const now = reactor.column(a.socket, 'BYTES_READ')
      const still = now > 0 && now === before
      before = now
      return still
    })
    for (let i = 0; i < 50; ++i) await iteration()
    expect(reactor.column(a.socket, 'BYTES_READ')).toBeLessThan(MUCH / 2)
    expect(reactor.column(b.socket, 'QUEUED')).toBeLessThanOrEqual(64 * 1024)
    b.peer.socket.resume()
    await b.peer.expectBytes(bytes)
    await sent
  })

  it('sends what was written before it, and what is written meanwhile, too', async () => {
    const { reactor, a, b } = await connected()
    await a.peer.send('piped')
    reactor.write(b.socket, 'first ')
    ok(reactor.native.pipe(a.socket, b.socket))
    await b.peer.awaitBytes(11)
    reactor.write(b.socket, ' between ')
    await b.peer.awaitBytes(20)
    await a.peer.send('piped')
    await b.peer.expectBytes('first piped between piped')
  })

  it('waits for output of the other side that was there before', async () => {
    const { reactor, a, b } = await connected({
      options: [[constants.SOL_SOCKET, constants.SO_SNDBUF, 4096]],
    })
    b.peer.socket.pause()
    const first = noise(1 << 20)
    reactor.write(b.socket, first)
    ok(reactor.native.pipe(a.socket, b.socket))
    await a.peer.send('after it')
    for (let i = 0; i < 20; ++i) await iteration()
    expect(reactor.column(a.socket, 'BYTES_READ')).toBe(0)
    b.peer.socket.resume()
    await b.peer.expectBytes(Buffer.concat([first, Buffer.from('after it')]))
  })

  it('stands still while the side that is read is paused', async () => {
    const { reactor, a, b } = await connected()
    ok(reactor.native.pipe(a.socket, b.socket))
    reactor.submit('PAUSE', a.socket)
    reactor.native.submit()
    await a.peer.send('later')
    for (let i = 0; i < 20; ++i) await iteration()
    expect(b.peer.bytes.length).toBe(0)
    reactor.submit('RESUME', a.socket)
    reactor.native.submit()
    await b.peer.expectBytes('later')
  })

  it('from a socket whose peer has ended is over at once', async () => {
    const { reactor, a, b } = await connected()
    await a.peer.end()
    await reactor.awaitEvent(a.socket, 'END')
    ok(reactor.native.pipe(a.socket, b.socket))
    const piped = await reactor.awaitEvent(a.socket, 'PIPED')
    expect(piped.a).toBe(0)
  })

  it('from a socket that fails is over without a word of its own', async () => {
    const { reactor, a, b } = await connected()
    ok(reactor.native.pipe(a.socket, b.socket))
    await a.peer.reset()
    const error = await reactor.awaitEvent(a.socket, 'ERROR')
    expect(error.a).toBe(errno('ECONNRESET'))
    reactor.expectEvents(a.socket, ['ERROR'])
    // The other side takes another.
    ok(reactor.native.pipe(b.socket, b.socket))
    await b.peer.send('echo')
    await b.peer.expectBytes('echo')
  })

  it('to a socket that closes is told to the side that is read, which is read again', async () => {
    const { reactor, a, b } = await connected()
    ok(reactor.native.pipe(a.socket, b.socket))
    reactor.submit('DESTROY', b.socket)
    const piped = await reactor.awaitEvent(a.socket, 'PIPED')
    expect(piped.a).toBe(errno('EPIPE'))
    await a.peer.send('to JavaScript')
    await reactor.awaitBytes(a.socket, 13)
    reactor.expectEvents(a.socket, ['PIPED', 'DATA'])
  })

  it('to a socket whose peer resets is told, with bytes held or not', async () => {
    const { reactor, a, b } = await connected({
      options: [[constants.SOL_SOCKET, constants.SO_SNDBUF, 4096]],
    })
    b.peer.socket.pause()
    ok(reactor.native.pipe(a.socket, b.socket))
    void a.peer.send(noise(MUCH)).catch(() => {})
    await eventually('bytes to be held', () => reactor.column(a.socket, 'BYTES_READ') > 100_000)
    await b.peer.reset()
    const piped = await reactor.awaitEvent(a.socket, 'PIPED')
    expect([errno('EPIPE'), errno('ECONNRESET')]).toContain(piped.a)
    reactor.submit('DESTROY', a.socket)
    reactor.submit('DESTROY', b.socket)
    await reactor.awaitEvent(a.socket, 'CLOSED')
    await reactor.awaitEvent(b.socket, 'CLOSED')
    expect(reactor.counter('backlogBytes')).toBe(0)
  })

  it('to a socket that somebody ends is told', async () => {
    const { reactor, a, b } = await connected()
    ok(reactor.native.pipe(a.socket, b.socket))
    reactor.submit('END', b.socket)
    const piped = await reactor.awaitEvent(a.socket, 'PIPED')
    expect(piped.a).toBe(errno('EPIPE'))
    await b.peer.awaitEnd()
  })

  it('refuses what it can not do', async () => {
    const { server, reactor, a, b } = await connected()
    const third = await server.connect()
    ok(reactor.native.pipe(a.socket, b.socket))
    expect(errorOf(reactor.native.pipe(a.socket, third.socket))).toBe('EBUSY')
    expect(errorOf(reactor.native.pipe(third.socket, b.socket))).toBe('EBUSY')
    expect(errorOf(reactor.native.pipe(third.socket, 12345))).toBe('EBADF')
    expect(errorOf(reactor.native.pipe(12345, third.socket))).toBe('EBADF')
    reactor.submit('END', third.socket)
    expect(errorOf(reactor.native.pipe(b.socket, third.socket))).toBe('EBADF')
    expect(() => reactor.native.pipe(a.socket, 'b' as never)).toThrow(TypeError)
  })

  it('takes no descriptor while it is idle, and keeps few', async () => {
    const server = serveTcp(backend)
    const pairs = await server.connectMany(60)
    const fds = openFds().filter((fd) => fd.startsWith('pipe')).length
    for (let i = 0; i < pairs.length; i += 2) {
      ok(server.reactor.native.pipe(pairs[i].socket, pairs[i + 1].socket))
    }
    for (let i = 0; i < pairs.length; i += 2) await pairs[i].peer.send('once')
    for (let i = 1; i < pairs.length; i += 2) await pairs[i].peer.expectBytes('once')
    expect(openFds().filter((fd) => fd.startsWith('pipe')).length - fds).toBeLessThanOrEqual(2)
  })

  it('joins Unix sockets and TCP', async () => {
    const path = `${folder}/joined-${backend}`
    const server = serveTcp(backend)
    const { reactor } = server
    const listener = listenUnix(reactor, path)
    const unix = await Peer.connect({ path })
    const there = await reactor.awaitAccept(listener)
    const { peer, socket } = await server.connect()
    ok(reactor.native.pipe(there, socket))
    ok(reactor.native.pipe(socket, there))
    const bytes = noise(3 << 20)
    const sent = Promise.all([unix.send(bytes), peer.send(bytes)])
    await Promise.all([peer.expectBytes(bytes), unix.expectBytes(bytes)])
    await sent
  })

  it('survives the reactor being closed under it', async () => {
    const { reactor, a, b } = await connected()
    ok(reactor.native.pipe(a.socket, b.socket))
    ok(reactor.native.pipe(b.socket, a.socket))
    await a.peer.send(noise(10_000))
    reactor.native.close()
    await a.peer.awaitClosedOrEnded()
    await b.peer.awaitClosedOrEnded()
  })

  async function connected(serving: Serving = {}) {
    const server = serveTcp(backend, serving)
    const [a, b] = await server.connectMany(2)
    return { server, reactor: server.reactor, a, b }
  }
})
