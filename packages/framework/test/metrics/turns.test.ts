// The histograms of turns that the reactor keeps: how long they took, how many events they had.
import type { Distribution } from '@pollux/core'
import { type Connection, EventLoop } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually } from '../support/raw.js'
import { connectMany, leaveNothingBehind, loopOn, readyTogether, serve } from '../support/serving.js'

leaveNothingBehind()

const total = ({ counts }: Distribution) => counts.reduce((sum, count) => sum + count, 0)

/** How many values were more than `bound`. */
function above({ bounds, counts }: Distribution, bound: number): number {
  return counts.slice(bounds.indexOf(bound) + 1).reduce((sum, count) => sum + count, 0)
}

function keepBusy(ms: number) {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('the histograms of a loop', () => {
  it('are empty before the first turn, with one bucket more than bounds', () => {
    const loop = new EventLoop()
    for (const each of [loop.turnDurationsUs(), loop.eventsPerTurn()]) {
      expect(total(each)).toBe(0)
      expect(each.sum).toBe(0)
      expect(each.counts.length).toBe(each.bounds.length + 1)
      expect([...each.bounds].sort((a, b) => a - b)).toEqual(each.bounds)
    }
    loop.close()
  })

  describe.each(BACKENDS)('on %s', (backend) => {
    it('put a turn whose handler was busy for 12 ms past 10 ms', async () => {
      const loop = loopOn(backend)
      const service = await serve({ loop, data: () => keepBusy(12) })
      const peer = await service.connect()
      await eventually('the connection', () => service.server.connections === 1)
      const before = above(loop.turnDurationsUs(), 10_000)
      const sumBefore = loop.counter('turnUs')
      await peer.send('x')
      await eventually('a long turn', () => above(loop.turnDurationsUs(), 10_000) > before)
      expect(loop.counter('turnUs') - sumBefore).toBeGreaterThanOrEqual(12_000)
    })

    it('count every turn once, and all events', async () => {
      const loop = loopOn(backend)
      const service = await serve({ loop, data: (conn, chunk) => conn.end(chunk) })
      const peer = await service.connect()
      await peer.send('x')
      await peer.awaitEnd()
      const turns = loop.counter('turns')
      expect(total(loop.turnDurationsUs())).toBe(turns)
      expect(total(loop.eventsPerTurn())).toBe(turns)
      expect(loop.eventsPerTurn().sum).toBe(loop.counter('events'))
    })

    it('know a turn of more than ten events from one of a single event', async () => {
      const loop = loopOn(backend)
      const conns: Connection[] = []
      const service = await serve({ loop, open: (conn) => conns.push(conn), data: () => {} })
      const peers = await connectMany(service, conns, 20)
      const before = above(loop.eventsPerTurn(), 10)
      await readyTogether(conns, () => Promise.all(peers.map((peer) => peer.send('x'))))
      await eventually('a turn of twenty', () => above(loop.eventsPerTurn(), 10) > before)
    })
  })

  it('take no harm from a handler that closes the loop in the midst of a turn', async () => {
    const loop = new EventLoop()
    const service = await serve({ loop, data: () => loop.close() })
    const peer = await service.connect()
    // A turn of its own, which is over.
    await eventually('the connection', () => service.server.connections === 1)
    await peer.send('x')
    await peer.awaitClosedOrEnded()
    expect(total(loop.turnDurationsUs())).toBeGreaterThan(0)
  })
})
