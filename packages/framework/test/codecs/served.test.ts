// Each codec in a server, with a peer that is not ours: what it answers, and what becomes of bad frames.
import {
  type Codec,
  connect,
  createServer,
  delimited,
  fixed,
  json,
  lengthPrefixed,
  lines,
  mapCodec,
  netstring,
  type Payload,
  raw,
  type Server,
} from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, iteration, patiently } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'

leaveNothingBehind()

interface Spoken {
  name: string
  codec: Codec<unknown, never>
  /** What the peer sends, and what it gets for it. */
  asked: string
  answered: string
  /** What it may not send, what has come before, and why the connection fails. */
  bad: { what: string; bytes: string; code: string; messages: number; end?: boolean }[]
}

const TOO_LONG = 'ERR_POLLUX_FRAME_TOO_LONG'
const MALFORMED = 'ERR_POLLUX_MALFORMED_FRAME'
const INCOMPLETE = 'ERR_POLLUX_INCOMPLETE_FRAME'

function spoken<In extends Out, Out>(
  name: string,
  codec: Codec<In, Out>,
  asked: string,
  answered: string,
  bad: Spoken['bad'],
): Spoken {
  return { name, codec: codec as unknown as Codec<unknown, never>, asked, answered, bad }
}

const LONG = 'x'.repeat(100_000)

const LANGUAGES: Spoken[] = [
  spoken('lines', lines({ maxLength: 1000 }), 'one\r\ntwo\n\nžluť 🐴\n', 'one\ntwo\n\nžluť 🐴\n', [
    { what: 'a line too long', bytes: `ok\n${LONG}\n`, code: TOO_LONG, messages: 1 },
    { what: 'a line without end', bytes: LONG, code: TOO_LONG, messages: 0 },
  ]),
  spoken('delimited', delimited({ delimiter: '||', maxLength: 1000 }), 'a|b||c||||', 'a|b||c||||', [
    { what: 'a message too long', bytes: `ok||${LONG}||`, code: TOO_LONG, messages: 1 },
    { what: 'an end too soon', bytes: 'ok||half|', code: INCOMPLETE, messages: 1, end: true },
  ]),
  spoken(
    'lengthPrefixed',
    lengthPrefixed({ maxLength: 1000 }),
    '\0\0\0\x03abc\0\0\0\0',
    '\0\0\0\x03abc\0\0\0\0',
    [
      { what: 'a length too great', bytes: '\0\0\0\x01a\x7f\x7f\x7f\x7f', code: TOO_LONG, messages: 1 },
      { what: 'an end too soon', bytes: '\0\0\0\x03ab', code: INCOMPLETE, messages: 0, end: true },
    ],
  ),
  spoken(
    'lengthPrefixed by varints that count themselves',
    lengthPrefixed({ bytes: 'varint', includesLength: true }),
    '\x04abc\x01',
    '\x04abc\x01',
    [{ what: 'a length of less than itself', bytes: '\x04abc\0', code: MALFORMED, messages: 1 }],
  ),
  spoken('fixed', fixed({ length: 4 }), 'abcdefgh', 'abcdefgh', [
    { what: 'an end too soon', bytes: 'abcdef', code: INCOMPLETE, messages: 1, end: true },
  ]),
  spoken('netstring', netstring({ maxLength: 1000 }), '5:hello,0:,', '5:hello,0:,', [
    { what: 'a length too great', bytes: '2:ok,1001', code: TOO_LONG, messages: 1 },
    { what: 'no digit', bytes: '2:ok,GET / HTTP/1.1', code: MALFORMED, messages: 1 },
  ]),
  spoken('json', json({ maxLength: 1000 }), '{ "a" : [1] }\n\n"x"\n', '{"a":[1]}\n"x"\n', [
    { what: 'a line too long', bytes: `1\n"${LONG}"\n`, code: TOO_LONG, messages: 1 },
    { what: 'no JSON', bytes: '1\n{"a":\n', code: MALFORMED, messages: 1 },
  ]),
  spoken(
    'mapCodec',
    mapCodec(lines(), { decode: Number.parseFloat, encode: (number: number) => number.toFixed(1) }),
    '1\n2.55\n',
    '1.0\n2.5\n',
    [],
  ),
]

describe.each(BACKENDS)('on %s', (backend) => {
  describe.each(LANGUAGES)('$name', ({ codec, asked, answered, bad }) => {
    const speaker = (more: object = {}) =>
      serve<unknown, unknown, never>({
        loop: loopOn(backend),
        codec,
        message: (conn, message) => void conn.send(message as never),
        ...more,
      })

    it.each([[{}], [{ borrow: true }]])(
      'is spoken with %o, byte by byte and all at once',
      async (options) => {
        const service = await speaker(options)
        const peer = await service.connect()
        for (const byte of Buffer.from(asked)) {
          await peer.send(Buffer.from([byte]))
          await iteration()
        }
        await peer.send(asked.repeat(1000))
        await peer.expectBytes(answered.repeat(1001))
        await peer.end()
        await peer.awaitEnd()
        expect([...service.server.statistics.closed]).toEqual([['ended', 1]])
        expect(service.server.statistics.codecErrors).toBe(0)
      },
    )

    it.each(bad)('fails at $what, and at nothing before', async ({ bytes, code, messages, end }) => {
      const closed = promised<{ reason: string | undefined; error: unknown }>()
      const service = await speaker({
        error() {},
        close: (conn: { closeReason: string | undefined }, error: unknown) =>
          closed.resolve({ reason: conn.closeReason, error }),
      })
      const peer = await service.connect()
      // The server may be gone before all of it was sent.
      peer.send(bytes).catch(() => {})
      if (end) await peer.end()
      const { reason, error } = await patiently(closed.promise, 'the close')
      expect(reason).toBe('codec_error')
      expect(error).toMatchObject({ name: 'CodecError', code })
      await peer.awaitClosedOrEnded()
      const { statistics } = service.server
      expect(statistics.codecErrors).toBe(1)
      expect(statistics.messagesReceived).toBe(messages)
      expect([...statistics.closed]).toEqual([['codec_error', 1]])
    })
  })

  it('long messages that are promised and never sent take no memory', async () => {
    const service = await serve<unknown, Buffer, Payload>({
      loop: loopOn(backend),
      codec: lengthPrefixed(),
      message() {},
    })
    const megabyte = Buffer.from([0, 16, 0, 0, 1])
    const promise = async (count: number) => {
      const peers = await Promise.all(Array.from({ length: count }, () => service.connect()))
      await Promise.all(peers.map((peer) => peer.send(megabyte)))
      await eventually('the promises', () => bytesRead(service.server) === 5 * service.server.connections)
    }
    await promise(1)
    const before = process.memoryUsage().arrayBuffers
    await promise(50)
    // Each could have had one megabyte; what the test itself allocates is in it, too.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(25 * 2 ** 20)
  })

  it('the last line needs no ending', async () => {
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: lines(),
      message: (conn, line) => void conn.send(line.toUpperCase()),
    })
    const peer = await service.connect()
    await peer.send('one\ntwo')
    await peer.end()
    await peer.awaitEnd()
    expect(peer.bytes.toString()).toBe('ONE\nTWO\n')
  })

  it('raw bytes follow an upgrade, and none that came with it is lost', async () => {
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: lines(),
      message(conn) {
        conn.upgrade(raw(), { message: (stream, bytes: Buffer) => void stream.send(bytes) })
      },
    })
    const peer = await service.connect()
    await peer.send('STREAM\r\n\0not a line')
    await peer.send(', and on')
    await peer.expectBytes('\0not a line, and on')
  })

  it('a handler that sends what can not be sent fails by itself, and nothing of it is sent', async () => {
    const closed = promised<unknown>()
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: lines(),
      message(conn) {
        conn.send('first')
        conn.send('se\ncond')
      },
      error() {},
      close: (conn, error) => closed.resolve([conn.closeReason, (error as NodeJS.ErrnoException).code]),
    })
    const peer = await service.connect()
    await peer.send('go\n')
    expect(await patiently(closed.promise, 'the close')).toEqual(['handler_error', 'ERR_INVALID_ARG_VALUE'])
    expect(service.server.statistics.codecErrors).toBe(0)
    await peer.awaitClosedOrEnded()
    expect(['', 'first\n']).toContain(peer.bytes.toString())
  })

  it('a client speaks with a server of ours, messages of all sizes', async () => {
    const loop = loopOn(backend)
    const codec = lengthPrefixed({ bytes: 'varint', maxLength: 2 ** 20 })
    const service = await serve<unknown, Buffer, Payload>({
      loop,
      codec,
      message: (conn, bytes) => void conn.send(bytes),
    })
    const sizes = [0, 1, 127, 128, 4095, 4096, 4097, 70_000, 2 ** 20]
    const came: number[] = []
    const conn = await connect<unknown, Buffer, Payload>(
      { host: '127.0.0.1', port: service.port },
      {
        loop,
        codec,
        message: (_conn, bytes) => {
          expect(bytes.every((byte) => byte === bytes.length % 251)).toBe(true)
          came.push(bytes.length)
        },
      },
    )
    for (const size of sizes) conn.send(Buffer.alloc(size, size % 251))
    await eventually('all answers', () => came.length === sizes.length)
    expect(came).toEqual(sizes)
    conn.destroy()
  })
})

function bytesRead(server: Server<unknown, Buffer, Payload>): number {
  let bytes = 0
  for (const conn of server.list()) bytes += conn.bytesRead
  return bytes
}

describe('a codec', () => {
  it('is not changed by being used: one serves any number of servers', () => {
    const codec = Object.freeze(lines())
    for (let i = 0; i < 2; i++) createServer({ loop: loopOn(BACKENDS[0]), codec, message() {} })
  })
})
