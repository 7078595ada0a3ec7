// `for await (const message of connection)`: bounded, in order, and with an end of its own for each way that one ends.
import { type Connection, connect, Hold, lines, netstring, type ServerInit } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, iteration, listeningPeer, noise, patiently } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'

leaveNothingBehind()

type Lines = Connection<unknown, string, string>

const linesOn = (init: Partial<ServerInit<unknown, string, string>>) =>
  serve<unknown, string, string>({ loop: loopOn(BACKENDS[0]), codec: lines(), ...init })

/** A server whose connections are handed out, for a test to iterate over. */
async function accepting(init: Partial<ServerInit<unknown, string, string>> = {}) {
  const opened = promised<Lines>()
  const closed = promised<string | undefined>()
  const service = await linesOn({
    open: (conn) => opened.resolve(conn),
    close: (conn) => closed.resolve(conn.closeReason),
    ...init,
  })
  const peer = await service.connect()
  const conn = await patiently(opened.promise, 'the connection')
  return { peer, conn, service, closed: () => patiently(closed.promise, 'the close') }
}

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const message of messages) all.push(message)
  return all
}

describe.each(BACKENDS)('iterating in `open` on %s', (backend) => {
  it('answers each message, and once more after the last', async () => {
    const { server, connect } = await linesOn({
      loop: loopOn(backend),
      async open(conn) {
        let count = 0
        for await (const line of conn) {
          count++
          await iteration()
          conn.send(line.toUpperCase())
        }
        await iteration()
        conn.send(`${count} lines`)
      },
    }).then((service) => ({ server: service.server, connect: () => service.connect() }))
    const peer = await connect()
    await peer.send('one\ntwo\nthr')
    await peer.send('ee\n')
    await peer.end()
    await peer.awaitEnd()
    await peer.expectBytes('ONE\nTWO\nTHREE\n3 lines\n')
    await eventually('the close', () => server.connections === 0)
    expect(server.statistics.closed).toEqual(new Map([['ended', 1]]))
  })

  it('gets chunks that stay as they are where there is no codec, borrowed or not', async () => {
    for (const borrow of [false, true]) {
      const bytes = noise(700_000)
      const received = promised<Buffer>()
      const service = await serve({
        loop: loopOn(backend),
        borrow,
        async open(conn) {
          received.resolve(Buffer.concat(await collect(conn)))
        },
      })
      const peer = await service.connect()
      await peer.send(bytes)
      await peer.end()
      expect((await patiently(received.promise, 'the bytes')).equals(bytes)).toBe(true)
    }
  })
})

describe('a loop over a connection', () => {
  it('that is slow makes the peer wait', async () => {
    const { peer, conn, service } = await accepting()
    const iterator = conn[Symbol.asyncIterator]()
    const line = `${'x'.repeat(1023)}\n`
    const total = 16 * 1024
    // 16 MiB: more than the kernel keeps.
    let sent = 0
    const sending = (async () => {
      for (; sent < total; sent += 1024) await peer.send(line.repeat(1024))
    })()
    await iterator.next()
    // As long as anything moves.
    for (let before = -1, same = 0; same < 50; ) {
      await iteration()
      same = before === conn.bytesRead ? same + 1 : 0
      before = conn.bytesRead
    }
    expect(conn.bytesRead).toBeLessThan(1024 * 1024)
    expect(sent).toBeLessThan(total)
    let count = 1
    while (count < total) {
      const { done } = await iterator.next()
      if (done) break
      count++
    }
    await sending
    expect(count).toBe(total)
    expect(service.server.statistics.messagesReceived).toBe(total)
  })

  it('takes what was received before it began', async () => {
    const { peer, conn } = await accepting()
    await peer.send('one\ntwo\n')
    await peer.end()
    for (let i = 0; i < 5; i++) await iteration()
    expect(await collect(conn)).toEqual(['one', 'two'])
  })

  it('takes over from `message`, from the next message on', async () => {
    const before: string[] = []
    const after = promised<string[]>()
    const { peer } = await accepting({
      message(conn, line) {
        before.push(line)
        collect(conn).then(after.resolve)
      },
    })
    await peer.send('one\ntwo\nthree\n')
    await peer.end()
    expect(await patiently(after.promise, 'the rest')).toEqual(['two', 'three'])
    expect(before).toEqual(['one'])
  })

  it('throws what failed the connection, after what came before', async () => {
    const { peer, conn, closed } = await accepting()
    const iterator = conn[Symbol.asyncIterator]()
    await peer.send('one\n')
    expect(await iterator.next()).toEqual({ done: false, value: 'one' })
    const next = iterator.next()
    await peer.reset()
    await expect(next).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(await closed()).toBe('peer_reset')
  })

  it('throws what the codec makes of bad bytes, and of an end within a frame', async () => {
    const long = await accepting()
    const reading = collect(long.conn)
    await long.peer.send('x'.repeat(70_000))
    await expect(reading).rejects.toMatchObject({ code: 'ERR_POLLUX_FRAME_TOO_LONG' })
    const cut = promised<unknown>()
    const service = await serve({
      loop: loopOn(BACKENDS[0]),
      codec: netstring(),
      open: (conn) => void collect(conn).catch(cut.resolve),
    })
    const peer = await service.connect()
    await peer.send('3:one,3:tw')
    await peer.end()
    expect(await patiently(cut.promise, 'the error')).toMatchObject({ code: 'ERR_POLLUX_INCOMPLETE_FRAME' })
  })

  it('throws where the server closes at its deadline, and not where the loop itself destroys', async () => {
    const shut = await accepting()
    const reading = collect(shut.conn)
    const failing = expect(reading).rejects.toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    await shut.service.server.close({ deadlineMs: 0 })
    await failing
    const own = await accepting()
    const ownReading = collect(own.conn)
    own.conn.destroy()
    expect(await ownReading).toEqual([])
  })

  it('that is left ends our half, and throws away what still comes', async () => {
    const { peer, conn, closed } = await accepting()
    await peer.send('one\ntwo\nthree\n')
    for await (const line of conn) {
      conn.send(`bye ${line}`)
      break
    }
    expect(conn.readyState).toBe('ending')
    await peer.awaitEnd()
    await peer.expectBytes('bye one\n')
    await peer.send('more\n'.repeat(100_000))
    await peer.end()
    expect(await closed()).toBe('ended')
  })

  it('that throws in an async handler costs the connection', async () => {
    const errors: unknown[] = []
    const service = await linesOn({
      async open(conn) {
        for await (const line of conn) throw new Error(`no ${line}`)
      },
      error: (_conn, error) => errors.push(error),
    })
    const peer = await service.connect()
    await peer.send('one\n')
    await peer.awaitClosedOrEnded()
    await eventually('the close', () => service.server.connections === 0)
    expect(errors).toEqual([new Error('no one')])
    expect(service.server.statistics.handlerErrors).toBe(1)
  })

  it("whose connection fails is no failure of the handler's", async () => {
    const errors: unknown[] = []
    const service = await linesOn({
      async open(conn) {
        for await (const line of conn) conn.send(line)
      },
      error: (_conn, error) => errors.push(error),
    })
    const peer = await service.connect()
    await peer.send('one\n')
    await peer.expectBytes('one\n')
    await peer.reset()
    await eventually('the close', () => service.server.connections === 0)
    await iteration()
    expect(errors).toEqual([expect.objectContaining({ code: 'ECONNRESET' })])
    expect(service.server.statistics.handlerErrors).toBe(0)
  })

  it('is the only one', async () => {
    const { conn } = await accepting()
    conn[Symbol.asyncIterator]()
    expect(() => conn[Symbol.asyncIterator]()).toThrow(
      expect.objectContaining({ code: 'ERR_POLLUX_INPUT_TAKEN' }),
    )
  })

  it('can not begin on a closed connection', async () => {
    const { conn, closed } = await accepting()
    conn.destroy()
    await closed()
    expect(() => conn[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: 'ERR_POLLUX_CLOSED' }))
  })

  it('answers several that ask at once, in order', async () => {
    const { peer, conn } = await accepting()
    const iterator = conn[Symbol.asyncIterator]()
    const asked = [iterator.next(), iterator.next(), iterator.next(), iterator.next()]
    await peer.send('one\ntwo\nthree\n')
    await peer.end()
    const values = (await Promise.all(asked)).map(({ value }) => value)
    expect(values).toEqual(['one', 'two', 'three', undefined])
  })

  it('goes on with the messages of another codec after an upgrade', async () => {
    const { peer, conn } = await accepting()
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const line of conn) {
        seen.push(line)
        if (line === 'BYTES') {
          conn.upgrade<number, never>({
            maxFrameBytes: 1,
            decode: (input) => input.bytes[input.start++],
            encode() {},
          })
        }
      }
    })()
    await peer.send('one\nBYTES\nab')
    await peer.end()
    await reading
    expect(seen).toEqual(['one', 'BYTES', 97, 98])
  })

  it('leaves our half to the user with allowHalfOpen', async () => {
    const { peer, conn, closed } = await accepting({ allowHalfOpen: true })
    await peer.send('one\n')
    await peer.end()
    await collect(conn)
    for (let i = 0; i < 5; i++) await iteration()
    expect(conn.readyState).toBe('open')
    conn.send('late')
    conn.end()
    await peer.awaitEnd()
    expect(peer.bytes.toString()).toBe('late\n')
    expect(await closed()).toBe('ended')
  })

  it('tells the other handlers as before', async () => {
    const told: string[] = []
    const { peer, conn, closed } = await accepting({ end: () => told.push('end'), highWaterMark: 1000 })
    const reading = collect(conn)
    peer.socket.pause()
    while (conn.write('x'.repeat(10_000)));
    const drained = conn.drained()
    peer.socket.resume()
    await patiently(drained, 'the drain')
    await peer.end()
    await reading
    expect(await closed()).toBe('ended')
    expect(told).toEqual(['end'])
  })

  it('works for clients', async () => {
    const { port, awaitPeer } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const conn = await connect<unknown, string, string>(
      { host: '127.0.0.1', port },
      { loop: loopOn(BACKENDS[0]), codec: lines(), open() {} },
    )
    expect(conn.heldBy & Hold.ADAPTER).toBe(Hold.ADAPTER)
    const peer = await awaitPeer()
    await peer.send('hello\n')
    for await (const line of conn) {
      expect(line).toBe('hello')
      break
    }
    await peer.awaitEnd()
    await peer.end()
    await eventually('the close', () => conn.readyState === 'closed')
  })
})
