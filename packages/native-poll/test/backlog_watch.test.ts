// BACKLOG: the queued output of all sockets together leaves a range, and JavaScript hears of it once.
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { eventually, iteration } from './support/patience.js'
import { BACKENDS, serveTcp } from './support/server.js'

checkFds()

const NEVER_ABOVE = Number.MAX_SAFE_INTEGER
const NEVER_BELOW = -1
const MUCH = Buffer.alloc(8 << 20)

describe.each(BACKENDS)('a watched backlog on %s', (backend) => {
  const reports = (reactor: ReturnType<typeof serveTcp>['reactor']) => reactor.eventsOf(0, 'BACKLOG').length

  it('is reported when it has grown, once, with no other event in sight', async () => {
    const { reactor, peers, sockets } = await stalled()
    reactor.native.watchBacklog(1, NEVER_BELOW)
    await iteration()
    expect(reports(reactor)).toBe(0)
    // From outside a turn, as a timer would.
    for (const socket of sockets) reactor.write(socket, MUCH)
    await eventually('the report', () => reports(reactor) > 0)
    for (const socket of sockets) reactor.write(socket, MUCH)
    await iteration()
    await iteration()
    expect(reports(reactor)).toBe(1)
    expect(peers.length).toBe(2)
  })

  it('is reported in the same turn, while handlers write', async () => {
    const { reactor, peers, sockets } = await stalled()
    reactor.native.watchBacklog(1, NEVER_BELOW)
    let wroteIn = 0
    reactor.handler = ({ name, dispatch }) => {
      if (!name.startsWith('DATA')) return
      wroteIn = dispatch
      reactor.write(sockets[1], MUCH)
    }
    await peers[0].send('go')
    await eventually('the report', () => reports(reactor) > 0)
    expect(reactor.eventsOf(0, 'BACKLOG')[0].dispatch).toBe(wroteIn + 1)
  })

  it.each(['the peers read', 'a socket is destroyed'])('is reported when it has shrunk: %s', async (how) => {
    const { reactor, peers, sockets } = await stalled()
    for (const socket of sockets) reactor.write(socket, MUCH)
    reactor.native.submit()
    const full = reactor.counter('backlogBytes')
    reactor.native.watchBacklog(NEVER_ABOVE, full - 1)
    expect(reports(reactor)).toBe(0)
    if (how === 'the peers read') peers[0].socket.resume()
    else reactor.submit('DESTROY', sockets[0])
    await eventually('the report', () => reports(reactor) > 0)
    expect(reactor.counter('backlogBytes')).toBeLessThan(full)
    expect(reports(reactor)).toBe(1)
  })

  it('is reported soon where it is out of the range from the beginning', async () => {
    const { reactor } = await stalled()
    reactor.native.watchBacklog(NEVER_ABOVE, 0)
    await eventually('the report', () => reports(reactor) > 0)
  })

  it('is not watched any more after the widest range', async () => {
    const { reactor, sockets } = await stalled()
    reactor.native.watchBacklog(1, NEVER_BELOW)
    reactor.native.watchBacklog(NEVER_ABOVE, NEVER_BELOW)
    reactor.write(sockets[0], MUCH)
    await iteration()
    await iteration()
    expect(reactor.counter('backlogBytes')).toBeGreaterThan(0)
    expect(reports(reactor)).toBe(0)
  })

  it('refuses ranges that are none', async () => {
    const { reactor } = await stalled()
    const watch = reactor.native.watchBacklog.bind(reactor.native) as (...args: unknown[]) => void
    for (const bad of [[0, 0], [Number.NaN, 0], [1.5, 0], [1, -2], ['1', 0], [1], []]) {
      expect(() => watch(...bad)).toThrow(/above|below/)
    }
  })

  async function stalled() {
    const server = serveTcp(backend)
    const connections = await server.connectMany(2)
    for (const { peer } of connections) peer.socket.pause()
    return {
      reactor: server.reactor,
      peers: connections.map(({ peer }) => peer),
      sockets: connections.map(({ socket }) => socket),
    }
  }
})
