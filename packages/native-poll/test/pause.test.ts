// A paused socket is not read, and costs nothing, whatever its peer does meanwhile.
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { iteration } from './support/patience.js'
import { expectSameBytes, noise, Peer } from './support/peer.js'
import { errno, type RawReactor } from './support/raw_reactor.js'
import { BACKENDS, serveTcp } from './support/server.js'

checkFds()

describe.each(BACKENDS)('a paused socket on %s', (backend) => {
  it('reads nothing while data waits, and all of it when resumed', async () => {
    const { reactor, peer, socket } = await paused()
    const bytes = noise(50_000)
    await peer.send(bytes)
    await expectRest(reactor)
    expect(reactor.counter('receives')).toBe(0)
    reactor.expectEvents(socket, [])
    reactor.submit('RESUME', socket)
    expectSameBytes(await reactor.awaitBytes(socket, bytes.length), bytes)
    reactor.expectEvents(socket, ['DATA'])
  })

  it('does not wake the loop for a reset, and reports it when resumed', async () => {
    const { reactor, peer, socket } = await paused()
    await peer.reset()
    await expectRest(reactor)
    reactor.expectEvents(socket, [])
    reactor.submit('RESUME', socket)
    const error = await reactor.awaitEvent(socket, 'ERROR')
    expect(error.a).toBe(errno('ECONNRESET'))
    reactor.expectEvents(socket, ['ERROR'])
  })

  it("does not wake the loop for the peer's close, and then delivers data and END in order", async () => {
    const { reactor, peer, socket } = await paused()
    await peer.send('last words')
    peer.socket.destroy()
    await peer.awaitClosed()
    await expectRest(reactor)
    reactor.expectEvents(socket, [])
    reactor.submit('RESUME', socket)
    await reactor.awaitEvent(socket, 'END')
    reactor.expectEvents(socket, ['DATA', 'END'])
    expect(String(reactor.bytesOf(socket))).toBe('last words')
  })

  it('does not wake the loop when both halves are shut', async () => {
    const { reactor, peer, socket } = await paused()
    reactor.submit('END', socket)
    await peer.awaitEnd()
    await peer.end()
    await expectRest(reactor)
    reactor.expectEvents(socket, ['FINISH'])
    reactor.submit('RESUME', socket)
    await reactor.awaitEvent(socket, 'END')
    reactor.expectEvents(socket, ['FINISH', 'END'])
  })

  it('can be closed after its peer hung up', async () => {
    const { reactor, peer, socket } = await paused()
    await peer.reset()
    await expectRest(reactor)
    reactor.submit('CLOSE', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['CLOSED'])
  })

  it('still sends, and goes on sending as its peer reads', async () => {
    const { reactor, peer, socket } = await paused()
    const bytes = noise(8 << 20)
    reactor.write(socket, bytes)
    await peer.expectBytes(bytes)
    reactor.expectEvents(socket, [])
  })

  it('that is paused by its handler is not read again in the same turn', async () => {
    const server = serveTcp(backend, { sizes: { maxReadBytes: 1000 } })
    const { reactor } = server
    reactor.handler = ({ name, socket }) => {
      if (name.startsWith('DATA')) reactor.submit('PAUSE', socket)
    }
    const { peer, socket } = await server.connect()
    const bytes = noise(3500)
    await peer.send(bytes)
    for (const length of [1000, 2000, 3000, 3500]) {
      await reactor.awaitBytes(socket, length)
      await expectRest(reactor)
      expect(reactor.bytesOf(socket).length).toBe(length)
      reactor.submit('RESUME', socket)
    }
    expectSameBytes(reactor.bytesOf(socket), bytes)
  })

  it('that is a listener accepts nothing until it is resumed', async () => {
    const { reactor, listener, port, host } = serveTcp(backend)
    reactor.submit('PAUSE', listener)
    reactor.native.submit()
    const peer = await Peer.connect({ host, port })
    await expectRest(reactor)
    expect(reactor.counter('accepted')).toBe(0)
    reactor.submit('RESUME', listener)
    const socket = await reactor.awaitAccept(listener)
    await peer.send('hello')
    await reactor.awaitBytes(socket, 5)
  })

  async function paused() {
    const server = serveTcp(backend)
    const connection = await server.connect()
    server.reactor.submit('PAUSE', connection.socket)
    server.reactor.native.submit()
    return { reactor: server.reactor, ...connection }
  }
})

/**
 * Nothing wakes the reactor while the loop goes round, but for one look at what happened. A wake-up that the
 * poller repeats shows in every iteration, or, where a thread waits, in very many.
 */
async function expectRest(reactor: RawReactor) {
  const turns = reactor.counter('turns')
  for (let i = 0; i < 300; ++i) await iteration()
  expect(reactor.counter('turns') - turns).toBeLessThanOrEqual(4)
}
