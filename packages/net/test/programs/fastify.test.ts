// Fastify upon an HTTP server whose connections are of the module, asked by undici over node:net.
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createSecureServer as createHttp2Server } from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fastify, { type FastifyInstance } from 'fastify'
import { Client } from 'undici'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, patiently } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise, Peer } from '../../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { type Identity, makeIdentity } from './support/certificates.js'
import { connectionsOf, portOf, serverOver } from './support/http.js'
import { MODULES, madeBy } from './support/modules.js'

leaveNothingBehind()

/** Large enough for many reads and writes. */
const BIG = noise(8 << 20)

const SERVERS = {
  http: (handler: RequestListener) => createServer(handler),
  https: (handler: RequestListener, identity: Identity) => createSecureServer(identity, handler),
  http2: (handler: RequestListener, identity: Identity) => createHttp2Server(identity, handler as never),
}

describe('Fastify', () => {
  let identity: Identity

  beforeAll(() => {
    identity = makeIdentity()
  })

  describe.each(MODULES)('over $over', ({ over, net }) => {
    let app: FastifyInstance
    let sockets: Socket[]
    let client: Client
    const events: string[] = []

    /** Starts the application upon a server of the kind, and a client of it. */
    async function start(kind: keyof typeof SERVERS = 'http', options: Client.Options = {}) {
      app = fastify({
        bodyLimit: 64 << 20,
        serverFactory: (handler) => {
          const server = serverOver(net, SERVERS[kind](handler as never, identity))
          sockets = connectionsOf(server)
          return server as Server
        },
      })
      addRoutes(app)
      await app.listen({ port: 0, host: '127.0.0.1' })
      const scheme = kind === 'http' ? 'http' : 'https'
      client = new Client(`${scheme}://127.0.0.1:${portOf(app.server)}`, {
        connect: { ca: identity.cert },
        allowH2: kind === 'http2',
        ...options,
      })
    }

    function addRoutes(app: FastifyInstance): void {
      const schema = { body: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } }
      app.get<{ Params: { name: string } }>('/hello/:name', ({ params, socket }) => ({
        hello: params.name,
        from: socket.remoteAddress,
      }))
      app.post<{ Body: { n: number } }>('/double', { schema }, ({ body }) => ({ n: 2 * body.n }))
      app.get('/fails', () => {
        throw new Error('on purpose')
      })
      app.get('/big', (_, reply) => reply.send(BIG))
      app.get('/stream', (_, reply) =>
        reply.send(
          Readable.from(Array.from({ length: 128 }, (_, i) => BIG.subarray(i << 16, (i + 1) << 16))),
        ),
      )
      app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload))
      app.post('/echo', (request, reply) => reply.send(request.body as Readable))
      app.get('/endless', ({ raw }, reply) => {
        reply.raw.writeHead(200)
        reply.hijack()
        const more = () => {
          while (!reply.raw.destroyed && reply.raw.write(BIG.subarray(0, 65_536)));
        }
        reply.raw.on('drain', more)
        raw.socket.on('close', () => events.push('closed'))
        more()
      })
    }

    const get = async (path: string) => {
      const { statusCode, body } = await client.request({ method: 'GET', path })
      return [statusCode, await body.json()]
    }

    const post = async (path: string, type: string, body: string | Buffer | Readable) =>
      client.request({ method: 'POST', path, headers: { 'content-type': type }, body })

    afterEach(async () => {
      events.length = 0
      await client.destroy()
      await app.close()
    })

    it('answers, again and again over one connection', async () => {
      await start()
      for (const name of ['a', 'b', 'c']) {
        expect(await get(`/hello/${name}`)).toEqual([200, { hello: name, from: '127.0.0.1' }])
      }
      expect(sockets).toHaveLength(1)
      expect(madeBy(sockets[0])).toBe(over)
    })

    it('answers with what a schema, a missing route and a handler that throws ask for', async () => {
      await start()
      const json = 'application/json'
      const doubled = await post('/double', json, '{"n":21}')
      expect([doubled.statusCode, await doubled.body.json()]).toEqual([200, { n: 42 }])
      const refused = await post('/double', json, '{"n":"many"}')
      expect([refused.statusCode, await refused.body.json()]).toMatchObject([
        400,
        { code: 'FST_ERR_VALIDATION' },
      ])
      expect(await get('/missing')).toMatchObject([404, { message: 'Route GET:/missing not found' }])
      expect(await get('/fails')).toMatchObject([500, { message: 'on purpose' }])
    })

    it('answers pipelined requests in order', async () => {
      await start('http', { pipelining: 20 })
      const asked = Array.from({ length: 500 }, (_, i) => get(`/hello/${i}`))
      const answers = (await Promise.all(asked)) as [number, { hello: string }][]
      expect(answers.map(([, { hello }]) => hello)).toEqual(answers.map((_, i) => String(i)))
      expect(sockets).toHaveLength(1)
    })

    it('sends megabytes, of a known length and streamed, and echoes them', async () => {
      await start()
      for (const path of ['/big', '/stream']) {
        const { body } = await client.request({ method: 'GET', path })
        expectSameBytes(await buffer(body), BIG)
      }
      const { body } = await post('/echo', 'application/octet-stream', BIG)
      expectSameBytes(await buffer(body), BIG)
    })

    it('is told of a client that goes away half way', async () => {
      await start()
      const abort = new AbortController()
      const { body } = await client.request({ method: 'GET', path: '/endless', signal: abort.signal })
      body.on('error', () => {})
      await once(body, 'readable')
      abort.abort()
      await eventually('the close', () => events.includes('closed'))
    })

    it('answers a request that comes in pieces, by a client that ends its half with it', async () => {
      await start()
      const peer = await Peer.connect({ port: portOf(app.server), host: '127.0.0.1' })
      for (const piece of ['GET /hello/slow HT', 'TP/1.1\r\nHost: a\r', '\nConnection: close\r\n\r\n']) {
        await peer.send(piece)
        await new Promise(setImmediate)
      }
      await peer.end()
      await peer.awaitEnd()
      expect(peer.bytes.toString()).toMatch(
        /^HTTP\/1\.1 200 OK\r\n.*{"hello":"slow","from":"127\.0\.0\.1"}$/s,
      )
    })

    it('answers nonsense with 400 and closes', async () => {
      await start()
      const peer = await Peer.connect({ port: portOf(app.server), host: '127.0.0.1' })
      await peer.send('nonsense\r\n\r\n')
      await patiently(peer.awaitClosedOrEnded(), 'the end')
      expect(peer.bytes.toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    })

    it.each(['https', 'http2'] as const)('speaks %s', async (kind) => {
      await start(kind)
      expect(await get('/hello/tls')).toMatchObject([200, { hello: 'tls' }])
      const { body } = await post('/echo', 'application/octet-stream', BIG)
      expectSameBytes(await buffer(body), BIG)
      expect(sockets).toHaveLength(1)
      expect(madeBy(sockets[0])).toBe(over)
    })
  })
})
