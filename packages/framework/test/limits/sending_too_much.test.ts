// The plugin of limits: how much who is in may send, by messages and by bytes.
import { type Connection, Hold, limits, pipe } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, patiently } from '../support/raw.js'
import { connectMany, echo, leaveNothingBehind, loopOn, serve } from '../support/serving.js'
import { letters } from './support/knocking.js'

leaveNothingBehind()
/** Nothing here depends on which. */
const [BACKEND] = BACKENDS

describe('the rate of messages', () => {
  it('holds who sends more, until the tokens are there, and loses nothing', async () => {
    let nowMs = 5000
    const got: string[] = []
    const conns: Connection<unknown, string, string>[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(BACKEND),
      codec: letters,
      plugins: [limits({ messagesPerSecond: 10, messageBurst: 3, clock: () => nowMs })],
      open: (conn) => {
        conns.push(conn)
      },
      message: (_conn, letter) => {
        got.push(letter)
      },
    })
    const [busy] = await connectMany(service, conns, 1)
    await busy.send('abcdefgh')
    await eventually('the burst', () => got.length === 3)
    // While it waits, others are served.
    const [calm] = await connectMany(service, conns, 1)
    await calm.send('Z')
    await eventually('the other', () => got.length === 4)
    expect(got.join('')).toBe('abcZ')
    nowMs += 200
    await eventually('two more', () => got.length >= 6)
    expect(got.join('')).toBe('abcZde')
    nowMs += 3_600_000
    await eventually('the rest', () => got.length === 9)
    expect(got.join('')).toBe('abcZdefgh')
    expect(service.server.connections).toBe(2)
  })

  it('on the clock of the loop is kept, however early the time of day', async () => {
    const realNow = Date.now
    let skewMs = 0
    Date.now = () => realNow() + skewMs
    try {
      const got: number[] = []
      const service = await serve<unknown, string, string>({
        loop: loopOn(BACKEND),
        codec: letters,
        plugins: [limits({ messagesPerSecond: 100, messageBurst: 5 })],
        message: () => {
          got.push(performance.now())
        },
      })
      const peer = await service.connect()
      await peer.send('x'.repeat(30))
      for (let count = 5; count <= 30; count += 5) {
        await eventually(`${count} messages`, () => got.length >= count)
        skewMs = count % 2 === 0 ? 3_600_000 : -3_600_000
      }
      const tookMs = got[29] - got[0]
      expect(tookMs).toBeGreaterThanOrEqual(245)
    } finally {
      Date.now = realNow
    }
  })

  it("closes who sends more, with overRate: 'close'", async () => {
    const nowMs = 5000
    const got: string[] = []
    const errors: unknown[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(BACKEND),
      codec: letters,
      plugins: [limits({ messagesPerSecond: 10, messageBurst: 3, overRate: 'close', clock: () => nowMs })],
      message: (_conn, letter) => {
        got.push(letter)
      },
      error: (_conn, error) => {
        errors.push(error)
      },
    })
    const peer = await service.connect()
    await peer.send('abcdefgh')
    await peer.awaitClosedOrEnded()
    expect(got).toEqual(['a', 'b', 'c'])
    expect(errors).toMatchObject([{ code: 'ERR_POLLUX_RATE_LIMITED' }])
    expect(Object.fromEntries(service.server.statistics.closed)).toEqual({ rate_limited: 1 })
  })

  it('is for each connection, also for the next in its slot', async () => {
    const nowMs = 5000
    const conns: Connection<unknown, string, string>[] = []
    let count = 0
    const service = await serve<unknown, string, string>({
      loop: loopOn(BACKEND),
      codec: letters,
      plugins: [limits({ messagesPerSecond: 10, messageBurst: 3, clock: () => nowMs })],
      open: (conn) => {
        conns.push(conn)
      },
      message: () => {
        count++
      },
    })
    for (let round = 1; round <= 3; round++) {
      const [peer] = await connectMany(service, conns, 1)
      await peer.send('abcdef')
      await eventually('the burst', () => count === round * 3)
      conns[round - 1].destroy()
      await peer.awaitClosedOrEnded()
      await eventually('the close', () => service.server.connections === 0)
    }
    expect(new Set(conns.map(({ slot }) => slot)).size).toBe(1)
  })
})

describe('the rate of bytes', () => {
  it('makes the peer wait, and loses nothing', async () => {
    let nowMs = 5000
    let received = 0
    const conns: Connection[] = []
    const service = await serve({
      loop: loopOn(BACKEND, { maxReadBytes: 1024, copyMaxBytes: 512 }),
      plugins: [limits({ bytesPerSecond: 1000, clock: () => nowMs })],
      open: (conn) => {
        conns.push(conn)
      },
      data: (_conn, chunk) => {
        received += chunk.length
      },
    })
    const [peer] = await connectMany(service, conns, 1)
    void peer.send(Buffer.alloc(8 << 20)).catch(() => {})
    await eventually('the burst', () => conns[0].heldBy !== 0)
    const first = conns[0].bytesRead
    // One receive past the burst; and a chunk or two were on their way.
    expect(first).toBeGreaterThanOrEqual(1000)
    expect(first).toBeLessThanOrEqual(1000 + 3 * 1024)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(conns[0].bytesRead).toBe(first)
    for (let round = 0; round < 5; round++) {
      const before = conns[0].bytesRead
      nowMs += 10_000
      await eventually('some more', () => conns[0].bytesRead > before && conns[0].heldBy !== 0)
    }
    expect(conns[0].bytesRead).toBeLessThanOrEqual(51_000 + 3 * 1024)
    expect(received).toBeLessThanOrEqual(conns[0].bytesRead)
  })

  it("closes who sends more, with overRate: 'close'", async () => {
    const nowMs = 5000
    const service = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ bytesPerSecond: 100, overRate: 'close', clock: () => nowMs })],
    })
    const peer = await service.connect()
    await peer.send('x'.repeat(100))
    await peer.awaitBytes(100)
    await peer.send('x')
    await peer.awaitClosedOrEnded()
    expect(Object.fromEntries(service.server.statistics.closed)).toEqual({ rate_limited: 1 })
  })

  it('holds who is piped to another, too', async () => {
    const nowMs = 5000
    const conns: Connection[] = []
    const service = await serve({
      loop: loopOn(BACKEND, { maxReadBytes: 1024 }),
      plugins: [limits({ bytesPerSecond: 1000, clock: () => nowMs })],
      open: (conn) => {
        conns.push(conn)
      },
    })
    const [from, to] = await connectMany(service, conns, 2)
    void pipe(conns[0], conns[1])
    void from.send(Buffer.alloc(8 << 20)).catch(() => {})
    await eventually('the hold', () => (conns[0].heldBy & Hold.RATE) !== 0)
    await eventually('what came before it', () => to.bytes.length >= 1000)
    expect(conns[0].bytesRead).toBeLessThanOrEqual(1000 + 3 * 1024)
  })

  it('ends with its connection: nothing waits for who has gone, and the process may end', async () => {
    const nowMs = 5000
    const conns: Connection[] = []
    const service = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ bytesPerSecond: 10, clock: () => nowMs })],
      open: (conn) => {
        conns.push(conn)
      },
    })
    const [peer] = await connectMany(service, conns, 1)
    await peer.send('x'.repeat(1000))
    await eventually('the hold', () => conns[0].heldBy !== 0)
    await patiently(service.server.close({ deadlineMs: 0 }), 'the server to close')
    expect(service.server.statistics.closed.get('shutdown')).toBe(1)
  })
})
