// A peer that does not read: `write` says so, `drain` comes once for each time, and memory stays bounded.
import { type BackendName, type Connection, connect, type ServerInit } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, expectSameBytes, noise, patiently } from './support/raw.js'
import { connectMany, leaveNothingBehind, loopOn, promised, serve } from './support/serving.js'

leaveNothingBehind()

const KIB = 1024
const SMALL_BUFFERS = { host: '127.0.0.1', port: 0, sendBufferBytes: 8 * KIB, receiveBufferBytes: 8 * KIB }

async function stuck(backend: BackendName, init: Partial<ServerInit<unknown>> = {}) {
  const conns: Connection[] = []
  const service = await serve(
    { loop: loopOn(backend), open: (conn) => conns.push(conn), data() {}, ...init },
    SMALL_BUFFERS,
  )
  const [peer] = await connectMany(service, conns, 1)
  peer.socket.pause()
  return { conn: conns[0], peer, service, loop: service.server.loop }
}

/** Writes until it is told to stop; what it wrote. */
function fillUp(conn: Connection, piece: number): Buffer {
  const written: Buffer[] = []
  for (let flows = true; flows; ) {
    const bytes = noise(piece)
    written.push(bytes)
    flows = conn.write(bytes)
  }
  return Buffer.concat(written)
}

describe.each(BACKENDS)('a peer that does not read, on %s', (backend) => {
  it.each([
    [1, 100],
    [1000, 333],
    [64 * KIB, 5000],
    [128 * KIB, 100_000],
  ])('makes write return false exactly from %i queued bytes on', async (highWaterMark, piece) => {
    const { conn, peer } = await stuck(backend, { highWaterMark })
    const written: Buffer[] = []
    let crossed = false
    for (let i = 0; i < 20 || !crossed; ++i) {
      const bytes = noise(piece)
      written.push(bytes)
      const flows = conn.write(bytes)
      crossed ||= !flows
      // Asked right after the write: exact, once the crossing has told the kernel everything.
      if (crossed) expect(flows).toBe(false)
      else expect(conn.queuedBytes - piece).toBeLessThan(highWaterMark)
      if (!flows) expect(conn.queuedBytes).toBeGreaterThanOrEqual(highWaterMark)
    }
    peer.socket.resume()
    await peer.expectBytes(Buffer.concat(written))
  })

  it('gets everything once it reads, in order, and drain comes exactly once for each crossing', async () => {
    let drains = 0
    const drained: { resolve: () => void; promise: Promise<void> }[] = []
    const { conn, peer } = await stuck(backend, {
      highWaterMark: 50_000,
      lowWaterMark: 7000,
      drain(self) {
        drains++
        expect(self.queuedBytes).toBeLessThanOrEqual(7000)
        drained.at(-1)?.resolve()
      },
    })
    const written: Buffer[] = []
    for (let crossing = 1; crossing <= 4; ++crossing) {
      drained.push(promised())
      peer.socket.pause()
      written.push(fillUp(conn, 3000))
      // More falses are no more crossings.
      for (const bytes of [noise(100_000), noise(10)]) {
        expect(conn.write(bytes)).toBe(false)
        written.push(bytes)
      }
      expect(drains).toBe(crossing - 1)
      peer.socket.resume()
      await patiently(drained[crossing - 1].promise, `drain ${crossing}`)
      expect(drains).toBe(crossing)
      expect(conn.write('.')).toBe(true)
      written.push(Buffer.from('.'))
    }
    await peer.expectBytes(Buffer.concat(written))
    await eventually('an empty queue', () => conn.queuedBytes === 0)
    expect(drains).toBe(4)
  })

  it('is told apart from the kernel: queuedBytes and bytesWritten are what was written', async () => {
    const { conn, peer, loop } = await stuck(backend)
    const written = fillUp(conn, 10_000)
    expect(conn.queuedBytes + conn.bytesWritten).toBe(written.length)
    expect(loop.counter('backlogBytes')).toBe(conn.queuedBytes)
    peer.socket.resume()
    await peer.expectBytes(written)
    await eventually('an empty queue', () => conn.queuedBytes === 0)
    expect(conn.bytesWritten).toBe(written.length)
    expect(loop.counter('backlogBytes')).toBe(0)
  })

  it('that reads at last gets everything before the end, however much is queued', async () => {
    const { conn, peer } = await stuck(backend)
    const written = noise(2 * KIB * KIB)
    conn.end(written)
    expect(conn.readyState).toBe('ending')
    peer.socket.resume()
    await peer.awaitEnd()
    expectSameBytes(peer.bytes, written)
  })

  it('costs no more than maxQueuedBytes: a write past it resets the connection', async () => {
    const conns: Connection[] = []
    const errors: unknown[] = []
    const closed = promised<unknown>()
    const { server, port } = await serve({
      loop: loopOn(backend),
      highWaterMark: 1000,
      maxQueuedBytes: 100_000,
      open: (conn) => conns.push(conn),
      data() {},
      error: (_conn, error) => errors.push(error),
      close: (_conn, error) => closed.resolve(error),
    })
    // Our own client: node:net takes a reset behind unread bytes for an end.
    const refused = promised<unknown>()
    const to = { host: '127.0.0.1', port }
    const client = await connect(to, {
      loop: loopOn(backend),
      data() {},
      close: (_conn, error) => refused.resolve(error),
    })
    client.pause()
    await eventually('the connection', () => conns.length === 1)
    const [conn] = conns
    let accepted = 0
    while (conn.readyState === 'open') {
      conn.write(Buffer.alloc(9000))
      if (conn.readyState === 'open') accepted += 9000
      expect(server.loop.counter('backlogBytes')).toBeLessThanOrEqual(100_000)
    }
    expect(accepted).toBeGreaterThan(90_000)
    const reason = await patiently(closed.promise, 'the close')
    expect(reason).toMatchObject({ code: 'ERR_POLLUX_QUEUE_FULL' })
    expect(errors).toEqual([reason])
    expect(server.droppedBytes).toBe(9000)
    expect(server.loop.counter('backlogBytes')).toBe(0)
    client.resume()
    expect(await patiently(refused.promise, 'the reset')).toMatchObject({ code: 'ECONNRESET' })
  })

  it('may have exactly maxQueuedBytes queued', async () => {
    const { conn, peer } = await stuck(backend, { highWaterMark: 1000, maxQueuedBytes: 50_000 })
    const written = [fillUp(conn, 500)]
    written.push(noise(50_000 - conn.queuedBytes))
    conn.write(written[1])
    expect(conn.queuedBytes).toBe(50_000)
    expect(conn.readyState).toBe('open')
    peer.socket.resume()
    await peer.expectBytes(Buffer.concat(written))
  })

  it('does not hold up the others', async () => {
    const conns: Connection[] = []
    const service = await serve(
      { loop: loopOn(backend), open: (conn) => conns.push(conn), data: (conn, chunk) => conn.write(chunk) },
      SMALL_BUFFERS,
    )
    const [deaf, lively] = await connectMany(service, conns, 2)
    deaf.socket.pause()
    conns[0].write(noise(20_000_000))
    const bytes = noise(2_000_000)
    await lively.send(bytes)
    await lively.expectBytes(bytes)
    expect(conns[0].queuedBytes).toBeGreaterThan(10_000_000)
  })

  it('makes a server that heeds `write` stop reading, and go on later', async () => {
    const conns: Connection[] = []
    const service = await serve(
      {
        loop: loopOn(backend),
        highWaterMark: 20_000,
        open: (conn) => conns.push(conn),
        data: (conn, chunk) => conn.write(chunk) || conn.pause(),
        drain: (conn) => conn.resume(),
      },
      SMALL_BUFFERS,
    )
    const [peer] = await connectMany(service, conns, 1)
    peer.socket.pause()
    const bytes = noise(20_000_000)
    const sent = peer.send(bytes)
    await eventually('the server to pause', () => conns[0].isPaused)
    // At most the mark, and the chunk that crossed it.
    expect(conns[0].queuedBytes).toBeLessThanOrEqual(20_000 + 64 * KIB)
    peer.socket.resume()
    await sent
    await peer.expectBytes(bytes)
    expect([conns[0].bytesRead, conns[0].bytesWritten]).toEqual([bytes.length, bytes.length])
  })
})

describe.each(BACKENDS)('totals on %s', (backend) => {
  it('are exact, also in `close` and after it', async () => {
    const totals: number[][] = []
    const conns: Connection[] = []
    const totalsOf = (conn: Connection) => [conn.bytesRead, conn.bytesWritten, conn.queuedBytes]
    const service = await serve({
      loop: loopOn(backend),
      open: (conn) => conns.push(conn),
      data: (conn, chunk) => conn.write(chunk.toString('hex')),
      close: (conn) => totals.push(totalsOf(conn)),
    })
    const [peer] = await connectMany(service, conns, 1)
    await peer.send(noise(300_000))
    await peer.awaitBytes(600_000)
    await peer.end()
    await eventually('the close', () => totals.length === 1)
    // The slot is another's by now.
    await connectMany(service, conns, 1)
    expect(totals).toEqual([[300_000, 600_000, 0]])
    expect(totalsOf(conns[0])).toEqual([300_000, 600_000, 0])
    expect(totalsOf(conns[1])).toEqual([0, 0, 0])
    expect(service.server.loop.counter('bytesWritten')).toBe(600_000)
  })
})
