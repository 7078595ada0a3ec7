// A chunk is the handler's to keep: whatever the loop receives later, wherever it puts it.
import type { BackendName, Connection } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, expectSameBytes, noise, patiently } from './support/raw.js'
import { connectMany, leaveNothingBehind, loopOn, promised, readyTogether, serve } from './support/serving.js'

leaveNothingBehind()

/** So small that slab and pool rotate all the time. */
const TINY = { maxReadBytes: 4096, copyMaxBytes: 1000, slabBytes: 4096 + 6000, poolBytes: 5000 }

describe.each(BACKENDS)('kept chunks on %s', (backend) => {
  it.each([
    ['small ones, in the pool', 90, TINY],
    ['large ones, in the slab', 3500, TINY],
    ['of both kinds', 1001, TINY],
    ['small ones, of default sizes', 100, {}],
    ['large ones, of default sizes', 30_000, {}],
  ])('stay as they were by the thousand: %s', async (_name, size, sizes) => {
    const kept: { chunk: Buffer; copy: Buffer }[] = []
    const count = size > 10_000 ? 400 : 2000
    const received = promised()
    let bytes = 0
    const { connect } = await serving(backend, sizes, (conn, chunk) => {
      kept.push({ chunk, copy: Buffer.from(chunk) })
      bytes += chunk.length
      conn.write('.')
      if (bytes >= count * size) received.resolve()
    })
    const peers = await Promise.all([connect(), connect(), connect(), connect()])
    for (let i = 0; i < count; ) {
      // Several at once, so that they are neighbours in the slab; one answer for each, so that they stay chunks.
      await Promise.all(peers.map((peer) => peer.send(noise(size))))
      i += peers.length
      await Promise.all(peers.map((peer) => peer.awaitBytes(Math.floor(i / peers.length))))
    }
    await patiently(received.promise, 'all of it')
    expect(kept.length).toBeGreaterThanOrEqual(count)
    for (const { chunk, copy } of kept) if (!chunk.equals(copy)) expectSameBytes(chunk, copy)
  })

  it('sent on later, after timers and other traffic, are what they were', async () => {
    const kept: Buffer[] = []
    let sink: Connection | undefined
    const total = 400_000
    const received = promised()
    let bytes = 0
    const { connect } = await serving(backend, TINY, (conn, chunk) => {
      sink ??= conn
      kept.push(chunk)
      bytes += chunk.length
      if (bytes === total) received.resolve()
    })
    const peer = await connect()
    const sent = noise(total)
    await peer.send(sent)
    await patiently(received.promise, 'all of it')
    for (const chunk of kept) {
      sink?.write(chunk)
      if (kept.indexOf(chunk) % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 0))
    }
    await peer.expectBytes(sent)
  })

  it('are passed on to another connection by reference, in order with its own', async () => {
    const other = promised<Connection>()
    const { connect, server } = await serving(backend, TINY, async (conn, chunk) => {
      if (chunk.toString('latin1', 0, 3) === 'me!') other.resolve(conn)
    })
    const receiver = await connect()
    await receiver.send('me!')
    const target = await patiently(other.promise, 'the receiver')
    const expected: Buffer[] = []
    const proxied = promised()
    let passed = 0
    const proxy = await serve(
      {
        loop: server.loop,
        data(conn, chunk) {
          const note = Buffer.from(`<${chunk.length}>`)
          target.write(note)
          target.write(chunk)
          target.write(chunk.subarray(1, 3))
          conn.write(chunk)
          expected.push(note, Buffer.from(chunk), Buffer.from(chunk.subarray(1, 3)))
          passed += chunk.length
          if (passed === 3 * 100_000) proxied.resolve()
        },
      },
      { host: '127.0.0.1', port: 0 },
    )
    const senders = await Promise.all([proxy.connect(), proxy.connect(), proxy.connect()])
    const sent = senders.map(() => noise(100_000))
    await Promise.all(senders.map((sender, i) => sender.send(sent[i])))
    await patiently(proxied.promise, 'all to be passed on')
    await receiver.expectBytes(Buffer.concat(expected))
    await Promise.all(senders.map((sender, i) => sender.expectBytes(sent[i])))
  })

  it('may be written to a connection whose own chunk is in the same batch', async () => {
    const conns: Connection[] = []
    const sent = Array.from({ length: 8 }, (_, i) => Buffer.alloc(3000, 65 + i))
    let last: Buffer | undefined
    const answers = new Map<Connection, Buffer>()
    const service = await serve({
      loop: loopOn(backend),
      open: (conn) => conns.push(conn),
      data(conn, chunk) {
        // To each its own, between twice that of the one before.
        const before = last ?? Buffer.from('-')
        conn.write(before)
        conn.write(chunk)
        conn.write(before)
        answers.set(conn, Buffer.concat([before, chunk, before]))
        last = chunk
      },
    })
    const peers = await connectMany(service, conns, sent.length)
    await readyTogether(conns, () => Promise.all(peers.map((peer, i) => peer.send(sent[i]))))
    await eventually('all of it', () => answers.size === conns.length)
    await Promise.all(peers.map((peer, i) => peer.expectBytes(answers.get(conns[i])!)))
  })
})

async function serving(
  backend: BackendName,
  sizes: object,
  data: (conn: Connection, chunk: Buffer) => unknown,
) {
  const service = await serve({ loop: loopOn(backend, sizes), data })
  return { server: service.server, connect: () => service.connect() }
}
