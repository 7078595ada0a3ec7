// A handler that throws, or whose promise is rejected, costs its own connection and nobody else's.
import type { BackendName, Connection } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { HANDLERS, type HandlerName, noted, uncaughtDuring, warningsDuring } from './support/failing.js'
import { BACKENDS, eventually, noise, patiently } from './support/raw.js'
import {
  connectMany,
  echo,
  expectEcho,
  leaveNothingBehind,
  loopOn,
  promised,
  readyTogether,
  serve,
} from './support/serving.js'

leaveNothingBehind()

const FAILURES = {
  throws: (bug: Error) => {
    throw bug
  },
  'is rejected': (bug: Error) => Promise.reject(bug),
  'is rejected later': async (bug: Error) => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    throw bug
  },
}

describe.each(BACKENDS)('a handler on %s', (backend) => {
  describe.each(HANDLERS)('%s', (name) => {
    it.each(Object.entries(FAILURES))(
      'that %s ends its connection: error, then close, then nothing',
      async (_how, fail) => {
        const bug = new Error(`bug in ${name}`)
        const log: string[] = []
        const told: unknown[] = []
        const closed = promised()
        const handlers = noted(log, (called) => (called === name ? fail(bug) : undefined))
        const service = await serve({
          ...handlers,
          loop: loopOn(backend),
          allowHalfOpen: true,
          highWaterMark: 1,
          idleTimeoutMs: name === 'timeout' ? 5 : 0,
          data(conn, _chunk) {
            const result = handlers.data(conn)
            if (name === 'drain') fillUp(conn)
            return result
          },
          error(conn, error) {
            handlers.error(conn)
            told.push(error)
          },
          close(conn, error) {
            handlers.close(conn)
            told.push(error)
            closed.resolve()
          },
        })
        const peer = await service.connect()
        if (name !== 'open') await peer.send('x')
        if (name === 'end') await peer.end()
        await patiently(closed.promise, () => `the close, after ${log}`)
        await peer.awaitClosedOrEnded()
        expect(told).toEqual([bug, bug])
        expect(log.slice(-3)).toEqual([name, 'error', 'close'])
        expect(log.filter((entry) => entry === name).length).toBe(1)
      },
    )
  })

  it.each(['error', 'close'] as const)(
    '%s that throws is an uncaughtException, and its server goes on',
    async (name) => {
      const bug = new Error(`bug in ${name}`)
      for (const fail of [FAILURES.throws, FAILURES['is rejected']]) {
        const log: string[] = []
        const service = await serve({
          ...noted(log, (called) => {
            if (called === name) return fail(bug)
            if (called === 'data') throw new Error('first')
            return undefined
          }),
          loop: loopOn(backend),
        })
        const peer = await service.connect()
        const uncaught = await uncaughtDuring(async () => {
          await peer.send('x')
          await peer.awaitClosedOrEnded()
          await eventually('the close', () => log.includes('close'))
        })
        expect(uncaught).toEqual([bug])
        expect(log).toEqual(['open', 'data', 'error', 'close'])
      }
    },
  )

  it('that fails in a batch of many costs each of them its own, and all others get theirs', async () => {
    const count = 60
    const { conns, peers, errors, closes } = await batch(backend, count, (index) => {
      if (index % 3 === 0) throw new Error(`bug ${index}`)
      if (index % 3 === 1) return Promise.reject(new Error(`bug ${index}`))
      return undefined
    })
    await readyTogether(conns, () => Promise.all(peers.map((peer) => peer.send('go'))))
    await Promise.all(peers.filter((_, i) => i % 3 !== 2).map((peer) => peer.awaitClosedOrEnded()))
    const expected = conns.map((_, i) => i).filter((i) => i % 3 !== 2)
    await eventually('every close', () => closes.length === expected.length)
    expect(errors.map(Number).sort((a, b) => a - b)).toEqual(expected)
    for (const [i, peer] of peers.entries()) {
      if (i % 3 !== 2) continue
      await peer.expectBytes('go')
      await expectEcho(peer, noise(5000))
    }
  })

  it('without `error` fails into a process warning, once', async () => {
    const reasons: unknown[] = []
    const bug = new Error('bug')
    const service = await serve({
      loop: loopOn(backend),
      data: () => {
        throw bug
      },
      close: (_conn, reason) => reasons.push(reason),
    })
    const warnings = await warningsDuring(async () => {
      for (let i = 0; i < 3; ++i) {
        const peer = await service.connect()
        await peer.send('x')
        await peer.awaitClosedOrEnded()
      }
      await eventually('three closes', () => reasons.length === 3)
    })
    expect(reasons).toEqual([bug, bug, bug])
    expect(warnings).toEqual(['POLLUX_HANDLER_ERROR'])
  })

  it('that makes the state, when it throws, costs the connection', async () => {
    const log: HandlerName[] = []
    const service = await serve({
      ...noted(log, () => undefined),
      loop: loopOn(backend),
      state: () => {
        throw new Error('no state')
      },
    })
    const peer = await service.connect()
    await peer.awaitClosedOrEnded()
    await eventually('the close', () => log.includes('close'))
    expect(log).toEqual(['error', 'close'])
  })

  it('of the server that throws is an uncaughtException, and the server listens all the same', async () => {
    const bug = new Error('bug in listening')
    let port = 0
    const uncaught = await uncaughtDuring(async () => {
      const service = await serve({
        ...echo,
        loop: loopOn(backend),
        listening: () => {
          throw bug
        },
      })
      port = service.port
      await expectEcho(await service.connect(), noise(10))
    })
    expect(uncaught).toEqual([bug])
    expect(port).toBeGreaterThan(0)
  })
})

/** Writes until the kernel takes no more. */
function fillUp(conn: Connection) {
  const bytes = Buffer.alloc(100_000)
  while (conn.write(bytes));
}

/** An echo to many connections, of which each does something first. */
async function batch(backend: BackendName, count: number, act: (index: number) => unknown) {
  const conns: Connection[] = []
  const errors: string[] = []
  const closes: Connection[] = []
  const service = await serve({
    loop: loopOn(backend),
    open: (conn) => conns.push(conn),
    data(conn, chunk) {
      const result = chunk.length === 2 ? act(conns.indexOf(conn)) : undefined
      conn.write(chunk)
      return result
    },
    error: (_conn, error) => errors.push((error as Error).message.replace('bug ', '')),
    close: (conn) => closes.push(conn),
  })
  const peers = await connectMany(service, conns, count)
  return { conns, peers, errors, closes }
}
