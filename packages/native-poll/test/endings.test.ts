// How a connection ends, from either side.
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { noise } from './support/peer.js'
import { errno } from './support/raw_reactor.js'
import { BACKENDS, errorOf, serveTcp } from './support/server.js'

checkFds()

/** More than the kernel's buffers of both ends hold. */
const MUCH = 8 << 20

describe.each(BACKENDS)('an ending on %s', (backend) => {
  it("is END for the peer's half-close, after its last byte, and the other half still works", async () => {
    const { reactor, ...server } = await connected()
    await server.peer.send('last words')
    await server.peer.end()
    await reactor.awaitEvent(server.socket, 'END')
    reactor.expectEvents(server.socket, ['DATA', 'END'])
    expect(String(reactor.bytesOf(server.socket))).toBe('last words')

    const answer = noise(200_000)
    reactor.write(server.socket, answer)
    reactor.submit('END', server.socket)
    await server.peer.expectBytes(answer)
    await server.peer.awaitEnd()
    reactor.expectEvents(server.socket, ['DATA', 'END', 'FINISH'])
  })

  it('is an ERROR for a reset, never an END', async () => {
    const { reactor, peer, socket } = await connected()
    await peer.reset()
    const error = await reactor.awaitEvent(socket, 'ERROR')
    expect(error.a).toBe(errno('ECONNRESET'))
    reactor.expectEvents(socket, ['ERROR'])
  })

  it('after an ERROR is CLOSED once destroyed, and nothing else', async () => {
    const { reactor, peer, socket } = await connected()
    await peer.reset()
    await reactor.awaitEvent(socket, 'ERROR')
    reactor.write(socket, 'into the void')
    reactor.submit('END', socket)
    reactor.submit('DESTROY', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['ERROR', 'CLOSED'])
    expect(reactor.counter('backlogBytes')).toBe(0)
  })

  it('of our half flushes first, reports FINISH, and still receives', async () => {
    const { reactor, peer, socket } = await connected()
    const bytes = noise(MUCH)
    peer.socket.pause()
    reactor.write(socket, bytes)
    reactor.submit('END', socket)
    reactor.submit('RESUME', socket)
    await reactor.native.submit()
    reactor.expectEvents(socket, [])
    peer.socket.resume()
    await peer.expectBytes(bytes)
    await peer.awaitEnd()
    await reactor.awaitEvent(socket, 'FINISH')
    await peer.send('still here')
    expect(String(await reactor.awaitBytes(socket, 10))).toBe('still here')
    reactor.expectEvents(socket, ['FINISH', 'DATA'])
  })

  it('by both half-closes leaves the socket ours to close, and the loop at rest', async () => {
    const { reactor, peer, socket } = await connected()
    reactor.submit('END', socket)
    await peer.awaitEnd()
    await peer.end()
    await reactor.awaitEvent(socket, 'END')
    reactor.expectEvents(socket, ['FINISH', 'END'])
    await expectRest(reactor)
    reactor.submit('CLOSE', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['FINISH', 'END', 'CLOSED'])
  })

  it('by CLOSE flushes everything first', async () => {
    const { reactor, peer, socket } = await connected()
    const bytes = noise(MUCH)
    peer.socket.pause()
    reactor.write(socket, bytes)
    reactor.submit('CLOSE', socket)
    reactor.native.submit()
    expect(reactor.column(socket, 'QUEUED')).toBeGreaterThan(0)
    reactor.expectEvents(socket, [])
    peer.socket.resume()
    await peer.expectBytes(bytes)
    await peer.awaitEnd()
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['CLOSED'])
    expect(reactor.counter('backlogBytes')).toBe(0)
  })

  it('by DESTROY gives the kernel what it takes at once and drops the rest', async () => {
    const { reactor, peer, socket } = await connected()
    const bytes = noise(MUCH)
    peer.socket.pause()
    reactor.write(socket, bytes)
    reactor.submit('DESTROY', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    const taken = reactor.counter('bytesWritten')
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(MUCH)
    expect(reactor.counter('backlogBytes')).toBe(0)
    peer.socket.resume()
    await peer.awaitEnd()
    await peer.expectBytes(bytes.subarray(0, taken))
  })

  it('by RESET is ECONNRESET at the peer', async () => {
    const { reactor, peer, socket } = await connected()
    reactor.write(socket, 'thrown away')
    reactor.submit('RESET', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    await peer.awaitClosed()
    expect(peer.errorCode).toBe('ECONNRESET')
    expect(peer.bytes.length).toBe(0)
    reactor.expectEvents(socket, ['CLOSED'])
  })

  it('asked for twice is one CLOSED, and what follows it is rejected', async () => {
    const { reactor, socket } = await connected()
    reactor.submit('CLOSE', socket)
    reactor.submit('CLOSE', socket)
    reactor.submit('DESTROY', socket)
    reactor.submit('WRITE', socket, 0, 0)
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.submit('DESTROY', socket)
    reactor.native.submit()
    reactor.expectEvents(socket, ['CLOSED'])
    expect(reactor.counter('rejectedSubmissions')).toBe(2)
    expect(errorOf(reactor.native.fd(socket))).toBe('EBADF')
  })

  it('that was submitted and drained outside a turn is reported all the same', async () => {
    const { reactor, socket } = await connected()
    reactor.submit('DESTROY', socket)
    reactor.native.submit()
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['CLOSED'])
  })

  it('of a write that fails outside a turn is reported all the same', async () => {
    const { reactor, peer, socket } = await connected()
    reactor.submit('PAUSE', socket)
    reactor.native.submit()
    await peer.reset()
    reactor.native.write(socket, Buffer.from('too late'))
    await reactor.awaitEvent(socket, 'ERROR')
    reactor.expectEvents(socket, ['ERROR'])
  })

  it('refuses bytes after END and CLOSE, and says so', async () => {
    const { reactor, peer, socket } = await connected()
    reactor.write(socket, 'before')
    reactor.submit('END', socket)
    reactor.write(socket, 'after')
    reactor.native.submit()
    expect(reactor.counter('rejectedSubmissions')).toBe(1)
    expect(errorOf(reactor.native.write(socket, Buffer.from('after')))).toBe('EBADF')
    await peer.awaitEnd()
    await peer.expectBytes('before')
  })

  async function connected() {
    const server = serveTcp(backend)
    return { reactor: server.reactor, ...(await server.connect()) }
  }
})

/** Nothing wakes the reactor while the loop goes round. */
async function expectRest(reactor: { counter(name: 'turns'): number }) {
  for (let i = 0; i < 5; ++i) await new Promise(setImmediate)
  const turns = reactor.counter('turns')
  for (let i = 0; i < 200; ++i) await new Promise(setImmediate)
  expect(reactor.counter('turns') - turns).toBeLessThanOrEqual(1)
}
