// What is written: order, completeness, watermarks, and when it leaves.
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { eventually, iteration } from './support/patience.js'
import { listeningPeer, noise } from './support/peer.js'
import { errno, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, connectTcp, errorOf, serveTcp } from './support/server.js'

checkFds()

const MUCH = 8 << 20

describe.each(BACKENDS)('output on %s', (backend) => {
  it('from outside a turn leaves before the loop blocks', async () => {
    const { reactor, peer, socket } = await connected()
    reactor.write(socket, 'from a timer')
    await iteration()
    await iteration()
    expect(reactor.counter('bytesWritten')).toBe(12)
    await peer.expectBytes('from a timer')
  })

  it('of one turn to one socket is one call of the kernel', async () => {
    const { reactor, peer, socket } = await connected()
    for (let i = 0; i < 100; ++i) reactor.write(socket, `message ${i}\n`)
    await peer.awaitBytes(1090)
    expect(reactor.counter('sends')).toBe(1)
  })

  it('to several sockets, interleaved, keeps the order of each', async () => {
    const server = serveTcp(backend)
    const connections = await server.connectMany(5)
    for (let i = 0; i < 200; ++i) {
      for (const { socket } of connections) server.reactor.write(socket, `${socket}:${i} `)
    }
    for (const { peer, socket } of connections) {
      const wanted = Array.from({ length: 200 }, (_, i) => `${socket}:${i} `).join('')
      await peer.expectBytes(wanted)
    }
    expect(server.reactor.counter('sends')).toBe(5)
  })

  it('that the kernel does not take waits, is counted, and goes on when the peer reads', async () => {
    const { reactor, peer, socket } = await connected()
    const bytes = noise(MUCH)
    peer.socket.pause()
    reactor.write(socket, bytes)
    reactor.native.submit()
    const queued = reactor.column(socket, 'QUEUED')
    expect(queued).toBeGreaterThan(0)
    expect(queued).toBe(MUCH - reactor.counter('bytesWritten'))
    expect(reactor.counter('backlogBytes')).toBe(queued)
    peer.socket.resume()
    await peer.expectBytes(bytes)
    await eventually('an empty backlog', () => reactor.counter('backlogBytes') === 0)
    expect(reactor.column(socket, 'QUEUED')).toBe(0)
    expect(reactor.column(socket, 'BYTES_WRITTEN')).toBe(MUCH)
  })

  it('mixed of ring, direct write and backlog keeps its order', async () => {
    const { reactor, peer, socket } = await connected()
    const parts = Array.from({ length: 60 }, () => noise(300_000))
    peer.socket.pause()
    for (const [i, part] of parts.entries()) {
      if (i % 3 === 0) expect(reactor.native.write(socket, part)).toBe(0)
      else reactor.write(socket, part)
      if (i === 30) peer.socket.resume()
      if (i % 7 === 0) await iteration()
    }
    await peer.expectBytes(Buffer.concat(parts))
  })

  it('of a caller who changes his buffer afterwards is what he passed', async () => {
    const { reactor, peer, socket } = await connected()
    const bytes = noise(MUCH)
    const passed = Buffer.from(bytes)
    peer.socket.pause()
    expect(reactor.native.write(socket, passed)).toBe(0)
    passed.fill(0)
    peer.socket.resume()
    await peer.expectBytes(bytes)
  })

  it('reports DRAIN once for each crossing, and not before the mark', async () => {
    const { reactor, peer, socket } = await connected()
    const queuedAtDrain: number[] = []
    reactor.handler = ({ name }) => {
      if (name === 'DRAIN') queuedAtDrain.push(reactor.column(socket, 'QUEUED'))
    }
    const bytes = noise(MUCH)
    for (let crossing = 1; crossing <= 3; ++crossing) {
      peer.socket.pause()
      reactor.write(socket, bytes)
      reactor.submit('WATCH_DRAIN', socket, 100_000)
      reactor.native.submit()
      expect(queuedAtDrain.length).toBe(crossing - 1)
      peer.socket.resume()
      await peer.awaitBytes(MUCH * crossing)
      await eventually('an empty backlog', () => reactor.column(socket, 'QUEUED') === 0)
      expect(queuedAtDrain.length).toBe(crossing)
      expect(queuedAtDrain[crossing - 1]).toBeLessThanOrEqual(100_000)
    }
    reactor.expectEvents(socket, ['DRAIN', 'DRAIN', 'DRAIN'])
  })

  it('reports DRAIN at once where nothing is queued, also outside a turn', async () => {
    const { reactor, socket } = await connected()
    reactor.submit('WATCH_DRAIN', socket, 0)
    reactor.native.submit()
    await reactor.awaitEvent(socket, 'DRAIN')
    reactor.expectEvents(socket, ['DRAIN'])
  })

  it('written while the connection is being made leaves when it is', async () => {
    const far = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const reactor = new RawReactor(backend)
    const socket = connectTcp(reactor, far.port)
    const bytes = noise(200_000)
    reactor.write(socket, bytes.subarray(0, 100_000))
    reactor.native.submit()
    expect(reactor.native.write(socket, bytes.subarray(100_000))).toBe(0)
    expect(reactor.column(socket, 'QUEUED')).toBe(200_000)
    reactor.submit('CLOSE', socket)
    const peer = await far.awaitPeer()
    await peer.expectBytes(bytes)
    await peer.awaitEnd()
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['CONNECT', 'CLOSED'])
  })

  it('to a peer that reset is one ERROR and drops what was queued', async () => {
    const { reactor, peer, socket } = await connected()
    peer.socket.pause()
    reactor.write(socket, noise(MUCH))
    reactor.native.submit()
    await peer.reset()
    const error = await reactor.awaitEvent(socket, 'ERROR')
    expect([errno('ECONNRESET'), errno('EPIPE')]).toContain(error.a)
    expect(reactor.column(socket, 'QUEUED')).toBe(0)
    expect(reactor.counter('backlogBytes')).toBe(0)
    expect(errorOf(reactor.native.write(socket, Buffer.from('x')))).toBe('EBADF')
    reactor.expectEvents(socket, ['ERROR'])
  })

  it('of nothing is fine', async () => {
    const { reactor, peer, socket } = await connected()
    expect(reactor.native.write(socket, new Uint8Array(0))).toBe(0)
    reactor.submit('WRITE', socket, 0, 0)
    reactor.write(socket, 'something')
    await peer.expectBytes('something')
    reactor.expectEvents(socket, [])
  })

  async function connected() {
    const server = serveTcp(backend)
    return { reactor: server.reactor, ...(await server.connect()) }
  }
})
