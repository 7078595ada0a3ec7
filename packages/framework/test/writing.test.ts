// `write` works anywhere: in timers, promises and callbacks, and before the connection is open.
import { type Connection, connect } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, noise, patiently } from './support/raw.js'
import { connectMany, echo, leaveNothingBehind, loopOn, promised, serve } from './support/serving.js'

leaveNothingBehind()

const PLACES: Record<string, (call: () => void) => void> = {
  'a timer': (call) => setTimeout(call, 1),
  setImmediate: (call) => setImmediate(call),
  nextTick: (call) => process.nextTick(call),
  'a promise': (call) => Promise.resolve().then(call),
  queueMicrotask: (call) => queueMicrotask(call),
}

describe.each(BACKENDS)('write on %s', (backend) => {
  async function connected() {
    const conns: Connection[] = []
    const service = await serve({ loop: loopOn(backend), open: (conn) => conns.push(conn), data() {} })
    const [peer] = await connectMany(service, conns, 1)
    return { conn: conns[0], peer, service }
  }

  it.each(Object.entries(PLACES))('from %s arrives', async (_place, later) => {
    const { conn, peer } = await connected()
    later(() => conn.write('from afar'))
    await peer.expectBytes('from afar')
  })

  it.each(Object.entries(PLACES))(
    'from %s is with the kernel before the loop blocks',
    async (_place, later) => {
      const { conn } = await connected()
      const seen = promised<number[]>()
      later(() => {
        conn.write('at once')
        const before = conn.bytesWritten
        // One iteration of the loop: to the end of this one's turn, and to the same place of the next.
        setImmediate(() => setImmediate(() => seen.resolve([before, conn.bytesWritten])))
      })
      expect(await patiently(seen.promise, 'two immediates')).toEqual([0, 7])
    },
  )

  it('from everywhere keeps its order', async () => {
    const { conn, peer } = await connected()
    let expected = ''
    for (let round = 0; round < 50; ++round) {
      for (const [place, later] of Object.entries(PLACES)) {
        later(() => {
          const text = `${round} ${place};`
          expected += text
          conn.write(text)
        })
      }
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
    await eventually('all writes', () => expected.split(';').length === 50 * 5 + 1)
    await peer.expectBytes(expected)
  })

  it('of everything that is not bytes or a string throws a TypeError, and the connection lives', async () => {
    const { conn, peer } = await connected()
    for (const data of [undefined, null, 1, {}, [1], new ArrayBuffer(2), new Uint16Array(2), true]) {
      expect(() => conn.write(data as string)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      )
    }
    conn.write(new Uint8Array([104, 105]))
    conn.write('')
    conn.write(new Uint8Array(0))
    await peer.expectBytes('hi')
    expect(conn.queuedBytes).toBe(0)
  })

  it('after `end` throws ERR_POLLUX_WRITE_AFTER_END, and nothing is lost of what came before', async () => {
    const { conn, peer } = await connected()
    const bytes = noise(2_000_000)
    conn.end(bytes)
    expect(() => conn.write('more')).toThrow(expect.objectContaining({ code: 'ERR_POLLUX_WRITE_AFTER_END' }))
    expect(() => conn.end('more')).toThrow(expect.objectContaining({ code: 'ERR_POLLUX_WRITE_AFTER_END' }))
    conn.end()
    await peer.awaitEnd()
    await peer.expectBytes(bytes)
  })

  it('to a connection that has closed returns false, and counts what is dropped', async () => {
    const { conn, peer, service } = await connected()
    conn.destroy()
    expect(conn.write('12345')).toBe(false)
    await peer.awaitClosedOrEnded()
    await eventually('the close', () => service.server.connections === 0)
    expect(conn.write(Buffer.alloc(1000))).toBe(false)
    expect(service.server.droppedBytes).toBe(1005)
    expect(peer.bytes.length).toBe(0)
  })

  it('in `open` of a client is the first thing that its server hears', async () => {
    const service = await serve({ ...echo, loop: loopOn(backend) })
    const answered = promised<string>()
    const conn = await connect(
      { host: '127.0.0.1', port: service.port },
      {
        loop: service.server.loop,
        open: (c) => c.write('one '),
        data: (_c, chunk) => chunk.includes('two') && answered.resolve(String(chunk)),
      },
    )
    conn.write('two')
    expect(await patiently(answered.promise, 'an answer')).toBe('one two')
    conn.destroy()
  })
})
