// Idle timeouts: never early, not while bytes flow, and for each of many connections.
import type { Connection } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, patiently } from './support/raw.js'
import { connectMany, leaveNothingBehind, loopOn, promised, serve } from './support/serving.js'

leaveNothingBehind()

describe.each(BACKENDS)('an idle timeout on %s', (backend) => {
  it.each([1, 15, 16, 17, 40, 100])('of %i ms comes, and never early', async (idleTimeoutMs) => {
    const timedOut = promised<number>()
    let opened = 0
    const service = await serve({
      loop: loopOn(backend),
      idleTimeoutMs,
      // Before the timeout is armed: by the time of open() the machine may have been busy with others for a while.
      state: () => {
        opened = performance.now()
      },
      data() {},
      timeout(conn) {
        timedOut.resolve(performance.now() - opened)
        conn.destroy()
      },
    })
    const peer = await service.connect()
    expect(await patiently(timedOut.promise, 'the timeout')).toBeGreaterThanOrEqual(idleTimeoutMs)
    await peer.awaitClosedOrEnded()
  })

  it('without a handler destroys the connection with ERR_POLLUX_IDLE_TIMEOUT', async () => {
    const closed = promised<unknown>()
    const service = await serve({
      loop: loopOn(backend),
      idleTimeoutMs: 10,
      data() {},
      close: (_conn, error) => closed.resolve(error),
    })
    const peer = await service.connect()
    expect(await patiently(closed.promise, 'the close')).toMatchObject({ code: 'ERR_POLLUX_IDLE_TIMEOUT' })
    await peer.awaitClosedOrEnded()
  })

  it.each(['received', 'sent'])('counts from the last byte that was %s', async (way) => {
    const timedOut = promised<number>()
    let last = 0
    const conns: Connection[] = []
    const service = await serve({
      loop: loopOn(backend),
      idleTimeoutMs: 200,
      open: (conn) => conns.push(conn),
      data: () => {
        last = performance.now()
      },
      timeout(conn) {
        timedOut.resolve(performance.now() - last)
        conn.destroy()
      },
    })
    const [peer] = await connectMany(service, conns, 1)
    for (let i = 0; i < 8; ++i) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      if (way === 'received') await peer.send('.')
      else {
        conns[0].write('.')
        last = performance.now()
        await peer.awaitBytes(i + 1)
      }
    }
    // The loop's clock is that of the iteration's beginning.
    expect(await patiently(timedOut.promise, 'the timeout')).toBeGreaterThanOrEqual(200 - 15)
  })

  it('comes again after each further silence, until it is set to 0', async () => {
    const times: number[] = []
    const thrice = promised()
    const service = await serve({
      loop: loopOn(backend),
      idleTimeoutMs: 5,
      data: (conn, chunk) => conn.write(chunk),
      timeout(conn) {
        times.push(performance.now())
        if (times.length < 3) return
        conn.setTimeout(0)
        thrice.resolve()
      },
    })
    const peer = await service.connect()
    await patiently(thrice.promise, 'three timeouts')
    expect(times[1] - times[0]).toBeGreaterThanOrEqual(5)
    expect(times[2] - times[1]).toBeGreaterThanOrEqual(5)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(times.length).toBe(3)
    await peer.send('alive')
    await peer.expectBytes('alive')
  })

  it('can be set for a connection of its own', async () => {
    const conns: Connection[] = []
    const silent: number[] = []
    const service = await serve({
      loop: loopOn(backend),
      open: (conn) => conns.push(conn),
      data() {},
      timeout: (conn) => {
        silent.push(conns.indexOf(conn))
        conn.destroy()
      },
    })
    const peers = await connectMany(service, conns, 3)
    conns[2].setTimeout(5)
    conns[1].setTimeout(150)
    await peers[1].awaitClosedOrEnded()
    expect(silent).toEqual([2, 1])
    expect(conns[0].readyState).toBe('open')
    expect(() => conns[0].setTimeout(-1)).toThrow(/timeoutMs/)
  })

  it('comes once for each of many connections, in whatever order they were armed', async () => {
    const count = 200
    const late: number[] = []
    const timedOut = new Map<Connection, number>()
    const conns: Connection[] = []
    const armed = new Map<Connection, { at: number; forMs: number }>()
    const service = await serve({
      loop: loopOn(backend),
      open: (conn) => conns.push(conn),
      data() {},
      timeout(conn) {
        const { at, forMs } = armed.get(conn)!
        if (performance.now() - at < forMs) late.push(forMs)
        timedOut.set(conn, (timedOut.get(conn) ?? 0) + 1)
        conn.destroy()
      },
    })
    await connectMany(service, conns, count)
    for (const [i, conn] of conns.entries()) {
      const forMs = 1 + ((i * 37) % 120)
      armed.set(conn, { at: performance.now(), forMs })
      conn.setTimeout(forMs)
      // Armed twice: the second time counts.
      if (i % 5 === 0) conn.setTimeout(forMs)
    }
    await eventually('every timeout', () => timedOut.size === count)
    await eventually('every close', () => service.server.connections === 0)
    expect([...timedOut.values()].every((times) => times === 1)).toBe(true)
    expect(late).toEqual([])
  })

  it('of a connection that closes is nobody else’s', async () => {
    const conns: Connection[] = []
    const silent: Connection[] = []
    const service = await serve({
      loop: loopOn(backend, { initialSlots: 4 }),
      open: (conn) => conns.push(conn),
      data() {},
      timeout: (conn) => silent.push(conn),
    })
    const [first] = await connectMany(service, conns, 1)
    conns[0].setTimeout(30)
    await first.end()
    await eventually('the close', () => service.server.connections === 0)
    // The same slot, most likely.
    await connectMany(service, conns, 2)
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(silent).toEqual([])
  })
})
