import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startExample } from '../../../../examples/test/support/programs.js'
import { type HttpOptions, prepareHttp } from '../../src/protocols/http.js'
import { parseSizes } from '../../src/sizes.js'
import { exchange } from '../support/exchange.js'
import { stop } from '../support/stop.js'
import { testValues } from '../support/values.js'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function prepare(options: Partial<HttpOptions> = {}) {
  return prepareHttp({
    host: 'localhost:80',
    method: 'GET',
    path: '/hello',
    headers: [],
    body: undefined,
    keys: 1000,
    sizes: parseSizes('64'),
    values: testValues(100_000),
    verify: true,
    seed: 1,
    ...options,
  })
}

async function nodeServer(listener: RequestListener) {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return { port: (server.address() as { port: number }).port }
}

/** Sends the same bytes for each request that comes, whatever it is. */
async function rawServer(answer: (request: number) => string, closes = false) {
  let requests = 0
  const server = createNetServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      for (const _ of data.toString().matchAll(/\r\n\r\n/g)) socket.write(answer(requests++))
      if (closes) socket.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return { port: (server.address() as { port: number }).port }
}

const hello = (body = 'hello') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe('the protocol http', () => {
  it.each([1, 16])('counts the answers of the example, %i in flight', async (depth) => {
    const { child, port } = await startExample('http')
    closing.push(() => stop(child))
    const { replies, failures, conversation } = await exchange(prepare(), { port }, { count: 500, depth })
    expect({ replies, failures }).toEqual({ replies: 500, failures: {} })
    // All but the first, which the others are compared with.
    expect(conversation.verifiedBytes).toBe(499 * 5)
  })

  it('sends method, path, headers and body as told', async () => {
    const heard: unknown[] = []
    const to = await nodeServer(async (request, response) => {
      let body = ''
      for await (const data of request) body += data
      heard.push([request.method, request.url, request.headers, body])
      response.end()
    })
    const open = prepare({
      method: 'POST',
      path: '/items?q=1',
      headers: ['Content-Type: text/plain', 'X-Twice: a', 'host: example.org'],
      body: 'what é is',
    })
    expect((await exchange(open, to, { count: 2 })).failures).toEqual({})
    const headers = {
      'content-type': 'text/plain',
      'x-twice': 'a',
      host: 'example.org',
      'content-length': '10',
    }
    expect(heard).toEqual(Array(2).fill(['POST', '/items?q=1', headers, 'what é is']))
  })

  it('puts keys and values where the template has them', async () => {
    const heard = new Set<string>()
    const to = await nodeServer(async (request, response) => {
      let bytes = 0
      for await (const data of request) bytes += data.length
      heard.add(`${request.url} ${bytes} ${request.headers['content-length']}`)
      response.end()
    })
    const open = prepare({
      method: 'PUT',
      path: '/items/{n}',
      body: '{size}',
      keys: 10,
      sizes: parseSizes('3:1,3000:1'),
    })
    await exchange(open, to, { count: 400, depth: 4 })
    const every = Array.from({ length: 10 }, (_, n) => [`/items/${n} 3 3`, `/items/${n} 3000 3000`]).flat()
    expect([...heard].sort()).toEqual(every.sort())
  })

  it('counts a status other than 2xx as an error of its kind', async () => {
    let count = 0
    const to = await nodeServer((_, response) =>
      response.writeHead([200, 404, 500, 301][count++ % 4] as number).end(),
    )
    const { failures } = await exchange(prepare(), to, { count: 8 })
    expect(failures).toEqual({ 'HTTP 404': 2, 'HTTP 500': 2, 'HTTP 301': 2 })
  })

  it('takes chunked answers, and those to HEAD', async () => {
    const to = await nodeServer((_, response) => {
      response.write('one')
      response.end('two')
    })
    const { conversation } = await exchange(prepare(), to, { count: 3 })
    expect(conversation.verifiedBytes).toBe(2 * 6)
    expect((await exchange(prepare({ method: 'HEAD' }), to, { count: 3 })).replies).toBe(3)
  })

  it('takes the end of the connection for the end of an answer without a length', async () => {
    const to = await rawServer(() => 'HTTP/1.1 200 OK\r\n\r\nhello', true)
    expect((await exchange(prepare(), to, { count: 1 })).replies).toBe(1)
    const cut = await rawServer(() => hello().slice(0, -1), true)
    await expect(exchange(prepare(), cut, { count: 1 })).rejects.toThrow('closed after 0 of 1')
  })

  it.each([
    ['one wrong byte', hello('hallo')],
    ['one byte less', hello('hell')],
    ['one byte more', hello('hello!')],
    ['no byte', hello('')],
  ])('finds a body with %s', async (_, wrong) => {
    const to = await rawServer((request) => (request === 7 ? wrong : hello()))
    await expect(exchange(prepare(), to, { count: 20, depth: 3 })).rejects.toThrow(
      /is not what the first one was/,
    )
    // Without --verify nobody looks.
    const open = prepare({ verify: false })
    expect((await exchange(open, await rawServer(() => wrong), { count: 3 })).replies).toBe(3)
  })

  it('compares each body with the first one of the same key', async () => {
    const to = await nodeServer((request, response) => response.end(`this is ${request.url}`))
    const open = prepare({ path: '/{n}', keys: 50 })
    const { conversation } = await exchange(open, to, { count: 500, depth: 4 })
    expect(conversation.verifiedBytes).toBe((500 - 50) * 'this is /00'.length)
    let count = 0
    const other = await nodeServer((_, response) => response.end(`this is ${count++ < 400 ? 1 : 2}`))
    await expect(exchange(prepare({ path: '/{n}', keys: 50 }), other, { count: 500 })).rejects.toThrow(
      /first one/,
    )
  })

  it('finds an answer that nobody asked for', async () => {
    const to = await rawServer((request) => (request === 3 ? hello() + hello() : hello()))
    await expect(exchange(prepare(), to, { count: 20 })).rejects.toThrow(/a response that it did not ask for/)
  })

  it.each([
    [{ method: 'GET it' }, /--method must be a word such as GET, not 'GET it'/],
    [{ path: 'hello' }, /--path must begin with \/ and have no spaces, not 'hello'/],
    [{ path: '/a b' }, /--path must begin with \//],
    [{ headers: ['nonsense'] }, /--header must be 'Name: value', not 'nonsense'/],
    [{ headers: ['A: b\r\nC: d'] }, /--header must be 'Name: value'/],
    [{ headers: ['Content-Length: 5'] }, /--header must not be content-length, which follows from --body/],
  ])('refuses %o', (options, message) => {
    expect(() => prepare(options)).toThrow(message)
  })
})
