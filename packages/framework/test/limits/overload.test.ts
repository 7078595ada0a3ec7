// A cap for all that a server has queued: slow readers can not use up its memory, nor keep the others from being served.
import { type Codec, type Connection, type EventLoop, Hold, overload, type Server } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { OverloadMarks } from '../../src/limits/overload-marks.js'
import { BACKENDS, eventually, Peer, patiently } from '../support/raw.js'
import { connectMany, leaveNothingBehind, loopOn, type Service, serve } from '../support/serving.js'

leaveNothingBehind()
/** Nothing here depends on which. */
const [BACKEND] = BACKENDS

const KIB = 1024
const MIB = 1024 * KIB

/** Not too large buffers of the kernel, so that slow readers are noticed. */
const TARGET = { host: '127.0.0.1', port: 0, sendBufferBytes: 128 * KIB }

/** Each byte is a message, and each is answered with so much. */
const ANSWER = Buffer.alloc(64 * KIB, 'a')
const requests: Codec<number, Uint8Array> = {
  maxFrameBytes: 16,
  decode: (input) => input.bytes[input.start++],
  encode: (bytes, output) => output.bytes(bytes),
}

type Conn = Connection<unknown, number, Uint8Array>

async function overloadable(options: Parameters<typeof overload>[0], more: object = {}) {
  const conns: Conn[] = []
  const levels: number[] = []
  const service = await serve<unknown, number, Uint8Array>(
    {
      loop: loopOn(BACKEND),
      codec: requests,
      plugins: [overload(options)],
      open: (conn) => {
        conns.push(conn)
      },
      message: (conn) => {
        conn.send(ANSWER)
      },
      overload: (server, level) => {
        expect(server.overloadLevel).toBe(level)
        levels.push(level)
      },
      ...more,
    },
    TARGET,
  )
  return { service, server: service.server as Server<never>, conns, levels }
}

/** Connections whose peers read nothing. */
async function slowPeers(service: Service<never>, conns: Conn[], count: number) {
  const before = conns.length
  const peers = await connectMany(service as never, conns as never, count)
  for (const peer of peers) peer.socket.pause()
  return { peers, slow: conns.slice(before) }
}

/** Has so much wait to be sent to them, beside what the kernel takes, which it does for a while. */
async function fill(server: { loop: EventLoop }, conns: Conn[], bytes: number) {
  for (let calm = 0; calm < 3; calm++) {
    const missing = bytes - server.loop.counter('backlogBytes')
    if (missing > 0) {
      calm = 0
      for (const conn of conns) conn.write(Buffer.alloc(Math.ceil(missing / conns.length)))
    }
    await soon(15)
  }
}

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks and reads, a few times over. */
async function expectServed(peer: Peer, times = 5) {
  for (let i = 0; i < times; i++) {
    const before = peer.bytes.length
    await peer.send('.')
    await peer.awaitBytes(before + ANSWER.length)
  }
}

const backlogOf = (server: { loop: { counter(name: 'backlogBytes'): number } }) =>
  server.loop.counter('backlogBytes')

describe('overload', () => {
  it('begins with the reading of those who have output queued; the others are served', async () => {
    const { service, server, conns, levels } = await overloadable({ maxQueuedBytes: 2 * MIB })
    const [fast] = await connectMany(service as never, conns as never, 1)
    const { peers, slow } = await slowPeers(service as never, conns, 4)
    await fill(server, slow, 1.2 * MIB)
    expect(server.overloadLevel).toBe(1)
    const { overloads } = server.statistics
    expect(overloads).toBeGreaterThan(0)
    await eventually('the slow ones to be held', () =>
      slow.every((conn) => (conn.heldBy & Hold.OVERLOAD) !== 0),
    )
    // They may ask for more, and are not heard; the others are.
    for (const peer of peers) await peer.send('.')
    await expectServed(fast)
    expect([server.overloadLevel, server.statistics.overloads]).toEqual([1, overloads])
    expect(server.statistics.messagesReceived).toBe(5)
    // They read at last, are heard, and the server is itself again.
    for (const peer of peers) peer.socket.resume()
    await eventually('all answers', () => server.statistics.messagesReceived === 9)
    await eventually('level 0', () => server.overloadLevel === 0)
    expect(conns.map((conn) => conn.heldBy & Hold.OVERLOAD)).toEqual(conns.map(() => 0))
    expect([server.connections, levels[0], levels.at(-1), Math.max(...levels)]).toEqual([5, 1, 0, 1])
  })

  it('goes on with accepting, and those who wait in the kernel are served afterwards', async () => {
    const { service, server, conns, levels } = await overloadable({
      maxQueuedBytes: 2 * MIB,
      patienceMs: 60_000,
    })
    const { peers, slow } = await slowPeers(service as never, conns, 4)
    await fill(server, slow, 1.7 * MIB)
    expect(server.overloadLevel).toBe(2)
    // The kernel shakes hands; the server does not.
    const late = await Peer.connect({ host: '127.0.0.1', port: service.port })
    await late.send('.')
    await soon(120)
    expect([server.connections, late.bytes.length]).toEqual([4, 0])
    // A listener that is new is no way in either.
    const second = await server.listen({ host: '127.0.0.1', port: 0 })
    const other = await Peer.connect({ host: '127.0.0.1', port: (second as { port: number }).port })
    await soon(60)
    expect(server.connections).toBe(4)
    for (const peer of peers) peer.socket.resume()
    await late.awaitBytes(ANSWER.length)
    await expectServed(other, 1)
    await eventually('level 0', () => server.overloadLevel === 0)
    expect([Math.max(...levels), levels.at(-1)]).toEqual([2, 0])
  })

  it('sheds the longest queues at the cap, and keeps the rest', async () => {
    const { service, server, conns, levels } = await overloadable(
      { maxQueuedBytes: 4 * MIB },
      { highWaterMark: 64 * MIB, maxQueuedBytes: 64 * MIB },
    )
    const { peers, slow } = await slowPeers(service as never, conns, 4)
    const [longest, long, short, none] = slow
    await fill(server, [short], 0.25 * MIB)
    await fill(server, [long], 1 * MIB)
    await fill(server, [longest], 3.25 * MIB)
    const stays = [long, short, none]
    // The cap is reached inside of this write, and its queue is not the longest.
    long.write(Buffer.alloc(1 * MIB))
    expect([longest.readyState, server.overloadLevel]).toEqual(['closed', 1])
    await eventually('the longest to be gone', () => server.connections === 3)
    expect([longest.readyState, longest.closeReason]).toEqual(['closed', 'overload'])
    expect(longest.failure).toMatchObject({ code: 'ERR_POLLUX_OVERLOAD' })
    expect(stays.map(({ readyState }) => readyState)).toEqual(['open', 'open', 'open'])
    expect(Object.fromEntries(server.statistics.closed)).toEqual({ overload: 1 })
    expect(levels).toContain(3)
    peers[1].socket.resume()
    peers[2].socket.resume()
    await eventually('level 0', () => server.overloadLevel === 0)
    await eventually('an end of the queues', () => backlogOf(server) === 0)
  })

  it('bounds what one dispatch can queue: it is noticed between two messages', async () => {
    const cap = 4 * MIB
    let most = 0
    const { service, server, conns } = await overloadable(
      { maxQueuedBytes: cap },
      {
        highWaterMark: 256 * MIB,
        maxQueuedBytes: 256 * MIB,
        pauseOnBackpressure: false,
        message: (conn: Conn) => {
          conn.send(ANSWER)
          most = Math.max(most, backlogOf(server))
        },
      },
    )
    // 64 KiB of requests in one receive are 4 GiB of answers.
    const [peer] = await connectMany(service as never, conns as never, 1)
    peer.socket.pause()
    await peer.send(Buffer.alloc(64 * KIB, '.'))
    await eventually('the hold', () => conns[0].heldBy !== 0)
    expect(most).toBeGreaterThan(cap / 4)
    // The mark of level 1, and what is handed over at once.
    expect(most).toBeLessThan(cap / 2 + 1 * MIB)
    expect(conns[0].heldBy & Hold.OVERLOAD).not.toBe(0)
    const asked = server.statistics.messagesReceived
    expect(asked).toBeLessThan(200)
    peer.socket.resume()
    await eventually('more answers', () => server.statistics.messagesReceived > asked + 200)
  })

  it('bounds a broadcast from a timer, and does not hold those who read', async () => {
    const cap = 8 * MIB
    const { service, server, conns, levels } = await overloadable({ maxQueuedBytes: cap })
    const fast = await connectMany(service as never, conns as never, 3)
    const slow = await connectMany(service as never, conns as never, 30)
    for (const peer of slow) peer.socket.pause()
    const rssBefore = process.memoryUsage().rss
    const piece = Buffer.alloc(64 * KIB, 'b')
    let most = 0
    const rounds = 100
    for (let round = 0; round < rounds; round++) {
      for (const conn of conns) conn.write(piece)
      await new Promise<void>((resolve) => setImmediate(resolve))
      most = Math.max(most, backlogOf(server))
      // The test's peers are in the same process, and must get a chance to read.
      for (const peer of fast) await peer.awaitLength((round + 1) * piece.length)
    }
    for (const peer of fast) expect(peer.bytes.length).toBe(rounds * piece.length)
    // 30 slow readers were offered 190 MiB.
    expect(most).toBeLessThan(cap + 30 * piece.length)
    // What the peers have kept is the test's.
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(cap + 3 * rounds * piece.length + 96 * MIB)
    expect(server.statistics.closed.get('overload')).toBeGreaterThan(0)
    expect(levels).toContain(3)
    expect(conns.slice(0, 3).map(({ readyState }) => readyState)).toEqual(['open', 'open', 'open'])
    for (const peer of slow) peer.socket.resume()
    await eventually('level 0', () => server.overloadLevel === 0)
    await expectServed(fast[0])
  })

  it('does not keep newcomers waiting for ever because of peers that never read', async () => {
    const { service, server, conns } = await overloadable({
      maxQueuedBytes: 2 * MIB,
      patienceMs: 200,
    })
    const { slow } = await slowPeers(service as never, conns, 4)
    await fill(server, slow, 1.7 * MIB)
    const late = await Peer.connect({ host: '127.0.0.1', port: service.port })
    await expectServed(late)
    expect(server.statistics.closed.get('overload')).toBeGreaterThan(0)
    expect(server.overloadLevel).toBeLessThan(2)
  })

  it('comes to its end when the slow ones leave', async () => {
    const { service, server, conns } = await overloadable({ maxQueuedBytes: 2 * MIB })
    const { peers, slow } = await slowPeers(service as never, conns, 5)
    await fill(server, slow, 1.7 * MIB)
    expect(server.overloadLevel).toBe(2)
    for (const peer of peers) peer.socket.destroy()
    await eventually('level 0', () => server.overloadLevel === 0)
    expect(backlogOf(server)).toBe(0)
  })

  it('does not hinder a close', async () => {
    const { service, server, conns } = await overloadable({ maxQueuedBytes: 2 * MIB, patienceMs: 60_000 })
    const { slow } = await slowPeers(service as never, conns, 2)
    await fill(server, slow, 1.7 * MIB)
    await patiently(server.close({ deadlineMs: 0 }), 'the close')
    expect(backlogOf(server)).toBe(0)
  })

  it('ends with its loop', async () => {
    const { service, server, conns } = await overloadable({ maxQueuedBytes: 2 * MIB })
    const { slow } = await slowPeers(service as never, conns, 2)
    await fill(server, slow, 1.2 * MIB)
    expect(server.overloadLevel).toBe(1)
    server.loop.close()
    expect(server.connections).toBe(0)
    // For as long as a review would take.
    await soon(120)
  })

  it('survives handlers that throw, and those that write and close in the midst of it', async () => {
    const uncaught: unknown[] = []
    const listener = (error: unknown) => uncaught.push(error)
    process.on('uncaughtException', listener)
    try {
      const { service, server, conns } = await overloadable(
        { maxQueuedBytes: 2 * MIB },
        {
          highWaterMark: 64 * MIB,
          overload() {
            throw new Error('of the hook')
          },
          error() {
            for (const conn of conns) conn.write('another byte')
            conns[1].destroy()
            throw new Error('of the handler')
          },
        },
      )
      const peers = await connectMany(service as never, conns as never, 3)
      for (const peer of peers) peer.socket.pause()
      for (const conn of conns) conn.write(Buffer.alloc(1 * MIB))
      await eventually('an end', () => server.connections < 3)
      await eventually('the errors', () => uncaught.length >= 2)
      expect(uncaught.map(String)).toContain('Error: of the hook')
      expect(uncaught.map(String)).toContain('Error: of the handler')
    } finally {
      process.off('uncaughtException', listener)
    }
  })
})

describe('the marks of overload', () => {
  const marks = new OverloadMarks(1000, 0.5, 0.75)

  it('begin each level at its part, and end it an eighth below', () => {
    const walk = [
      0, 499, 500, 400, 376, 375, 500, 749, 750, 700, 626, 625, 760, 999, 1000, 800, 626, 625, 375,
    ]
    let level: 0 | 1 | 2 | 3 = 0
    const levels = walk.map((bytes) => {
      level = marks.next(level, bytes)
      return level
    })
    expect(levels).toEqual([0, 0, 1, 1, 1, 0, 1, 1, 2, 2, 2, 1, 2, 2, 3, 3, 3, 1, 0])
  })

  it('pass several levels at once, both ways', () => {
    expect(marks.next(0, 5000)).toBe(3)
    expect(marks.next(3, 0)).toBe(0)
  })

  it('are looked at before anything can have changed', () => {
    for (const level of [0, 1, 2, 3] as const) {
      for (let bytes = 0; bytes < 1200; bytes += 7) {
        const now = marks.next(level, bytes)
        const above = marks.above(now, bytes)
        const below = marks.below(now)
        const between = Array.from({ length: above - below - 1 }, (_, i) => marks.next(now, below + 1 + i))
        expect([above > bytes, below < bytes || bytes === 0, new Set(between)]).toEqual([
          true,
          true,
          new Set([now]),
        ])
      }
    }
  })

  it('make sense of the smallest cap', () => {
    const tiny = new OverloadMarks(1, 0.5, 0.75)
    expect(tiny.next(0, 0)).toBe(0)
    expect(tiny.next(0, 1)).toBe(3)
    expect(tiny.next(3, 0)).toBe(0)
  })

  it.each([
    [{ maxQueuedBytes: 0 }, '"maxQueuedBytes"'],
    [{}, '"maxQueuedBytes"'],
    [{ maxQueuedBytes: 5, stopReading: 0 }, '"stopReading"'],
    [{ maxQueuedBytes: 5, stopAccepting: 1.1 }, '"stopAccepting"'],
    [{ maxQueuedBytes: 5, stopReading: 0.8, stopAccepting: 0.7 }, '"stopAccepting"'],
    [{ maxQueuedBytes: 5, patienceMs: -1 }, '"patienceMs"'],
    [undefined, '"options"'],
  ])('refuse %j', (options, named) => {
    expect(() => overload(options as never)).toThrow(named)
  })
})
