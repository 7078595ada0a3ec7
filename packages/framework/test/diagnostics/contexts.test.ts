// AsyncLocalStorage in handlers: each connection finds its own store, and no other's.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Connection, connect } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { textLines } from '../support/lines.js'
import { BACKENDS, eventually, iteration } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'

leaveNothingBehind()

const apart = () => ({ loop: loopOn(BACKENDS[0]), asyncContext: true })

describe('with asyncContext, a handler', () => {
  it('finds what open entered, in every handler, and no other connection does', async () => {
    const storage = new AsyncLocalStorage<number>()
    const seen: [string, number, number | undefined][] = []
    const note = (name: string) => (conn: Connection) => {
      seen.push([name, conn.id, storage.getStore()])
    }
    const service = await serve({
      ...apart(),
      open(conn) {
        note('open')(conn)
        storage.enterWith(conn.id)
      },
      data(conn, chunk) {
        note('data')(conn)
        if (chunk.includes('!')) throw new Error('as asked')
        conn.write(chunk)
      },
      end: note('end'),
      error: note('error'),
      close: note('close'),
    })
    const peers = [await service.connect(), await service.connect(), await service.connect()]
    for (const peer of peers) await peer.send('x')
    for (const peer of peers) await peer.expectBytes('x')
    await peers[0].send('!')
    for (const peer of peers) await peer.end()
    await eventually('all to be closed', () => service.server.connections === 0)
    for (const [name, id, store] of seen)
      expect([name, store]).toEqual([name, name === 'open' ? undefined : id])
    expect(new Set(seen.map(([name]) => name))).toEqual(new Set(['open', 'data', 'end', 'error', 'close']))
    expect(storage.getStore()).toBeUndefined()
  })

  it('finds what state entered', async () => {
    const storage = new AsyncLocalStorage<number>()
    const service = await serve({
      ...apart(),
      state(conn) {
        storage.enterWith(conn.id)
        return conn.id
      },
      data: (conn) => conn.write(String(storage.getStore() === conn.state)),
    })
    for (const peer of [await service.connect(), await service.connect()]) {
      await peer.send('x')
      await peer.expectBytes('true')
    }
  })

  it('finds what was current when its server was made, if nothing else was entered', async () => {
    const storage = new AsyncLocalStorage<string>()
    const service = await storage.run('outside', () =>
      serve({ ...apart(), data: (conn) => conn.write(storage.getStore() ?? 'nothing') }),
    )
    const peer = await service.connect()
    await peer.send('x')
    await peer.expectBytes('outside')
  })

  it('keeps its store across awaits, whatever others do meanwhile', async () => {
    const storage = new AsyncLocalStorage<{ id: number; messages: string[] }>()
    const service = await serve({
      ...apart(),
      codec: textLines(100),
      open: (conn) => storage.enterWith({ id: conn.id, messages: [] }),
      async message(conn, line) {
        const before = storage.getStore()
        before?.messages.push(line)
        await iteration()
        await new Promise((resolve) => setTimeout(resolve, 1))
        const { id, messages } = storage.getStore() as { id: number; messages: string[] }
        if (before?.id !== conn.id || id !== conn.id) throw new Error('the stores were mixed up')
        conn.send(messages.join())
      },
    })
    const peers = await Promise.all(Array.from({ length: 8 }, () => service.connect()))
    await Promise.all(peers.map((peer, i) => peer.send(`a${i}\nb${i}\nc${i}\n`)))
    for (const [i, peer] of peers.entries()) {
      await peer.expectBytes(`a${i}\na${i},b${i}\na${i},b${i},c${i}\n`)
    }
  })

  it('finds the store of run within it alone', async () => {
    const storage = new AsyncLocalStorage<string>()
    const service = await serve({
      ...apart(),
      open: () => storage.run('inside', () => {}),
      data: (conn) => {
        storage.run('now', () => conn.write(`${storage.getStore()} `))
        conn.write(String(storage.getStore()))
      },
    })
    const peer = await service.connect()
    await peer.send('x')
    await peer.expectBytes('now undefined')
  })

  it('still finds its store after an upgrade', async () => {
    const storage = new AsyncLocalStorage<number>()
    const service = await serve({
      ...apart(),
      open: (conn) => storage.enterWith(conn.id),
      data(conn) {
        conn.upgrade(textLines(100), {
          message: (upgraded, line) => {
            upgraded.send(`${line} ${storage.getStore() === upgraded.id}`)
          },
        })
        conn.write('ready\n')
      },
    })
    const peer = await service.connect()
    await peer.send('x')
    await peer.expectBytes('ready\n')
    await peer.send('hello\n')
    await peer.expectBytes('ready\nhello true\n')
  })

  it('keeps this, and what it returns counts', async () => {
    const service = await serve({
      ...apart(),
      greeting: 'hello',
      open(this: { greeting: string }, conn) {
        conn.write(this.greeting)
      },
      async data() {
        throw new Error('as asked')
      },
      error() {},
    } as Parameters<typeof serve>[0])
    const peer = await service.connect()
    await peer.expectBytes('hello')
    await peer.send('x')
    await peer.awaitClosedOrEnded()
    expect(service.server.statistics.handlerErrors).toBe(1)
  })

  it('that throws after it entered a store has its close in it', async () => {
    const storage = new AsyncLocalStorage<string>()
    const { promise, resolve } = promised<string | undefined>()
    const service = await serve({
      ...apart(),
      open() {
        storage.enterWith('entered')
        throw new Error('as asked')
      },
      data() {},
      error() {},
      close: () => resolve(storage.getStore()),
    })
    await service.connect()
    expect(await promise).toBe('entered')
  })

  it('of a client finds the store of who connected', async () => {
    const storage = new AsyncLocalStorage<string>()
    const service = await serve({ ...apart(), data: (conn, chunk) => conn.end(chunk) })
    const { promise, resolve } = promised<string | undefined>()
    const client = await storage.run('caller', () =>
      connect(
        { host: '127.0.0.1', port: service.port },
        { loop: service.server.loop, asyncContext: true, data: () => resolve(storage.getStore()) },
      ),
    )
    client.write('x')
    expect(await promise).toBe('caller')
    client.destroy()
  })
})

describe('without asyncContext, a handler', () => {
  it('finds no store, also where the loop was made within one', async () => {
    const storage = new AsyncLocalStorage<string>()
    const service = await storage.run('somebody', () =>
      serve({ loop: loopOn(BACKENDS[0]), data: (conn) => conn.write(storage.getStore() ?? 'nothing') }),
    )
    const peer = await service.connect()
    await peer.send('x')
    await peer.expectBytes('nothing')
  })
})
