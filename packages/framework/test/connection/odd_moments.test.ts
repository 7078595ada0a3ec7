// What handlers and plugins do at awkward moments: nothing stands still for ever, comes twice or comes too early.
import { type AnyConnection, type Codec, type Connection, connect, fixed, lines } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, iteration, listeningPeer, patiently } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'
import { said, shortText } from '../support/short_text.js'

leaveNothingBehind()

type Texts = Connection<unknown, string, string>

/** Bytes of which none is a message before the peer has ended; then each is one. */
const lateLetters: Codec<string> = {
  maxFrameBytes: 100,
  decode: () => undefined,
  encode: (message, output) => output.text(message),
  end(input) {
    input.start++
    return input.text(input.start - 1, input.start)
  },
}

describe.each(BACKENDS)('a connection on %s', (backend) => {
  it('reads on after a handler has paused and resumed it within a message that came in two parts', async () => {
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      message(conn, text) {
        conn.pause()
        conn.resume()
        conn.send(text)
      },
    })
    const peer = await service.connect()
    const bytes = said('halved')
    await peer.send(bytes.subarray(0, 3))
    await eventually('the first part', () => service.server.statistics.bytesReceived === 3)
    await peer.send(bytes.subarray(3))
    await peer.expectBytes(bytes)
    await peer.send(said('more'))
    await peer.expectBytes(said('halved', 'more'))
  })

  it('has the last messages of a codec wait for the handler of the one before', async () => {
    const log: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: lateLetters,
      async message(conn, letter) {
        log.push(`${letter} begins`)
        await iteration()
        conn.send(letter)
        log.push(`${letter} is done`)
      },
      end: () => log.push('end'),
    })
    const peer = await service.connect()
    await peer.send('abc')
    await peer.end()
    await peer.awaitEnd()
    await peer.expectBytes('abc')
    expect(log).toEqual(['a', 'b', 'c'].flatMap((it) => [`${it} begins`, `${it} is done`]).concat('end'))
  })

  it('gives what the last message leaves to the codec that its handler goes on with', async () => {
    const log: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: lateLetters,
      message(conn, letter) {
        log.push(letter)
        conn.upgrade(fixed({ length: 2 }), { message: (_conn, pair) => log.push(`<${pair}>`) })
      },
      end: () => log.push('end'),
    })
    const peer = await service.connect()
    await peer.send('abbcc')
    await peer.end()
    await peer.awaitEnd()
    expect(log).toEqual(['a', '<bb>', '<cc>', 'end'])
  })

  it('has messages wait for one another while `open` ends that has read the first by itself', async () => {
    const opening = promised()
    const first = promised()
    const begun: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      async open(conn) {
        await conn[Symbol.asyncIterator]().next()
        conn.upgrade(shortText, {
          message(_conn, text) {
            begun.push(text)
            return text === 'one' ? first.promise : undefined
          },
        })
        await opening.promise
      },
    })
    const peer = await service.connect()
    await peer.send(said('hello', 'one'))
    await eventually('the first message', () => begun.length === 1)
    opening.resolve()
    await iteration()
    await peer.send(said('two'))
    await eventually('the bytes', () => service.server.statistics.bytesReceived === 14)
    await iteration()
    expect(begun).toEqual(['one'])
    first.resolve()
    await eventually('the second message', () => begun.length === 2)
  })

  it.each(['sync', 'async'])('that only sends sees its peer leave, with an %s `open`', async (kind) => {
    const closed = promised<string | undefined>()
    const ended = promised()
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: lines(),
      open(conn) {
        conn.send('hello')
        return kind === 'async' ? iteration() : undefined
      },
      end: () => ended.resolve(),
      close: (conn) => closed.resolve(conn.closeReason),
    })
    const peer = await service.connect()
    await peer.expectBytes('hello\n')
    await peer.end()
    await patiently(ended.promise, '`end`')
    expect(await patiently(closed.promise, 'the close')).toBe('ended')
  })

  it.each([false, true])(
    'of which nothing came is no error to iterate over (half open: %s)',
    async (half) => {
      const peer = await listeningPeer({ host: '127.0.0.1', port: 0 })
      const ended = promised()
      const conn = await connect<unknown, string, string>(
        { host: '127.0.0.1', port: peer.port },
        { loop: loopOn(backend), codec: lines(), allowHalfOpen: half, end: () => ended.resolve() },
      )
      ;(await peer.awaitPeer()).end()
      await patiently(ended.promise, '`end`')
      await iteration()
      const next = await patiently(conn[Symbol.asyncIterator]().next(), 'the end of the loop')
      expect(next).toEqual({ done: true, value: undefined })
      conn.destroy()
    },
  )

  it.each(['bytes', 'messages'])('whose opening is held without a filter gets no %s before', async (kind) => {
    const log: string[] = []
    const held: AnyConnection[] = []
    const handlers =
      kind === 'bytes'
        ? { data: (_conn: unknown, chunk: Buffer) => log.push(`${chunk}`) }
        : { codec: lines(), message: (_conn: unknown, line: string) => log.push(line) }
    const service = await serve<unknown, never, never>({
      loop: loopOn(backend),
      plugins: [
        {
          name: 'door',
          accept(conn) {
            conn.holdOpening()
            held.push(conn)
            return undefined
          },
        },
      ],
      open: () => log.push('open'),
      end: () => log.push('end'),
      ...(handlers as object),
    })
    const peer = await service.connect()
    await peer.send(kind === 'bytes' ? 'early' : 'early\n')
    await peer.end()
    await eventually('the bytes', () => (held[0]?.bytesRead ?? 0) > 0)
    await iteration()
    expect(log).toEqual([])
    held[0].finishOpening()
    await peer.awaitEnd()
    expect(log).toEqual(['open', 'early', 'end'])
  })
})

it('that is upgraded over and over calls the handlers of before as they are', async () => {
  let depth = 0
  const init = {
    loop: loopOn(BACKENDS[0]),
    codec: shortText,
    message(conn: Texts, text: string) {
      conn.upgrade(shortText)
      conn.send(text)
    },
    close(_conn: Texts) {},
  }
  Object.defineProperty(init.close, 'bind', {
    value: (self: object) => {
      depth++
      const bound = Function.prototype.bind.call(init.close, self)
      Object.defineProperty(bound, 'bind', {
        value: () => {
          depth++
          return bound
        },
      })
      return bound
    },
  })
  const service = await serve<unknown, string, string>(init)
  const peer = await service.connect()
  const bytes = said('a', 'b', 'c', 'd')
  await peer.send(bytes)
  await peer.expectBytes(bytes)
  expect(depth).toBe(1)
})
