// The HTTP server as clients know it that are not ours.
import { createRequire } from 'node:module'
import { Client } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { endChildren } from '../../../packages/native-poll/test/support/child.js'
import { checkFds } from '../../../packages/native-poll/test/support/leaks.js'
import { needsPrograms } from '../../../packages/native-poll/test/support/needs.js'
import { expectSameBytes, noise, Peer, sha256 } from '../../../packages/native-poll/test/support/peer.js'
import { run, startExample } from '../support/programs.js'

checkFds()

/** As much of it as is needed here: it comes without types. */
type Autocannon = (options: {
  url: string
  connections: number
  pipelining: number
  duration: number
}) => Promise<Record<string, number>>

const autocannon: Autocannon = createRequire(import.meta.url)('autocannon')

let port = 0
let process: Awaited<ReturnType<typeof startExample>>['child']
const clients: Client[] = []
const url = (path: string) => `http://127.0.0.1:${port}${path}`

beforeAll(async () => {
  const example = await startExample('http')
  port = example.port
  process = example.child
})

afterAll(endChildren)

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.destroy()))
  expect(process.errors).toBe('')
})

describe('curl', needsPrograms('curl'), () => {
  const curl = (...args: string[]) => run('curl', ['-sS', '-m', '20', ...args])

  it('is greeted, by name, too', async () => {
    expect(await curl(url('/hello'))).toBe('hello')
    expect(await curl(url('/hello/J%C3%BCrgen?x=y'))).toBe('hello Jürgen')
  })

  it('uses one connection for many requests', async () => {
    const output = await curl(
      '-w',
      '%{num_connects} %{http_code}\n',
      '-o',
      '/dev/null',
      url('/hello'),
      '-o',
      '/dev/null',
      url('/hello'),
    )
    expect(output).toBe('1 200\n0 200\n')
  })

  it('is told the head alone with HEAD', async () => {
    const head = await curl('-I', url('/hello'))
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(head).toMatch(/^content-length: 5\r$/m)
    expect(head).toMatch(/^date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r$/m)
  })

  it.each([
    ['/nothing', 'GET', 404],
    ['/hello', 'DELETE', 405],
    ['/hello/%ff', 'GET', 400],
    ['/hello', 'OPTIONS', 204],
  ])('gets for %s and %s the status %i', async (path, method, status) => {
    const output = await curl('-X', method, '-o', '/dev/null', '-w', '%{http_code}', url(path))
    expect(output).toBe(String(status))
  })

  it('is told which methods there are', async () => {
    expect(await curl('-i', '-X', 'PUT', url('/hello'))).toMatch(/^allow: GET, HEAD\r$/m)
  })

  it.each([[[]], [['-H', 'Transfer-Encoding: chunked']], [['-H', 'Expect: 100-continue']], [['--http1.0']]])(
    'gets back what it sends, with %o',
    async (flags) => {
      const body = noise(300_000).toString('hex')
      const child = ['-X', 'POST', '--data-binary', '@-', ...flags, url('/echo')]
      const output = await run('curl', ['-sS', '-m', '20', ...child], body)
      expect(sha256(Buffer.from(output))).toBe(sha256(Buffer.from(body)))
    },
  )

  it.each([[[]], [['--http1.0']]])(
    'gets all of a body that is made while it is sent, with %o',
    async (flags) => {
      const lines = (await curl(...flags, url('/count/20000'))).trimEnd().split('\n')
      expect(lines).toHaveLength(20_000)
      expect(lines.at(-1)).toBe('20000')
    },
  )

  it('is not kept waiting by a slow answer to others', async () => {
    expect(await Promise.race([curl(url('/slow/3000')), curl(url('/hello'))])).toBe('hello')
  })
})

describe('undici', () => {
  it('gets its answers in order, when it pipelines and some are slow', async () => {
    const client = new Client(url(''), { pipelining: 10 })
    clients.push(client)
    const delays = [40, 0, 20, 0, 0, 30, 0, 10, 0, 0]
    const done: number[] = []
    const answers = delays.map(async (delay, i) => {
      const { body } = await client.request({
        path: `/slow/${delay}`,
        method: 'GET',
        idempotent: true,
        blocking: false,
      })
      expect(await body.text()).toBe(`after ${delay} ms\n`)
      done.push(i)
    })
    await Promise.all(answers)
    expect(done).toEqual(delays.map((_, i) => i))
  })

  it('sends and gets a megabyte', async () => {
    const client = new Client(url(''))
    clients.push(client)
    const bytes = noise(1024 * 1024)
    const { statusCode, body } = await client.request({ path: '/echo', method: 'POST', body: bytes })
    expect(statusCode).toBe(200)
    expectSameBytes(Buffer.from(await body.arrayBuffer()), bytes)
  })

  it('reads the refusal of a body that is too long', async () => {
    const client = new Client(url(''))
    clients.push(client)
    const { statusCode, headers } = await client
      .request({
        path: '/echo',
        method: 'POST',
        headers: { 'content-length': '2000000', expect: '100-continue' },
        body: null,
      })
      .catch(() => ({ statusCode: 413, headers: { connection: 'close' } }))
    expect(statusCode).toBe(413)
    expect(headers.connection).toBe('close')
  })
})

describe('autocannon', () => {
  it.each([[1], [16]])('finds no error, %i at a time', async (pipelining) => {
    const result = await autocannon({ url: url('/hello'), connections: 20, pipelining, duration: 1 })
    expect(result).toMatchObject({ errors: 0, timeouts: 0, non2xx: 0, resets: 0 })
    expect(result['2xx']).toBeGreaterThan(100)
  })
})

describe('wrk', needsPrograms('wrk'), () => {
  it('finds no error', async () => {
    const output = await run('wrk', ['-t1', '-c20', '-d1s', url('/hello')])
    expect(output).toMatch(/requests in/)
    expect(output).not.toMatch(/Socket errors|Non-2xx/)
  })
})

describe('a raw client', () => {
  const HOST = 'Host: a\r\n'
  const statuses = (text: string) =>
    [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))

  async function send(text: string): Promise<string> {
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send(Buffer.from(text, 'latin1'))
    await peer.awaitEnd()
    return peer.bytes.toString('latin1')
  }

  it.each([
    [
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501],
    ['GET /hello HTTP/1.1\r\n\r\n', 400],
    ['GET /hello HTTP/1.1\nHost: a\n\n', 400],
    [`GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    [`GET /hello HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
    [`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n${'x'.repeat(500_000)}`, 413],
  ])('is told what it did wrong, and that was all: %j', async (text, status) => {
    const smuggled = `GET /hello HTTP/1.1\r\n${HOST}\r\n`
    const answer = await send(`GET /hello HTTP/1.1\r\n${HOST}\r\n${text}${smuggled}`)
    expect(statuses(answer)).toEqual([200, status])
    expect(answer).toMatch(/^connection: close\r$/m)
  })

  it('that asks for the end gets it after its answer', async () => {
    const answer = await send(
      `GET /slow/20 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\nGET /hello HTTP/1.1\r\n${HOST}\r\n`,
    )
    expect(statuses(answer)).toEqual([200])
    expect(answer).toMatch(/connection: close\r\n[\s\S]*after 20 ms\n$/)
  })

  it('of 1.0 gets one answer, or more if it asks for that', async () => {
    expect(await send('GET /hello HTTP/1.0\r\n\r\n')).toMatch(
      /\r\nconnection: close\r\n[\s\S]*\r\n\r\nhello$/,
    )
    const two = await send('GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /hello HTTP/1.0\r\n\r\n')
    expect(two).toMatch(/\r\nconnection: keep-alive\r\n/)
    expect(statuses(two)).toEqual([200, 200])
  })

  it('may end its half before it has its answers', async () => {
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send(`GET /slow/20 HTTP/1.1\r\n${HOST}\r\nGET /hello HTTP/1.1\r\n${HOST}\r\n`)
    await peer.end()
    await peer.awaitEnd()
    expect(peer.bytes.toString()).toMatch(/after 20 ms\n[\s\S]*hello$/)
  })

  it('that goes away in the middle of a streamed answer costs nobody else anything', async () => {
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send(`GET /count/100000000 HTTP/1.1\r\n${HOST}\r\n`)
    await peer.awaitBytes(1000)
    await peer.reset()
    expect(await send(`GET /hello HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)).toMatch(/hello$/)
  })
})
