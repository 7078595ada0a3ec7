// From bytes to messages and back: whatever the network makes of them, and whatever a codec does wrong.
import {
  type Codec,
  type Connection,
  createServer,
  type Input,
  type Output,
  SocketError,
} from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, patiently } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'
import { said, shortText } from '../support/short_text.js'

leaveNothingBehind()

/** What a connection closes with: the reason and the error. */
type Ending = { reason: string | undefined; error: unknown }

async function serveTexts(backend: (typeof BACKENDS)[number], more: object = {}) {
  const closed = promised<Ending>()
  const texts: string[] = []
  const service = await serve<unknown, string, string>({
    loop: loopOn(backend),
    codec: shortText,
    message(conn, text) {
      texts.push(text)
      conn.send(text.toUpperCase())
    },
    error() {},
    close: (conn, error) => closed.resolve({ reason: conn.closeReason, error }),
    ...more,
  })
  return { ...service, service, texts, closed: () => patiently(closed.promise, 'the close') }
}

describe.each(BACKENDS)('messages on %s', (backend) => {
  it('arrive whole, whether they come byte by byte or all at once', async () => {
    const { service, texts } = await serveTexts(backend)
    const peer = await service.connect()
    for (const byte of said('hello', 'world')) {
      await peer.send(Buffer.from([byte]))
    }
    await peer.send(said(...Array(500).fill('again')))
    await peer.expectBytes(said('HELLO', 'WORLD', ...Array(500).fill('AGAIN')))
    expect(texts.length).toBe(502)
    expect(service.server.statistics).toMatchObject({ messagesReceived: 502, messagesSent: 502 })
  })

  it('arrive whole where a frame is split at any byte of two segments', async () => {
    const { service } = await serveTexts(backend)
    const peer = await service.connect()
    const bytes = said('abcdef', 'gh')
    for (let at = 1; at < bytes.length; at++) {
      const before = peer.bytes.length
      await peer.send(bytes.subarray(0, at))
      await new Promise<void>((resolve) => setImmediate(resolve))
      await peer.send(bytes.subarray(at))
      await peer.awaitBytes(before + bytes.length)
    }
    await peer.expectBytes(
      said(
        ...Array(bytes.length - 1)
          .fill(['ABCDEF', 'GH'])
          .flat(),
      ),
    )
  })

  it('that are malformed close their connection with a reason, a count and an error', async () => {
    const { service, texts, closed } = await serveTexts(backend)
    const peer = await service.connect()
    await peer.send(Buffer.concat([said('good'), Buffer.from([0]), said('late')]))
    const { reason, error } = await closed()
    expect(reason).toBe('codec_error')
    expect(error).toMatchObject({ name: 'CodecError', code: 'ERR_POLLUX_MALFORMED_FRAME' })
    expect(texts).toEqual(['good'])
    expect(service.server.statistics.codecErrors).toBe(1)
    expect([...service.server.statistics.closed]).toEqual([['codec_error', 1]])
    await peer.awaitClosedOrEnded()
  })

  it('that are cut off by the end of the peer are an error, too', async () => {
    const { service, closed } = await serveTexts(backend)
    const peer = await service.connect()
    await peer.send(said('whole').subarray(0, 3))
    await peer.end()
    const { reason, error } = await closed()
    expect(reason).toBe('codec_error')
    expect(error).toMatchObject({ code: 'ERR_POLLUX_INCOMPLETE_FRAME' })
  })

  it('that never end are cut off at maxFrameBytes, whatever the codec thinks of them', async () => {
    let most = 0
    const endless: Codec<string> = {
      maxFrameBytes: 1000,
      decode(input: Input) {
        most = Math.max(most, input.length)
        return undefined
      },
      encode() {},
    }
    const { service, closed } = await serveTexts(backend, { codec: endless })
    const peer = await service.connect()
    await peer.send(Buffer.alloc(100_000))
    const { reason, error } = await closed()
    expect(reason).toBe('codec_error')
    expect(error).toMatchObject({ code: 'ERR_POLLUX_FRAME_TOO_LONG' })
    // One receive's worth, at most.
    expect(most).toBeLessThanOrEqual(1000 + 64 * 1024)
  })

  it('whose codec asks for more than it may are cut off at once', async () => {
    const { service, closed } = await serveTexts(backend, {
      codec: {
        maxFrameBytes: 10,
        decode(input: Input) {
          input.needed = 11
          return undefined
        },
        encode() {},
      },
    })
    const peer = await service.connect()
    await peer.send('x')
    expect((await closed()).error).toMatchObject({ code: 'ERR_POLLUX_FRAME_TOO_LONG' })
  })

  it.each([
    [
      'throws something of its own',
      () => {
        throw new Error('a bug')
      },
      /a bug/,
    ],
    ['makes messages of nothing', () => 'again', /without consuming/],
  ])('whose codec %s cost one connection, and hang nothing', async (_what, decode, message) => {
    const { service, closed } = await serveTexts(backend, { codec: { ...shortText, decode } })
    const peer = await service.connect()
    await peer.send('x')
    const { reason, error } = await closed()
    expect(reason).toBe('codec_error')
    expect(String(error)).toMatch(message)
  })

  it('that a codec can not encode throw in the handler, and nothing of them is sent', async () => {
    const thrown: unknown[] = []
    const { service } = await serveTexts(backend, {
      message(conn: Connection<unknown, string, string>) {
        conn.send('before')
        try {
          conn.send('x'.repeat(256))
        } catch (error) {
          thrown.push(error)
        }
        conn.send('after')
      },
    })
    const peer = await service.connect()
    await peer.send(said('go'))
    await peer.expectBytes(said('before', 'after'))
    expect(thrown).toEqual([expect.any(RangeError)])
  })

  it('that are larger than the send slab arrive all the same', async () => {
    const blob: Codec<Buffer> = {
      maxFrameBytes: 1,
      decode(input: Input) {
        const { start } = input
        input.start = start + 1
        return input.take(start, start + 1)
      },
      encode(message: Buffer, output: Output) {
        for (let i = 0; i < 5; i++) output.bytes(message)
        output.text('end', 'latin1')
      },
    }
    const loop = loopOn(backend, { sendSlabBytes: 64 * 1024 })
    const service = await serve<unknown, Buffer, Buffer>({
      loop,
      codec: blob,
      message: (conn) => conn.send(Buffer.alloc(100_000, 'z')),
    })
    const peer = await service.connect()
    await peer.send('12')
    const one = Buffer.concat([Buffer.alloc(500_000, 'z'), Buffer.from('end')])
    await peer.expectBytes(Buffer.concat([one, one]))
  })

  it.each(['write', 'send'] as const)(
    'of a codec that calls `%s` in the midst of encoding are not sent, nor is that',
    async (call) => {
      const errors: unknown[] = []
      const conns: Connection<unknown, string, string>[] = []
      const nosy: Codec<string> = {
        ...shortText,
        encode(text, output) {
          if (text === 'outer') output.byte(5)
          if (text === 'outer') conns[1][call]('inner')
          shortText.encode(text, output)
        },
      }
      const { service } = await serveTexts(backend, {
        codec: nosy,
        open: (conn: Connection<unknown, string, string>) => conns.push(conn),
        message: (conn: Connection<unknown, string, string>, text: string) => conn.send(text),
        error: (_conn: unknown, error: unknown) => errors.push(error),
      })
      const nosyPeer = await service.connect()
      await eventually('the first', () => conns.length === 1)
      const other = await service.connect()
      await eventually('the second', () => conns.length === 2)
      await nosyPeer.send(said('outer'))
      await nosyPeer.awaitClosedOrEnded()
      expect(String(errors[0])).toMatch(/may not write/)
      expect(nosyPeer.bytes.length).toBe(0)
      // Whoever else there is goes on, and has got nothing of it.
      await other.send(said('fine'))
      await other.expectBytes(said('fine'))
    },
  )

  it('after the connection has closed are dropped and counted, and send says false', async () => {
    const conns: Connection<unknown, string, string>[] = []
    const { service, closed } = await serveTexts(backend, {
      open: (conn: Connection<unknown, string, string>) => conns.push(conn),
    })
    const peer = await service.connect()
    await peer.end()
    await closed()
    expect(conns[0].send('late')).toBe(false)
    expect(service.server.statistics.droppedBytes).toBe(5)
    expect(service.server.statistics.messagesSent).toBe(0)
  })

  it('of a codec with a state of its own don’t mix between connections', async () => {
    const counting = (): Codec<string> => {
      let count = 0
      return { ...shortText, decode: (input) => shortText.decode(input)?.concat(String(++count)) }
    }
    const { service } = await serveTexts(backend, { codec: counting })
    const [one, two] = [await service.connect(), await service.connect()]
    await one.send(said('a', 'a'))
    await two.send(said('a'))
    await one.expectBytes(said('A1', 'A2'))
    await two.expectBytes(said('A1'))
  })
})

describe('handlers and codecs', () => {
  const init = { codec: shortText, message() {} }

  it.each([
    ['a message handler without a codec', { message() {} }, /"codec"/],
    ['a data handler beside a codec', { ...init, data() {} }, /'data'/],
    ['a codec that is none', { ...init, codec: { decode() {} } }, /"codec"/],
    ['nothing that takes what arrives', {}, /"data"/],
    ['an unknown overflow', { ...init, overflow: 'explode' }, /'overflow'/],
    ['a name of nothing', { ...init, name: '' }, /"name"/],
  ])('refuse %s, by name', (_what, bad, message) => {
    expect(() => createServer({ loop: loopOn(BACKENDS[0]), ...bad } as never)).toThrow(message)
  })

  it('have errors that are socket errors', () => {
    expect(() => shortText.decode({ bytes: Buffer.from([0]), start: 0, end: 1 } as Input)).toThrow(
      SocketError,
    )
  })
})
