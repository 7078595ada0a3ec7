// A handler may do anything, at any time: also to the connection whose event comes next in the same batch.
import { type Connection, connect, type EventLoop } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { HANDLERS, type HandlerName, noted, uncaughtDuring } from './support/failing.js'
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

const DEEDS: Record<string, (conn: Connection) => unknown> = {
  'destroys it': (conn) => conn.destroy(),
  'destroys it with an error': (conn) => conn.destroy(new Error('enough')),
  'resets it': (conn) => conn.reset(),
  'ends it': (conn) => conn.end('bye'),
  'ends and then destroys it': (conn) => {
    conn.end('bye')
    conn.destroy()
  },
  'writes much, ends it, and destroys it later': (conn) => {
    conn.end(noise(1_000_000))
    setImmediate(() => conn.destroy())
  },
  'pauses, resumes and destroys it twice, with an error late': (conn) => {
    conn.pause()
    conn.resume()
    conn.destroy()
    conn.destroy(new Error('late'))
    conn.reset()
    conn.end()
    conn.pause()
    conn.setTimeout(1)
    conn.write('dropped')
  },
}

/** After which no other handler is called. */
const isSudden = (deed: string) => /destroys|resets/.test(deed) && !deed.includes('later')

describe.each(BACKENDS)('a handler on %s', (backend) => {
  describe.each(HANDLERS)('%s', (name) => {
    it.each(Object.entries(DEEDS))('that %s leads to one close, which is the last', async (deed, act) => {
      const log: HandlerName[] = []
      const handlers = noted(log, (called, conn) => (called === name ? act(conn) : undefined))
      const closed = promised<unknown>()
      const service = await serve({
        ...handlers,
        loop: loopOn(backend),
        highWaterMark: 1,
        idleTimeoutMs: name === 'timeout' ? 5 : 0,
        data(conn) {
          handlers.data(conn)
          if (name === 'drain') while (conn.write(Buffer.alloc(100_000)));
        },
        close(conn, error) {
          handlers.close(conn)
          closed.resolve(error)
        },
      })
      // It may be reset before it knows that it is connected.
      const peer = await service.connect().catch(() => undefined)
      if (name !== 'open') await peer?.send('x')
      if (name === 'end' || !isSudden(deed)) await peer?.end().catch(() => {})
      await patiently(closed.promise, () => `the close, after ${log}`)
      await peer?.awaitClosedOrEnded()
      expect(log.filter((entry) => entry === 'close').length).toBe(1)
      expect(log.at(-1)).toBe('close')
      const after = log.slice(log.indexOf(name) + 1)
      if (isSudden(deed))
        expect(after).toEqual(/with an error|twice/.test(deed) ? ['error', 'close'] : ['close'])
    })
  })

  it('may destroy a connection whose events come later in the batch: it hears of its close alone', async () => {
    const conns: Connection[] = []
    const heard = new Map<Connection, string[]>()
    const service = await serve({
      loop: loopOn(backend),
      open: (conn) => {
        conns.push(conn)
        heard.set(conn, [])
      },
      data(conn, chunk) {
        heard.get(conn)?.push('data')
        // Whoever is first takes all the others with it.
        for (const other of conns) if (other !== conn) other.destroy()
        conn.write(chunk)
      },
      error: (conn) => heard.get(conn)?.push('error'),
      close: (conn) => heard.get(conn)?.push('close'),
    })
    const peers = await connectMany(service, conns, 30)
    await readyTogether(conns, () => Promise.all(peers.map((peer) => peer.send('me!'))))
    await eventually(
      '29 closes',
      () => [...heard.values()].filter((events) => events.includes('close')).length === 29,
    )
    const lives = [...heard.values()].map(String).sort()
    expect(lives).toEqual([...Array(29).fill('close'), 'data'])
    const survivor = peers[[...heard.values()].findIndex(([first]) => first === 'data')]
    await survivor.expectBytes('me!')
  })

  it('may write to every other connection, and each gets it once and in order', async () => {
    const conns: Connection[] = []
    const service = await serve({
      loop: loopOn(backend, { submissionCapacity: 16 }),
      open: (conn) => conns.push(conn),
      data: (_conn, chunk) => {
        for (const each of conns) each.write(chunk)
      },
    })
    const peers = await connectMany(service, conns, 20)
    const notes = peers.map((_, i) => Buffer.alloc(1000, i))
    await readyTogether(conns, () => Promise.all(peers.map((peer, i) => peer.send(notes[i]))))
    await Promise.all(peers.map((peer) => peer.awaitBytes(20 * 1000)))
    const [first] = peers
    for (const peer of peers) await peer.expectBytes(first.bytes)
    const order = notes.map((_, i) => first.bytes[i * 1000]).sort((a, b) => a - b)
    expect(order).toEqual(notes.map((_, i) => i))
  })

  it('may connect, and listen, and serve from there', async () => {
    const loop = loopOn(backend)
    const inner = promised<Connection>()
    const front = await serve({
      loop,
      async data(conn, chunk) {
        const kept = Buffer.from(chunk)
        const back = await serve({ ...echo, loop })
        const client = await connect(
          { host: '127.0.0.1', port: back.port },
          { loop, data: (_client, answer) => conn.write(answer) },
        )
        client.write(kept)
        inner.resolve(client)
      },
    })
    const peer = await front.connect()
    await peer.send('through two servers')
    await peer.expectBytes('through two servers')
    ;(await inner.promise).destroy()
  })

  it('may close its server, and the batch goes on', async () => {
    const conns: Connection[] = []
    let closing: Promise<void> | undefined
    const service = await serve({
      loop: loopOn(backend),
      open: (conn) => conns.push(conn),
      data(conn, chunk) {
        closing ??= service.server.close()
        conn.end(chunk)
      },
    })
    const peers = await connectMany(service, conns, 10)
    await readyTogether(conns, () => Promise.all(peers.map((peer) => peer.send('last words'))))
    await Promise.all(peers.map((peer) => peer.expectBytes('last words')))
    await Promise.all(peers.map((peer) => peer.end()))
    await patiently(closing!, 'the server to close')
    expect(service.server.connections).toBe(0)
  })

  it.each(['open', 'data', 'end', 'drain', 'close'] as const)(
    '%s may close the loop, which closes all',
    async (name) => {
      const conns: Connection[] = []
      const closes: Connection[] = []
      const loop: EventLoop = loopOn(backend)
      const closeLoop = (called: string, conn: Connection) => {
        if (called !== name || conns.indexOf(conn) !== 2) return
        loop.close()
        // What is written now is refused, or goes nowhere; it does not throw.
        conn.write('too late')
        for (const other of conns) other.write('too late')
      }
      const service = await serve({
        loop,
        highWaterMark: 1,
        open(conn) {
          conns.push(conn)
          closeLoop('open', conn)
        },
        data(conn) {
          if (name === 'drain') while (conn.write(Buffer.alloc(100_000)));
          else if (name === 'close') conn.destroy()
          closeLoop('data', conn)
        },
        drain: (conn) => closeLoop('drain', conn),
        end: (conn) => closeLoop('end', conn),
        close(conn) {
          closes.push(conn)
          closeLoop('close', conn)
        },
      })
      const uncaught = await uncaughtDuring(async () => {
        const peers = []
        for (let i = 0; i < 5 && !loop.isClosed; ++i)
          peers.push(await service.connect().catch(() => undefined))
        if (name !== 'open') await eventually('five connections', () => conns.length === 5)
        for (const peer of peers) await peer?.send('x').catch(() => {})
        if (name === 'end') for (const peer of peers) await peer?.end().catch(() => {})
        await eventually('the loop to be closed', () => loop.isClosed)
        await eventually('every close', () => closes.length === conns.length)
        for (const peer of peers) await peer?.awaitClosedOrEnded()
      })
      expect(uncaught).toEqual([])
      expect(new Set(closes).size).toBe(conns.length)
      expect(service.server.connections).toBe(0)
    },
  )

  it('may close a loop in the midst of a batch, which then is over', async () => {
    const conns: Connection[] = []
    const heard: string[] = []
    const loop = loopOn(backend)
    const service = await serve({
      loop,
      open: (conn) => conns.push(conn),
      data() {
        heard.push('data')
        if (heard.length === 3) loop.close()
      },
      close: () => heard.push('close'),
    })
    const peers = await connectMany(service, conns, 10)
    await readyTogether(conns, () => Promise.all(peers.map((peer) => peer.send('x'))))
    await Promise.all(peers.map((peer) => peer.awaitClosedOrEnded()))
    expect(heard).toEqual([...Array(3).fill('data'), ...Array(10).fill('close')])
  })

  it('of a connection that is gone may still write to others', async () => {
    const conns: Connection[] = []
    const service = await serve({
      ...echo,
      loop: loopOn(backend),
      open: (conn) => conns.push(conn),
      close: () => conns.at(-1)?.write('somebody left'),
    })
    const [leaver, stayer] = await connectMany(service, conns, 2)
    await leaver.reset()
    await stayer.expectBytes('somebody left')
    await expectEcho(stayer, noise(1000))
  })
})
