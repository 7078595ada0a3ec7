// A connection as a Duplex of Node.js: backpressure both ways, and each kind of end.
import { createHash } from 'node:crypto'
import { type Duplex, finished, PassThrough, Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip, gunzipSync } from 'node:zlib'
import {
  type Connection,
  connect,
  type DuplexOptions,
  lines,
  type ServerInit,
  toDuplex,
} from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, expectSameBytes, iteration, noise, patiently, sha256 } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'

leaveNothingBehind()

/** A connection, its stream, and the peer at the other end. */
async function streaming(options: DuplexOptions = {}, init: Partial<ServerInit> = {}, backend = BACKENDS[0]) {
  const opened = promised<Connection>()
  const closed = promised<unknown>()
  const service = await serve({
    loop: loopOn(backend),
    open: (conn) => opened.resolve(conn),
    close: (_conn, error) => closed.resolve(error),
    ...init,
  })
  const peer = await service.connect()
  const conn = await patiently(opened.promise, 'the connection')
  const stream = toDuplex(conn, options)
  const events: string[] = []
  for (const name of ['end', 'finish', 'error', 'close']) stream.on(name, () => events.push(name))
  return { peer, conn, stream, events, service, closed: () => patiently(closed.promise, 'the close') }
}

const destroyed = (stream: Duplex) =>
  patiently(new Promise<void>((resolve) => stream.once('close', resolve)), 'close of the stream')

/** As long as anything moves. */
async function standstill(count: () => number) {
  for (let before = -1, same = 0; same < 50; ) {
    await iteration()
    same = before === count() ? same + 1 : 0
    before = count()
  }
}

describe.each(BACKENDS)('a Duplex on %s', (backend) => {
  it('goes through a pipeline, with a connection at both its ends', async () => {
    const service = await serve({
      loop: loopOn(backend),
      async open(conn) {
        const stream = toDuplex(conn)
        await pipeline(stream, createGzip(), stream)
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

  it('carries every byte both ways at once, in small pieces and large ones', async () => {
    const { peer, stream, closed } = await streaming({}, {}, backend)
    const there = noise(5_000_000)
    const back = noise(5_000_000)
    const hash = createHash('sha256')
    stream.on('data', (chunk) => hash.update(chunk))
    const pieces = function* () {
      for (let at = 0, size = 1; at < back.length; at += size, size = (size * 7) % 99_991) {
        yield back.subarray(at, at + size)
      }
    }
    const sending = pipeline(Readable.from(pieces()), stream)
    await peer.send(there)
    await peer.end()
    await sending
    await peer.awaitEnd()
    expectSameBytes(peer.bytes, back)
    expect(await closed()).toBe(undefined)
    expect(hash.digest('hex')).toBe(sha256(there))
  })
})

describe('the readable half', () => {
  it('takes no more than is read', async () => {
    const { peer, conn, stream } = await streaming({ highWaterMark: 32 * 1024 })
    const bytes = noise(30_000_000)
    const sending = peer.send(bytes)
    await standstill(() => conn.bytesRead)
    expect(conn.bytesRead).toBe(0)
    stream.once('readable', () => {})
    await eventually('the first bytes', () => conn.bytesRead > 0)
    await standstill(() => conn.bytesRead)
    expect(conn.bytesRead).toBeLessThan(1_000_000)
    const hash = createHash('sha256')
    const reading = (async () => {
      for await (const chunk of stream) hash.update(chunk)
    })()
    await sending
    await peer.end()
    await reading
    expect(hash.digest('hex')).toBe(sha256(bytes))
  })

  it('begins with what a codec had not consumed', async () => {
    const text = promised<string>()
    const service = await serve<unknown, string, string>({
      loop: loopOn(BACKENDS[0]),
      codec: lines(),
      message(conn, line) {
        if (line !== 'STREAM') return
        const stream = toDuplex(conn)
        stream.write('here it is:')
        stream.toArray().then((chunks) => text.resolve(Buffer.concat(chunks).toString()))
      },
    })
    const peer = await service.connect()
    await peer.send('one\nSTREAM\nrest\nof it')
    await peer.expectBytes('here it is:')
    await peer.send(' and more')
    await peer.end()
    expect(await patiently(text.promise, 'the bytes')).toBe('rest\nof it and more')
  })

  it('keeps bytes that were lent', async () => {
    const { peer, stream } = await streaming({}, { borrow: true, data: () => {} })
    const bytes = noise(300_000)
    await peer.send(bytes)
    await peer.end()
    expectSameBytes(Buffer.concat(await stream.toArray()), bytes)
  })

  it('ends with the peer, and ends our half after it without allowHalfOpen', async () => {
    const { peer, stream, events, closed } = await streaming({ allowHalfOpen: false })
    stream.resume()
    await peer.end()
    await peer.awaitEnd()
    await eventually('close of the stream', () => events.includes('close'))
    expect(events).toEqual(['end', 'finish', 'close'])
    expect(await closed()).toBe(undefined)
  })

  it('leaves our half open', async () => {
    const { peer, stream, events, closed } = await streaming()
    stream.resume()
    await peer.end()
    await patiently(new Promise((resolve) => stream.once('end', resolve)), 'the end')
    for (let i = 0; i < 5; i++) await iteration()
    expect(events).toEqual(['end'])
    const answer = noise(3_000_000)
    stream.end(answer)
    await peer.awaitEnd()
    await peer.expectBytes(answer)
    await closed()
    await eventually('close of the stream', () => events.includes('close'))
  })

  it('has an error where the peer resets', async () => {
    const { peer, stream, events, closed } = await streaming()
    const failing = promised<unknown>()
    stream.once('error', failing.resolve)
    stream.resume()
    await peer.reset()
    expect(await patiently(failing.promise, 'the error')).toMatchObject({ code: 'ECONNRESET' })
    await eventually('close of the stream', () => events.includes('close'))
    expect(events).toEqual(['error', 'close'])
    expect(await closed()).toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('the writable half', () => {
  it('writes no more than the peer takes', async () => {
    const { peer, conn, stream } = await streaming({ highWaterMark: 16 * 1024 }, { highWaterMark: 64 * 1024 })
    peer.socket.pause()
    const piece = noise(16 * 1024)
    let produced = 0
    const total = 2000
    const source = new Readable({
      read() {
        this.push(produced++ < total ? piece : null)
      },
    })
    const sending = pipeline(source, stream)
    await standstill(() => produced)
    expect(produced).toBeLessThan(total)
    expect(conn.queuedBytes).toBeLessThan(200_000)
    peer.socket.resume()
    await sending
    await peer.awaitEnd()
    expectSameBytes(peer.bytes, Buffer.concat(new Array(total).fill(piece)))
  })

  it('calls the callback of a write that waited', async () => {
    const { peer, stream } = await streaming({}, { highWaterMark: 1000 })
    peer.socket.pause()
    let done = 0
    for (let i = 0; i < 3; i++) stream.write(noise(3_000_000), () => done++)
    await standstill(() => done)
    expect(done).toBeLessThan(3)
    peer.socket.resume()
    await eventually('the callbacks', () => done === 3)
    await peer.awaitBytes(9_000_000)
  })

  it('finishes when the kernel has it all, and hears the peer on', async () => {
    const { peer, conn, stream, events, closed } = await streaming()
    const heard: Buffer[] = []
    stream.on('data', (chunk) => heard.push(chunk))
    peer.socket.pause()
    stream.end(noise(20_000_000))
    await standstill(() => conn.queuedBytes)
    expect(events).toEqual([])
    peer.socket.resume()
    await eventually('finish', () => events.includes('finish'))
    await peer.awaitEnd()
    await peer.send('still here')
    await peer.end()
    expect(await closed()).toBe(undefined)
    await eventually('close of the stream', () => events.includes('close'))
    expect(Buffer.concat(heard).toString()).toBe('still here')
    expect(events).toEqual(['finish', 'end', 'close'])
  })

  it('has an error where somebody else has ended the connection', async () => {
    const { conn, stream } = await streaming()
    conn.end()
    const failing = promised<unknown>()
    stream.once('error', failing.resolve)
    stream.write('too late')
    expect(await patiently(failing.promise, 'the error')).toMatchObject({
      code: 'ERR_POLLUX_WRITE_AFTER_END',
    })
  })

  it('finishes where somebody else has ended the connection', async () => {
    const { peer, conn, stream, events } = await streaming()
    conn.end()
    await peer.awaitEnd()
    for (let i = 0; i < 5; i++) await iteration()
    stream.end()
    await eventually('finish', () => events.includes('finish'))
  })
})

describe('destroying', () => {
  it('the stream destroys the connection', async () => {
    const { peer, stream, events, closed } = await streaming()
    stream.destroy()
    await destroyed(stream)
    await peer.awaitClosedOrEnded()
    expect(await closed()).toBe(undefined)
    expect(events).toEqual(['close'])
  })

  it('the stream with an error gives it to the connection', async () => {
    const { stream, events, closed } = await streaming()
    const error = new Error('enough')
    stream.destroy(error)
    expect(await closed()).toBe(error)
    await eventually('close of the stream', () => events.includes('close'))
    expect(events).toEqual(['error', 'close'])
  })

  it('the connection destroys the stream', async () => {
    const { conn, stream, events } = await streaming()
    const failing = promised<unknown>()
    stream.once('error', failing.resolve)
    stream.write(noise(10_000_000))
    conn.destroy()
    expect(await patiently(failing.promise, 'the error')).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    await eventually('close of the stream', () => events.includes('close'))
  })

  it('fails a pipeline from either of its ends', async () => {
    const inwards = await streaming()
    const failing = new Transform({ transform: (_chunk, _encoding, done) => done(new Error('no')) })
    const first = pipeline(inwards.stream, failing, new PassThrough().resume())
    await inwards.peer.send('x')
    await expect(first).rejects.toThrow('no')
    await inwards.closed()
    const outwards = await streaming()
    // Who reads nothing notices nothing.
    outwards.stream.resume()
    const second = pipeline(new PassThrough(), outwards.stream)
    await outwards.peer.reset()
    await expect(second).rejects.toMatchObject({ code: 'ECONNRESET' })
    const slow = await streaming({}, { highWaterMark: 1000 })
    const third = pipeline(Readable.from([noise(9_000_000), noise(9_000_000)]), slow.stream)
    slow.peer.socket.pause()
    slow.stream.resume()
    await standstill(() => slow.conn.queuedBytes)
    slow.peer.socket.resetAndDestroy()
    await expect(third).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) })
  })

  it('is seen by `finished` of node:stream', async () => {
    const { peer, stream } = await streaming()
    const done = promised<unknown>()
    finished(stream, done.resolve)
    stream.resume()
    stream.end()
    await peer.end()
    expect(await patiently(done.promise, 'finished')).toBe(undefined)
  })

  it('in the midst of reading leaves nothing', async () => {
    const { peer, stream, closed } = await streaming()
    await peer.send(noise(100_000))
    const sink = new Writable({
      write() {
        stream.destroy()
      },
    })
    stream.pipe(sink)
    await closed()
    await peer.awaitClosedOrEnded()
  })
})

describe('toDuplex', () => {
  it('tells the other handlers as before', async () => {
    const told: string[] = []
    const { peer, stream, closed } = await streaming(
      {},
      { end: () => told.push('end'), drain: () => told.push('drain'), highWaterMark: 1000 },
    )
    peer.socket.pause()
    stream.write(noise(6_000_000))
    peer.socket.resume()
    await peer.awaitBytes(6_000_000)
    stream.resume()
    stream.end()
    await peer.end()
    await closed()
    expect(told).toEqual(['drain', 'end'])
  })

  it('takes the bytes of one connection once', async () => {
    const { conn } = await streaming()
    expect(() => toDuplex(conn)).toThrow(expect.objectContaining({ code: 'ERR_POLLUX_INPUT_TAKEN' }))
    expect(() => conn[Symbol.asyncIterator]()).toThrow(
      expect.objectContaining({ code: 'ERR_POLLUX_INPUT_TAKEN' }),
    )
  })

  it.each<[string, unknown[], RegExp]>([
    ['no connection', [{}], /"connection" argument must be an instance of Connection/],
    ['a mark that is none', [undefined, { highWaterMark: -1 }], /highWaterMark/],
    ['a text for a yes', [undefined, { allowHalfOpen: 'yes' }], /allowHalfOpen/],
  ])('refuses %s', async (_, [connection, options], words) => {
    const opened = promised<Connection>()
    const service = await serve({ loop: loopOn(BACKENDS[0]), open: (conn) => opened.resolve(conn) })
    await service.connect()
    const conn = connection ?? (await opened.promise)
    expect(() => toDuplex(conn as Connection, options as DuplexOptions)).toThrow(words)
  })

  it('works for clients, two of them back to back', async () => {
    const service = await serve({
      loop: loopOn(BACKENDS[0]),
      async open(conn) {
        const stream = toDuplex(conn)
        await pipeline(stream, createGunzip(), stream)
      },
    })
    const conn = await connect(
      { host: '127.0.0.1', port: service.port },
      { loop: loopOn(BACKENDS[0]), open() {} },
    )
    const stream = toDuplex(conn)
    const [received] = await Promise.all([
      stream.toArray(),
      pipeline(Readable.from(['hello']), createGzip(), stream),
    ])
    expect(Buffer.concat(received).toString()).toBe('hello')
  })
})
