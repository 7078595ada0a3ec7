// The fields of a request stand in memory that the next request comes into.
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { checkFds } from '../../../packages/native-poll/test/support/leaks.js'
import { eventually } from '../../../packages/native-poll/test/support/patience.js'
import { Peer } from '../../../packages/native-poll/test/support/peer.js'
import type { Request } from '../../src/http/request.js'
import { Response, text } from '../../src/http/response.js'
import type { Routes } from '../../src/http/router.js'
import { httpServer } from '../../src/http/server.js'
import { TextCache } from '../../src/http/text-cache.js'

checkFds()

// The default loop stays open.
beforeAll(async () => {
  const server = httpServer({})
  await server.listen({ host: '127.0.0.1', port: 0 })
  await server.close()
})

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serve(routes: Routes): Promise<number> {
  const server = httpServer(routes)
  const { port } = (await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }
  closing.push(() => server.close())
  return port
}

async function connect(port: number): Promise<Peer> {
  const peer = await Peer.connect({ host: '127.0.0.1', port })
  closing.unshift(() => peer.end())
  return peer
}

const get = (path: string, who: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Who: ${who}\r\n\r\n`

const expectAnswer = (peer: Peer, pattern: RegExp) =>
  eventually(`an answer like ${pattern}`, () => pattern.test(peer.bytes.toString()))

const expectAnswers = (peer: Peer, pattern: RegExp, count: number) =>
  eventually(
    `${count} answers like ${pattern}`,
    () => (peer.bytes.toString().match(pattern) ?? []).length === count,
  )

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

describe('the fields of a request', () => {
  const who = ({ headers }: Request) => headers['x-who']

  it('are its own after an await, whatever has come meanwhile', async () => {
    const { open, opened } = gate()
    const port = await serve({
      'GET /later': async (request) => {
        await opened
        return text(`it was ${who(request)}!`)
      },
      'GET /now': (request) => text(`it is ${who(request)}!`),
    })
    const [first, second] = [await connect(port), await connect(port)]
    await first.send(get('/later', 'first'))
    for (let i = 1; i <= 20; i++) {
      await second.send(get('/now', 'other'))
      await expectAnswers(second, /it is other!/g, i)
    }
    open()
    await expectAnswer(first, /it was first!$/)
  })

  it('are its own in the midst of a streamed answer', async () => {
    const { open, opened } = gate()
    const port = await serve({
      'GET /parts': (request) => new Response(200, {}, parts(request)),
      'GET /now': (request) => text(`it is ${who(request)}!`),
    })
    async function* parts(request: Request) {
      yield 'part'
      await opened
      yield `it was ${who(request)}!`
    }
    const [first, second] = [await connect(port), await connect(port)]
    await first.send(get('/parts', 'first'))
    await expectAnswer(first, /part/)
    await second.send(get('/now', 'other'))
    await expectAnswer(second, /it is other!$/)
    open()
    await expectAnswer(first, /it was first!\r\n0\r\n\r\n$/)
  })

  it('are its own when the body comes later', async () => {
    const port = await serve({ 'POST /body': (request) => text(`${who(request)} sent ${request.body}`) })
    const [first, second] = [await connect(port), await connect(port)]
    await first.send('POST /body HTTP/1.1\r\nHost: a\r\nX-Who: first\r\nContent-Length: 4\r\n\r\nab')
    for (let i = 1; i <= 5; i++) {
      await second.send('POST /body HTTP/1.1\r\nHost: a\r\nX-Who: other\r\nContent-Length: 2\r\n\r\nef')
      await expectAnswers(second, /other sent ef/g, i)
    }
    await first.send('cd')
    await expectAnswer(first, /first sent abcd$/)
  })

  it('are gone, and nobody else’s are seen, when the handler has returned, unless it has asked', async () => {
    const kept: Request[] = []
    const port = await serve({
      'GET /': (request) => {
        kept.push(request)
        return text('done')
      },
      'GET /asks': (request) => {
        kept.push(request)
        return text(`${who(request)}, done`)
      },
    })
    const peer = await connect(port)
    await peer.send(get('/', 'first') + get('/asks', 'second') + get('/', 'third'))
    await expectAnswers(peer, /done/g, 3)
    expect(() => kept[0].headers).toThrow(/ask for them before the handler returns/)
    expect(who(kept[1])).toBe('second')
    expect(() => kept[2].keep()).toThrow(/ask for them before the handler returns/)
  })
})

it('a body may be kept', async () => {
  const bodies: Buffer[] = []
  const port = await serve({
    'POST /': ({ body }) => {
      bodies.push(body)
      return text(`${body}!`)
    },
  })
  const peer = await connect(port)
  for (const body of ['one', 'two', 'six']) {
    await peer.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n${body}`)
    await expectAnswer(peer, new RegExp(`${body}!$`))
  }
  expect(bodies.map(String)).toEqual(['one', 'two', 'six'])
})

it('a cache of texts gives the text of the bytes, known or not', () => {
  const cache = new TextCache()
  // Few letters, so that texts come again; many texts, so that they share slots.
  for (let n = 0; n < 20_000; n++) {
    const length = n % 67
    const bytes = Buffer.alloc(length + 2)
    for (let i = 0; i < bytes.length; i++) bytes[i] = 0x7e + ((n * 7919 + i * (n % 13)) % 4)
    const expected = bytes.toString('latin1', 1, length + 1)
    if (cache.latin1(bytes, 1, length + 1) !== expected) expect.fail(`'${expected}' became another text`)
  }
})

it('the date is that of the second', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 23, 1, 2, 3, 400) })
  onTestFinished(() => void vi.useRealTimers())
  vi.resetModules()
  const { dateField } = await import('../../src/http/date.js')
  expect(dateField()).toBe('date: Mon, 23 Nov 2026 01:02:03 GMT\r\n')
  vi.advanceTimersByTime(599)
  expect(dateField()).toBe('date: Mon, 23 Nov 2026 01:02:03 GMT\r\n')
  vi.advanceTimersByTime(1)
  expect(dateField()).toBe('date: Mon, 23 Nov 2026 01:02:04 GMT\r\n')
  vi.advanceTimersByTime(60_000)
  expect(dateField()).toBe('date: Mon, 23 Nov 2026 01:03:04 GMT\r\n')
})
