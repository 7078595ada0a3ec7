// A flood takes its turns, and no more: timers, other I/O and other connections get theirs.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './support/folder.js'
import { checkFds } from './support/leaks.js'
import { patiently } from './support/patience.js'
import { Peer } from './support/peer.js'
import { RawReactor, type Sizes } from './support/raw_reactor.js'
import { BACKENDS, connectedPair, listenUnix, readyTogether, serveTcp } from './support/server.js'

checkFds()

const folder = temporaryFolder()
/** A flood without end would hang the test: this one ends, far later than it takes to pass. */
const FLOOD = 300_000

describe.each(BACKENDS)('fairness on %s', (backend) => {
  it.each<[string, Sizes]>([
    ['rounds', { maxRounds: 8, maxTurnUs: 1 << 29 }],
    ['time', { maxRounds: 1 << 30, maxTurnUs: 500 }],
  ])(
    'of a turn bounded in %s: two sockets that answer each other for ever do not stop timers',
    async (by, sizes) => {
      const reactor = new RawReactor(backend, sizes)
      const path = join(folder, `${by}-${backend}`)
      const { client } = await connectedPair(reactor, listenUnix(reactor, path), path)
      let answers = 0
      // On a busy machine the first answer may come later than the timers.
      const begun = new Promise<void>((resolve) => {
        reactor.handler = (event) => {
          if (++answers < FLOOD) reactor.echo(event)
          reactor.log.length = 0
          resolve()
        }
      })
      reactor.write(client, 'ping')
      await patiently(begun, 'the first answer')
      await threeTimers()
      expect(answers).toBeLessThan(FLOOD)
    },
  )

  it('of a turn: handlers whose doings are events in turn do not stop timers', async () => {
    const server = serveTcp(backend, { sizes: { maxTurnUs: 500 } })
    const { reactor } = server
    const { peer, socket } = await server.connect()
    let drains = 0
    const begun = new Promise<void>((resolve) => {
      reactor.handler = ({ name }) => {
        if (name === 'DRAIN' && ++drains < FLOOD) reactor.submit('WATCH_DRAIN', socket, 0)
        reactor.log.length = 0
        resolve()
      }
    })
    reactor.submit('WATCH_DRAIN', socket, 0)
    await patiently(begun, 'the first drain')
    await threeTimers()
    expect(drains).toBeLessThan(FLOOD)
    drains = FLOOD
    reactor.handler = reactor.echo
    await peer.send('served')
    await peer.expectBytes('served')
  })

  it('of a turn: what the budget cut off goes on, though nothing else wakes the loop', async () => {
    const server = serveTcp(backend, { sizes: { maxTurnUs: 1 } })
    const { reactor } = server
    const { socket } = await server.connect()
    // Not by the harness: its waiting goes round the loop.
    const done = new Promise<void>((resolve) => {
      let drains = 0
      reactor.handler = ({ name }) => {
        if (name !== 'DRAIN') return
        if (++drains < 1000) reactor.submit('WATCH_DRAIN', socket, 0)
        else resolve()
      }
    })
    reactor.submit('WATCH_DRAIN', socket, 0)
    await patiently(done, 'a thousand turns')
  })

  it('of a round: one who sends much does not keep back one who sends little', async () => {
    const server = serveTcp(backend, { sizes: { maxReadBytes: 1000 } })
    const { reactor } = server
    const [much, little] = await server.connectMany(2)
    await readyTogether(reactor, [much.socket, little.socket], async () => {
      await much.peer.send(Buffer.alloc(60_000))
      await little.peer.send('x')
    })
    await reactor.awaitBytes(much.socket, 60_000)
    const [data] = reactor.eventsOf(little.socket)
    const ahead = reactor.log.slice(0, reactor.log.indexOf(data)).filter((e) => e.socket === much.socket)
    expect(ahead.length).toBeLessThanOrEqual(1)
  })

  it('of a round: a burst of connections does not keep back those that are open', async () => {
    const server = serveTcp(backend, { sizes: { acceptBudget: 1 } })
    const { reactor, listener, host, port } = server
    const { peer, socket } = await server.connect()
    await readyTogether(reactor, [listener, socket], async () => {
      for (let i = 0; i < 20; ++i) await Peer.connect({ host, port })
      await peer.send('x')
    })
    await reactor.awaitAccept(listener, 21)
    const [data] = reactor.eventsOf(socket)
    const ahead = reactor.log.slice(0, reactor.log.indexOf(data)).filter((e) => e.socket === listener)
    // The one of its own, and at most one of the burst.
    expect(ahead.length).toBeLessThanOrEqual(2)
  })
})

/** Timers that come due one after the other, so that the loop must come round three times. */
async function threeTimers() {
  for (let i = 0; i < 3; ++i) await new Promise((resolve) => setTimeout(resolve, 1))
}
