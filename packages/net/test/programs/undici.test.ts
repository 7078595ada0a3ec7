// undici against nginx, over a connector that opens sockets of the module.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { type buildConnector, Client, errors, fetch, Pool } from 'undici'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { MODULES, madeBy, Sockets } from './support/modules.js'
import { MAX_REQUESTS, type NginxServer, startNginx } from './support/nginx.js'
import { describeWith, freePort } from './support/programs.js'

leaveNothingBehind()

describeWith('nginx', 'undici', () => {
  let server: NginxServer

  beforeAll(async () => {
    server = await startNginx()
  })

  describe.each(MODULES)('over $over', ({ over, net }) => {
    let sockets = new Sockets(net)
    const open = new Set<{ destroy(): Promise<void> }>()
    const opened = <T extends { destroy(): Promise<void> }>(dispatcher: T): T => {
      open.add(dispatcher)
      return dispatcher
    }

    /** A connector as undici documents it. */
    const connect: buildConnector.connector = ({ hostname, port }, callback) => {
      const socket = sockets.connect({ host: hostname, port: Number(port) })
      const failed = (error: Error) => callback(error, null)
      socket.once('error', failed)
      socket.once('connect', () => {
        socket.off('error', failed)
        callback(null, socket.setNoDelay(true))
      })
    }

    /** The same with TLS upon it. */
    const connectSecurely =
      (ALPNProtocols: string[]): buildConnector.connector =>
      ({ hostname, port }, callback) => {
        const socket = sockets.connect({ host: hostname, port: Number(port) })
        const secure = connectTls({ socket, host: hostname, ca: server.ca, ALPNProtocols })
        const failed = (error: Error) => callback(error, null)
        secure.once('error', failed)
        secure.once('secureConnect', () => {
          secure.off('error', failed)
          callback(null, secure)
        })
      }

    const plain = () => `http://127.0.0.1:${server.port}`
    const secure = () => `https://127.0.0.1:${server.tlsPort}`
    const get = (path: string) => ({ method: 'GET', path }) as const

    async function put(client: Client | Pool, path: string, body: string | Buffer | Readable): Promise<void> {
      const answer = await client.request({ method: 'PUT', path, body })
      expect([201, 204]).toContain(answer.statusCode)
      await answer.body.dump()
    }

    afterEach(async () => {
      for (const each of open) await each.destroy()
      open.clear()
      for (const socket of sockets.made) if (!socket.closed) await once(socket, 'close')
      sockets = new Sockets(net)
    })

    it('puts a file and gets it back', async () => {
      const client = opened(new Client(plain(), { connect }))
      await put(client, '/hello.txt', 'ä€😀')
      const { statusCode, headers, body } = await client.request(get('/hello.txt'))
      expect([statusCode, headers['content-type'], await body.text()]).toEqual([200, 'text/plain', 'ä€😀'])
      expect((await client.request(get('/missing'))).statusCode).toBe(404)
      expect(sockets.made).toHaveLength(1)
      expect(madeBy(sockets.made[0])).toBe(over)
    })

    it('carries megabytes both ways, of a known length and streamed', async () => {
      const client = opened(new Client(plain(), { connect }))
      const bytes = noise(16 << 20)
      await put(client, '/big', bytes)
      expectSameBytes(await buffer((await client.request(get('/big'))).body), bytes)
      const parts = Array.from({ length: 256 }, (_, i) => bytes.subarray(i << 16, (i + 1) << 16))
      await put(client, '/chunked', Readable.from(parts))
      expectSameBytes(await buffer((await client.request(get('/chunked'))).body), bytes)
    })

    it('holds a body back that nobody reads yet', async () => {
      const client = opened(new Client(plain(), { connect }))
      const bytes = noise(16 << 20)
      await put(client, '/big', bytes)
      const { body } = await client.request(get('/big'))
      await once(body, 'readable')
      for (let i = 0; i < 20; i++) await new Promise(setImmediate)
      expect(sockets.made[0].bytesRead).toBeLessThan(bytes.length)
      expectSameBytes(await buffer(body), bytes)
    })

    it('pipelines, also where the server ends the connection after a number of requests', async () => {
      const client = opened(new Client(plain(), { connect, pipelining: 10 }))
      await put(client, '/small', 'x'.repeat(100))
      const asked = Array.from({ length: 3 * MAX_REQUESTS }, async () => {
        const { statusCode, body } = await client.request(get('/small'))
        return [statusCode, (await body.text()).length]
      })
      expect(await Promise.all(asked)).toEqual(asked.map(() => [200, 100]))
      expect(sockets.made.length).toBeGreaterThan(3)
    })

    it('shares a pool of connections', async () => {
      const pool = opened(new Pool(plain(), { connect, connections: 8 }))
      await put(pool, '/small', 'small')
      const asked = Array.from({ length: 200 }, async () => (await pool.request(get('/small'))).body.text())
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['small']))
      expect(sockets.made).toHaveLength(8)
    })

    it('fetches', async () => {
      const dispatcher = opened(new Client(plain(), { connect }))
      await put(dispatcher, '/range', '0123456789')
      const answer = await fetch(`${plain()}/range`, { dispatcher, headers: { range: 'bytes=2-4' } })
      expect([answer.status, await answer.text()]).toEqual([206, '234'])
    })

    it('gives a body up half way, and asks again over another connection', async () => {
      const client = opened(new Client(plain(), { connect }))
      await put(client, '/big', noise(16 << 20))
      const abort = new AbortController()
      const { body } = await client.request({ ...get('/big'), signal: abort.signal })
      await once(body, 'readable')
      const failed = expect(buffer(body)).rejects.toThrow('enough')
      abort.abort(new Error('enough'))
      await failed
      expect((await client.request(get('/missing'))).statusCode).toBe(404)
      expect(sockets.made).toHaveLength(2)
    })

    it('fails with the socket’s error where nobody listens', async () => {
      const client = opened(new Client(`http://127.0.0.1:${await freePort()}`, { connect }))
      await expect(client.request(get('/'))).rejects.toMatchObject({
        code: 'ECONNREFUSED',
        syscall: 'connect',
      })
    })

    it('gives up a server that never answers, and one that ends the connection instead', async () => {
      const accepted: Socket[] = []
      const silent = net.createServer((socket) => accepted.push(socket.on('error', () => {}).resume()))
      const port = await freePort()
      await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
      const client = opened(new Client(`http://127.0.0.1:${port}`, { connect, headersTimeout: 20 }))
      await expect(client.request(get('/'))).rejects.toBeInstanceOf(errors.HeadersTimeoutError)
      const ended = client.request({ ...get('/'), headersTimeout: 60_000 })
      const failed = expect(ended).rejects.toBeInstanceOf(errors.SocketError)
      await patiently(once(silent, 'connection'), 'the connection')
      for (const socket of accepted) socket.end()
      await patiently(failed, 'the failure')
      for (const socket of accepted) socket.destroy()
      await new Promise((resolve) => silent.close(resolve))
    })

    it.each([
      { protocol: 'http/1.1', allowH2: false },
      { protocol: 'h2', allowH2: true },
    ])('speaks $protocol over TLS', async ({ protocol, allowH2 }) => {
      const connect = connectSecurely([protocol])
      const client = opened(new Client(secure(), { connect, allowH2, pipelining: allowH2 ? 20 : 1 }))
      const bytes = noise(4 << 20)
      await put(client, '/secret', bytes)
      const asked = [1, 2, 3].map(async () => buffer((await client.request(get('/secret'))).body))
      for (const answer of await Promise.all(asked)) expectSameBytes(answer, bytes)
      expect(sockets.made).toHaveLength(1)
    })
  })
})
