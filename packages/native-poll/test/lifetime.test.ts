// From construction to close(), inside and outside of a dispatch, with neighbours.
import { describe, expect, it } from 'vitest'
import { checkFds, openFds } from './support/leaks.js'
import { eventually, iteration } from './support/patience.js'
import { noise, Peer } from './support/peer.js'
import { binding, constants } from './support/raw_reactor.js'
import { BACKENDS, errorOf, optionsOf, readyTogether, serveTcp } from './support/server.js'

checkFds()

describe.each(BACKENDS)('a reactor on %s', (backend) => {
  it('gives every descriptor back at close, and not when the collector comes by', async () => {
    const before = openFds()
    const server = serveTcp(backend)
    const { peer } = await server.connect()
    server.reactor.native.close()
    await peer.awaitEnd()
    peer.socket.destroy()
    await peer.awaitClosed()
    expect(openFds()).toEqual(before)
  })

  it('tells the end of a socket before its slot is anybody else’s', async () => {
    // One record for each dispatch, and the smallest budget: CLOSED waits while connections come in.
    const server = serveTcp(backend, { sizes: { eventRecords: 1, maxTurnUs: 1 } })
    const { reactor } = server
    const read: number[] = []
    reactor.handler = ({ name, socket }) => {
      if (name.startsWith('DATA')) reactor.submit('DESTROY', socket)
      if (name === 'CLOSED') read.push(reactor.column(socket, 'BYTES_READ'))
    }
    const connections = await server.connectMany(5)
    await readyTogether(reactor, [server.listener, ...connections.map(({ socket }) => socket)], async () => {
      for (const { peer } of connections) await peer.send('12345')
      for (let i = 0; i < 5; ++i) await Peer.connect({ host: server.host, port: server.port })
    })
    for (const { socket } of connections) await reactor.awaitEvent(socket, 'CLOSED')
    expect(read).toEqual([5, 5, 5, 5, 5])
  })

  it.each(['DATA_BORROWED', 'ACCEPT', 'DRAIN'])(
    'closed inside the dispatch of %s delivers nothing more',
    async (moment) => {
      const server = serveTcp(backend)
      const { reactor, host, port } = server
      const { peer, socket } = await server.connect()
      reactor.handler = ({ name }) => {
        if (name === moment) reactor.native.close()
      }
      const dispatches = reactor.batches.length
      if (moment === 'ACCEPT') await Peer.connect({ host, port })
      if (moment === 'DATA_BORROWED') await peer.send('close, please')
      // Outside of a turn: the loop is about to block when this one is delivered.
      if (moment === 'DRAIN') reactor.submit('WATCH_DRAIN', socket, 0)
      await peer.awaitEnd()
      for (let i = 0; i < 10; ++i) await iteration()
      expect(reactor.batches.length).toBe(dispatches + 1)
      expect(reactor.counter('openSockets')).toBe(0)
    },
  )

  it('closed inside a dispatch made in the middle of a batch looks at nothing more', async () => {
    const server = serveTcp(backend, { sizes: { eventRecords: 1 } })
    const { reactor } = server
    const connections = await server.connectMany(5)
    reactor.handler = () => reactor.native.close()
    await Promise.all(connections.map(({ peer }) => peer.send('close, please')))
    await Promise.all(connections.map(({ peer }) => peer.awaitClosedOrEnded()))
    expect(reactor.log.filter(({ name }) => name.startsWith('DATA')).length).toBe(1)
  })

  it('closed twice is closed', () => {
    const { reactor } = serveTcp(backend)
    reactor.native.close()
    reactor.native.close()
    expect(reactor.counter('openSockets')).toBe(0)
  })

  it('answers every method after close, and opens nothing', () => {
    const server = serveTcp(backend)
    const { reactor, listener } = server
    const { native } = reactor
    native.close()
    const before = openFds()
    expect(errorOf(native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))).toBe('EBADF')
    expect(errorOf(native.fd(listener))).toBe('EBADF')
    expect(native.bindIp(listener, '127.0.0.1', 0, 0)).toBeLessThan(0)
    expect(native.listen(listener, 1, true)).toBeLessThan(0)
    expect(native.open(listener, true)).toBeLessThan(0)
    expect(errorOf(native.localAddress(listener) as number)).toBe('EBADF')
    expect(errorOf(native.write(listener, noise(5)))).toBe('EBADF')
    reactor.submit('DESTROY', listener)
    native.submit()
    native.ref(listener)
    native.unref(listener)
    native.lendSlab(new ArrayBuffer(1 << 20))
    native.lendPool(new ArrayBuffer(1 << 16))
    native.lendTable(new Float64Array(1 << 16))
    expect(native.now()).toBeGreaterThanOrEqual(0)
    expect(native.backend).toBe(backend)
    expect(openFds()).toEqual(before)
  })

  it('that nobody holds any more goes on serving', async () => {
    const server = serveTcp(backend, { echo: true })
    const { peer } = await server.connect()
    for (let i = 0; i < 3; ++i) {
      global.gc?.()
      await iteration()
    }
    const bytes = noise(100_000)
    await peer.send(bytes)
    await peer.expectBytes(bytes)
  })

  it('is collected after close, with what was lent to it', async () => {
    const collected = new Set<string>()
    const registry = new FinalizationRegistry<string>((what) => collected.add(what))
    closeOne(registry)
    await eventually('reactor and slab to be collected', () => {
      global.gc?.()
      return collected.size === 2
    })
  })

  /** In a function of its own, so that no variable holds on to it. */
  function closeOne(registry: FinalizationRegistry<string>) {
    // Not by the harness, which remembers what it made.
    const options = optionsOf(backend)
    const native = new binding.Reactor(options, () => {})
    native.close()
    registry.register(native, 'reactor')
    registry.register(options.receiveSlab, 'slab')
  }

  it('has neighbours in its environment that do not disturb it', async () => {
    const servers = Array.from({ length: 5 }, () => serveTcp(backend, { echo: true }))
    const connections = await Promise.all(servers.map((server) => server.connect()))
    for (const [i, { reactor }] of servers.entries()) {
      const bytes = noise(200_000)
      const rest = connections.slice(i)
      const before = rest.map(({ peer }) => peer.bytes)
      await Promise.all(rest.map(({ peer }) => peer.send(bytes)))
      await Promise.all(rest.map(({ peer }, k) => peer.expectBytes(Buffer.concat([before[k], bytes]))))
      reactor.native.close()
    }
  })
})
