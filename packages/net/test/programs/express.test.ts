// Express upon an HTTP server whose connections are of the module, asked by undici over node:net.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { Client } from 'undici'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { type Listening, listenOver } from './support/http.js'
import { MODULES, madeBy } from './support/modules.js'

leaveNothingBehind()

/** Large enough for many reads and writes. */
const BIG = noise(8 << 20)

describe('Express', () => {
  const files = mkdtempSync(join(tmpdir(), 'pollux-'))
  writeFileSync(join(files, 'big.bin'), BIG)
  afterAll(() => rmSync(files, { recursive: true }))

  function application(closed: string[]): Express {
    const app = express()
    app.use('/files', express.static(files))
    app.get('/hello/:name', ({ params, ip, query }, response) => {
      response.json({ hello: params.name, ip, query })
    })
    app.post('/json', express.json(), ({ body }, response) => void response.status(201).json(body))
    app.post('/echo', (request, response) => void request.pipe(response))
    app.get('/moved', (_, response) => response.redirect('/hello/again'))
    app.get('/fails', async () => {
      throw new Error('on purpose')
    })
    app.get('/events', (request, response) => {
      response.type('text/event-stream')
      response.write('data: 1\n\n')
      request.on('close', () => closed.push(request.path))
    })
    app.use(((error, _request, response, _next) => {
      response.status(500).send(`failed: ${error.message}`)
    }) satisfies ErrorRequestHandler)
    return app
  }

  describe.each(MODULES)('over $over', ({ over, net }) => {
    const closed: string[] = []
    let listening: Listening
    let client: Client

    beforeEach(async () => {
      closed.length = 0
      listening = await listenOver(net, createServer(application(closed)))
      client = new Client(`http://127.0.0.1:${listening.port}`)
    })

    afterEach(async () => {
      await client.destroy()
      await listening.close()
    })

    const get = (path: string, headers = {}) => client.request({ method: 'GET', path, headers })

    it('answers, again and again over one connection', async () => {
      for (const name of ['a', 'b', 'c']) {
        const { statusCode, body } = await get(`/hello/${name}?x=1`)
        const expected = { hello: name, ip: '127.0.0.1', query: { x: '1' } }
        expect([statusCode, await body.json()]).toEqual([200, expected])
      }
      expect(listening.sockets).toHaveLength(1)
      expect(madeBy(listening.sockets[0])).toBe(over)
    })

    it('parses a body, and says no to one that is none', async () => {
      const post = (body: string) =>
        client.request({
          method: 'POST',
          path: '/json',
          headers: { 'content-type': 'application/json' },
          body,
        })
      const parsed = await post('{"a":[1,2]}')
      expect([parsed.statusCode, await parsed.body.json()]).toEqual([201, { a: [1, 2] }])
      const refused = await post('{"a":')
      expect([refused.statusCode, await refused.body.text()]).toEqual([
        500,
        expect.stringMatching(/^failed: /),
      ])
    })

    it('hands what a handler throws to the one for errors', async () => {
      const { statusCode, body } = await get('/fails')
      expect([statusCode, await body.text()]).toEqual([500, 'failed: on purpose'])
    })

    it('serves a file, a part of it, and what of it has not changed', async () => {
      const all = await get('/files/big.bin')
      expectSameBytes(await buffer(all.body), BIG)
      const part = await get('/files/big.bin', { range: 'bytes=1000000-1999999' })
      expect([part.statusCode, part.headers['content-range']]).toEqual([
        206,
        `bytes 1000000-1999999/${BIG.length}`,
      ])
      expectSameBytes(await buffer(part.body), BIG.subarray(1_000_000, 2_000_000))
      const same = await get('/files/big.bin', { 'if-none-match': String(all.headers.etag) })
      await same.body.dump()
      expect(same.statusCode).toBe(304)
    })

    it('pipes a request into its answer', async () => {
      const { body } = await client.request({ method: 'POST', path: '/echo', body: BIG })
      expectSameBytes(await buffer(body), BIG)
    })

    it('redirects', async () => {
      const { statusCode, headers, body } = await get('/moved')
      await body.dump()
      expect([statusCode, headers.location]).toEqual([302, '/hello/again'])
    })

    it('sends events to a client until it goes away', async () => {
      const { body, headers } = await get('/events')
      expect(headers['content-type']).toMatch('text/event-stream')
      body.on('error', () => {})
      const [first] = await body.take(1).toArray()
      expect(String(first)).toBe('data: 1\n\n')
      await client.destroy()
      await eventually('the close', () => closed.length === 1)
      expect(closed).toEqual(['/events'])
    })
  })
})
