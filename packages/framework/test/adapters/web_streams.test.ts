// A connection as WHATWG streams: backpressure both ways, and close, cancel and abort as they should be.
import { gunzipSync } from 'node:zlib'
import {
  type Connection,
  lines,
  type ServerInit,
  toWebStreams,
  type WebStreamsOptions,
} from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, expectSameBytes, iteration, noise, patiently } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'

leaveNothingBehind()

async function streaming(options: WebStreamsOptions = {}, init: Partial<ServerInit> = {}) {
  const opened = promised<Connection>()
  const closed = promised<string | undefined>()
  const service = await serve({
    loop: loopOn(BACKENDS[0]),
    open: (conn) => opened.resolve(conn),
    close: (conn) => closed.resolve(conn.closeReason),
    ...init,
  })
  const peer = await service.connect()
  const conn = await patiently(opened.promise, 'the connection')
  return { peer, conn, ...toWebStreams(conn, options), closed: () => patiently(closed.promise, 'the close') }
}

/** As long as anything moves. */
async function standstill(count: () => number) {
  for (let before = -1, same = 0; same < 50; ) {
    await iteration()
    same = before === count() ? same + 1 : 0
    before = count()
  }
}

async function collect(readable: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readable) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe.each(BACKENDS)('web streams on %s', (backend) => {
  it('go through a CompressionStream and back', async () => {
    const service = await serve({
      loop: loopOn(backend),
      async open(conn) {
        const { readable, writable } = toWebStreams(conn)
        await readable.pipeThrough(new CompressionStream('gzip')).pipeTo(writable)
      },
    })
    const peer = await service.connect()
    const bytes = Buffer.from('abc'.repeat(500_000))
    await peer.send(bytes)
    await peer.end()
    await peer.awaitEnd()
    expectSameBytes(gunzipSync(peer.bytes), bytes)
    await eventually('the close', () => service.server.connections === 0)
    expect(service.server.statistics.closed).toEqual(new Map([['ended', 1]]))
  })
})

describe('readable', () => {
  it('is text by a TextDecoderStream, wherever a character is cut', async () => {
    const { peer, readable } = await streaming()
    const text = 'äöü€'.repeat(10_000)
    const reading = (async () => {
      let all = ''
      for await (const piece of readable.pipeThrough(new TextDecoderStream())) all += piece
      return all
    })()
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += 9_973) await peer.send(bytes.subarray(at, at + 9_973))
    await peer.end()
    expect(await reading).toBe(text)
  })

  it('takes no more than is read', async () => {
    const { peer, conn, readable } = await streaming({ highWaterMark: 10_000 })
    const bytes = noise(20_000_000)
    const sending = peer.send(bytes)
    await standstill(() => conn.bytesRead)
    expect(conn.bytesRead).toBeLessThan(1_000_000)
    const reading = collect(readable)
    await sending
    await peer.end()
    expectSameBytes(await reading, bytes)
  })

  it("fills a reader's own buffer, and gives it back at the end", async () => {
    const { peer, readable } = await streaming()
    const reader = readable.getReader({ mode: 'byob' })
    await peer.send('hello')
    const first = await reader.read(new Uint8Array(100))
    expect(Buffer.from(first.value as Uint8Array).toString()).toBe('hello')
    const last = reader.read(new Uint8Array(100))
    await peer.end()
    expect(await last).toMatchObject({ done: true })
  })

  it('begins with what a codec had not consumed, and leaves the memory of others alone', async () => {
    const rest = promised<Buffer>()
    const service = await serve<unknown, string, string>({
      loop: loopOn(BACKENDS[0]),
      codec: lines(),
      message(conn) {
        const { readable } = toWebStreams(conn)
        collect(readable).then(rest.resolve)
      },
    })
    const peer = await service.connect()
    await peer.send('STREAM\nrest\n')
    await peer.end()
    expect((await patiently(rest.promise, 'the rest')).toString()).toBe('rest\n')
  })

  it('errors with the connection', async () => {
    const { peer, readable, writable } = await streaming()
    const reading = collect(readable)
    await peer.reset()
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect(writable.getWriter().write('x')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('that is cancelled throws away what comes, and lets us write on', async () => {
    const { peer, readable, writable, closed } = await streaming()
    await readable.cancel()
    await peer.send(noise(3_000_000))
    const writer = writable.getWriter()
    await writer.write('still here')
    await peer.expectBytes('still here')
    await writer.close()
    await peer.end()
    expect(await closed()).toBe('ended')
  })

  it('that is cancelled after writable has closed closes the connection', async () => {
    const { peer, readable, writable, closed } = await streaming()
    await writable.close()
    await readable.cancel()
    await peer.awaitEnd()
    peer.socket.destroy()
    expect(await closed()).toMatch(/^(ended|destroyed)$/)
  })
})

describe('writable', () => {
  it('writes no more than the peer takes', async () => {
    const { peer, conn, writable } = await streaming({ highWaterMark: 10_000 }, { highWaterMark: 50_000 })
    peer.socket.pause()
    const writer = writable.getWriter()
    const piece = noise(10_000)
    const total = 2000
    let written = 0
    const writing = (async () => {
      for (; written < total; written++) {
        await writer.ready
        writer.write(piece).catch(() => {})
      }
      await writer.close()
    })()
    await standstill(() => written)
    expect(written).toBeLessThan(total)
    expect(conn.queuedBytes).toBeLessThan(100_000)
    peer.socket.resume()
    await peer.awaitEnd()
    await peer.end()
    await writing
    expectSameBytes(peer.bytes, Buffer.concat(new Array(total).fill(piece)))
  })

  it('takes text, buffers and views', async () => {
    const { peer, writable } = await streaming()
    const writer = writable.getWriter()
    await writer.write('a')
    await writer.write(new Uint8Array([98]))
    await writer.write(new Uint8Array([99]).buffer)
    await writer.write(new DataView(new Uint8Array([0, 100]).buffer, 1))
    await peer.expectBytes('abcd')
    await expect(writer.write(5 as never)).rejects.toThrow(/"chunk" argument/)
  })

  it('that is aborted resets the connection', async () => {
    const { peer, readable, writable, closed } = await streaming()
    await writable.abort(new Error('no'))
    await peer.awaitClosed()
    expect(peer.errorCode).toBe('ECONNRESET')
    expect(await closed()).toBe('reset')
    await expect(collect(readable)).rejects.toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
  })

  it('closes once the kernel has it all', async () => {
    const { peer, writable } = await streaming()
    peer.socket.pause()
    const writer = writable.getWriter()
    writer.write(noise(15_000_000)).catch(() => {})
    let isClosed = false
    const closing = writer.close().then(() => {
      isClosed = true
    })
    for (let i = 0; i < 50; i++) await iteration()
    expect(isClosed).toBe(false)
    peer.socket.resume()
    await closing
    await peer.awaitBytes(15_000_000)
  })

  it('errors where the server closes at its deadline', async () => {
    const { conn, readable, writable } = await streaming()
    const reading = collect(readable)
    conn.destroyFor('shutdown')
    await expect(reading).rejects.toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    await expect(writable.getWriter().closed).rejects.toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
  })
})

describe('toWebStreams', () => {
  it('takes the bytes of one connection once, and nothing but connections', async () => {
    const { conn } = await streaming()
    expect(() => toWebStreams(conn)).toThrow(expect.objectContaining({ code: 'ERR_POLLUX_INPUT_TAKEN' }))
    expect(() => toWebStreams({} as Connection)).toThrow(/"connection" argument/)
    expect(() => toWebStreams(conn, { highWaterMark: -1 })).toThrow(/highWaterMark/)
  })
})
