// One more than each ring, slab, pool and table holds.
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { noise } from './support/peer.js'
import { constants, errno } from './support/raw_reactor.js'
import { BACKENDS, readyTogether, type Serving, serveTcp, type TestServer } from './support/server.js'

checkFds()

describe.each(BACKENDS)('past the cap on %s', (backend) => {
  const serve = (serving: Serving) => serveTcp(backend, serving)

  it('of the event ring, each socket still gets its own bytes', async () => {
    const server = serve({ sizes: { eventRecords: 4 }, echo: true })
    await expectEchoes(server, 9, 1000)
    expect(Math.max(...server.reactor.batches)).toBe(4)
  })

  it('of an event ring of one record, everything still comes in order', async () => {
    const server = serve({ sizes: { eventRecords: 1 }, echo: true })
    await expectEchoes(server, 5, 1000)
    const connections = await server.connectMany(3)
    await Promise.all(connections.map(({ peer }) => peer.end()))
    await Promise.all(connections.map(({ socket }) => server.reactor.awaitEvent(socket, 'CLOSED')))
    for (const { socket } of connections) server.reactor.expectEvents(socket, ['END', 'CLOSED'])
  })

  it('of the event ring by what handlers cause, no bytes are overwritten before they are delivered', async () => {
    const server = serve({ sizes: { eventRecords: 2, maxReadBytes: 64, receiveBytes: 256 } })
    const { reactor } = server
    const connections = await server.connectMany(12)
    reactor.handler = ({ name }) => {
      if (!name.startsWith('DATA')) return
      // Each is an event at once, while the ring is being read: more of them than it holds.
      for (const { socket } of connections.slice(0, 5)) reactor.submit('WATCH_DRAIN', socket, 0)
      reactor.native.submit()
    }
    const streams = connections.map((_, i) => Buffer.alloc(640, String.fromCharCode(97 + i)))
    await readyTogether(
      reactor,
      connections.map(({ socket }) => socket),
      () => Promise.all(connections.map(({ peer }, i) => peer.send(streams[i]))),
    )
    for (const [i, { socket }] of connections.entries()) {
      expect(String(await reactor.awaitBytes(socket, 640))).toBe(String(streams[i]))
    }
  })

  it('of the event ring by what handlers cause, no later event overtakes an earlier one', async () => {
    const server = serve({ sizes: { eventRecords: 1 } })
    const { reactor } = server
    const connections = await server.connectMany(6)
    reactor.handler = ({ name, socket }) => {
      if (!name.startsWith('DATA')) return
      reactor.submit('WATCH_DRAIN', socket, 0)
      reactor.native.submit()
    }
    await readyTogether(
      reactor,
      connections.map(({ socket }) => socket),
      () => Promise.all(connections.map(({ peer }) => peer.send('x'))),
    )
    await reactor.until('every drain', () => reactor.log.filter(({ name }) => name === 'DRAIN').length === 6)
    const story = reactor.log.filter(({ name }) => name !== 'ACCEPT').map(({ name }) => name)
    expect(story).toEqual(Array.from({ length: 6 }, () => ['DATA_BORROWED', 'DRAIN']).flat())
  })

  it('of the submission ring, what was asked first is done first', async () => {
    const server = serve({ sizes: { submissionRecords: 4 } })
    const { peer, socket } = await server.connect()
    const words = Array.from({ length: 4 * 5 + 1 }, (_, i) => `word ${i} `)
    for (const word of words) server.reactor.write(socket, word)
    await peer.expectBytes(words.join(''))
  })

  it('of the send slab, the rest follows', async () => {
    const server = serve({ sizes: { sendBytes: 100 } })
    const { peer, socket } = await server.connect()
    const bytes = noise(100 * 7 + 1)
    server.reactor.write(socket, bytes)
    await peer.expectBytes(bytes)
  })

  it.each([
    [true, 2 * 1024 + 100],
    [false, 2 * 1024 + 100],
    [true, 1024],
    [false, 1024],
  ])(
    'of the receive slab in the middle of a round (borrowed: %s, %i bytes)',
    async (borrow, receiveBytes) => {
      const sizes = { maxReadBytes: 1024, receiveBytes, copyMaxBytes: 0, poolBytes: 8 }
      await expectEchoes(serve({ borrow, sizes, echo: true }), 7, 5000)
    },
  )

  it('of a slab whose size is no multiple of anything, nothing is written beyond it', async () => {
    for (const borrow of [true, false]) {
      const sizes = { maxReadBytes: 100, receiveBytes: 100, copyMaxBytes: 0, poolBytes: 0 }
      await expectEchoes(serve({ borrow, sizes, echo: true }), 3, 1000)
    }
  })

  it.each([64, 13, 5])('of a pool of %i bytes, chunks of 5 are kept apart', async (poolBytes) => {
    const sizes = { maxReadBytes: 5, copyMaxBytes: 5, poolBytes, receiveBytes: 4096 }
    const server = serve({ borrow: false, sizes, echo: true })
    await expectEchoes(server, 7, 50)
    expect(server.reactor.log.some(({ name }) => name === 'DATA_POOLED')).toBe(true)
  })

  it('of copying, a chunk stays where it was received, and is never written again', async () => {
    const sizes = { copyMaxBytes: 100, maxReadBytes: 101, receiveBytes: 101 * 4 }
    const server = serve({ borrow: false, sizes })
    const { reactor } = server
    const kept: [ArrayBuffer, number, number, Buffer][] = []
    reactor.handler = ({ name, a, b, bytes }) => {
      if (name === 'DATA_KEPT') kept.push([reactor.slab, a, b, bytes])
    }
    const { peer, socket } = await server.connect()
    const stream = noise(101 * 50)
    await peer.send(stream)
    await reactor.awaitBytes(socket, stream.length)
    expect(kept.length).toBeGreaterThan(10)
    expect(Buffer.concat(kept.map(([slab, a, b]) => Buffer.from(slab, a, b)))).toEqual(
      Buffer.concat(kept.map(([, , , bytes]) => bytes)),
    )
  })

  it('of the socket table, a larger one is asked for and nobody is turned away', async () => {
    const server = serve({ sizes: { rows: 4 }, echo: true })
    await expectEchoes(server, 13, 1000)
    expect(server.reactor.table.length).toBeGreaterThan(4 * 4)
    expect(server.reactor.counter('acceptPauses')).toBe(0)
    expect(server.reactor.column(server.listener, 'LAST_ACTIVITY_MS')).toBeGreaterThan(0)
  })

  it('of the socket table, where none is lent, the listener pauses and resumes by itself', async () => {
    const server = serve({ sizes: { rows: 2 }, echo: true })
    const { reactor, listener } = server
    reactor.lend = () => {}
    const first = await server.connect()
    const second = server.connect()
    const paused = await reactor.awaitEvent(listener, 'ACCEPT_PAUSED')
    expect(paused.a).toBe(errno('ENFILE'))
    await first.peer.send('still served')
    await first.peer.expectBytes('still served')
    reactor.lendWhatIsAsked()
    const { peer } = await second
    expect(reactor.summary(listener)).toContain('ACCEPT_RESUMED')
    await peer.send('served at last')
    await peer.expectBytes('served at last')
  })

  it('of the socket table by sockets of our own, the call says ENFILE', () => {
    const { reactor } = serve({ sizes: { rows: 2 } })
    const make = () => reactor.native.socket(constants.AF_INET, constants.SOCK_STREAM, 0)
    expect(make()).toBeGreaterThan(0)
    expect(make()).toBe(-errno('ENFILE'))
    reactor.lendWhatIsAsked()
    expect(make()).toBeGreaterThan(0)
  })
})

/** Every one of `count` connections, all ready in one round, gets back the `length` bytes it sent. */
async function expectEchoes(server: TestServer, count: number, length: number) {
  const connections = await server.connectMany(count)
  const streams = connections.map(() => noise(length))
  await readyTogether(
    server.reactor,
    connections.map(({ socket }) => socket),
    () => Promise.all(connections.map(({ peer }, i) => peer.send(streams[i]))),
  )
  await Promise.all(connections.map(({ peer }, i) => peer.expectBytes(streams[i])))
}
