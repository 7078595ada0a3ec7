// ioredis against redis-server, over a connector that opens sockets of the module.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { MODULES, madeBy, Sockets } from './support/modules.js'
import { describeWith, freePort } from './support/programs.js'
import { type RedisServer, startRedis } from './support/redis.js'

leaveNothingBehind()

describeWith('redis-server', 'ioredis', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis()
  })

  describe.each(MODULES)('over $over', ({ over, net }) => {
    let sockets = new Sockets(net)
    const clients = new Set<Redis>()

    /** A client of which errors are expected by those who ask for them. */
    function client(options: RedisOptions = {}, wrap = (socket: Socket): Socket => socket): Redis {
      const connect = (target: { port?: number; host?: string; path?: string }) =>
        wrap(
          sockets.connect(
            target.path === undefined ? { port: target.port ?? 0, host: target.host } : { path: target.path },
          ),
        )
      class Connector extends AbstractConnector {
        constructor(private readonly target: RedisOptions) {
          super(1000)
        }
        override async connect() {
          this.connecting = true
          this.stream = connect(this.target)
          return this.stream
        }
      }
      const redis = new Redis({
        host: '127.0.0.1',
        port: server.port,
        Connector: Connector as never,
        ...options,
      })
      redis.on('error', () => {})
      clients.add(redis)
      return redis
    }

    afterEach(async () => {
      for (const redis of clients) redis.disconnect()
      clients.clear()
      for (const socket of sockets.made) if (!socket.closed) await once(socket, 'close')
      sockets = new Sockets(net)
    })

    it('says what Redis says', async () => {
      const redis = client()
      expect(await redis.flushall()).toBe('OK')
      expect(await redis.set('a', 'ä€😀')).toBe('OK')
      expect(await redis.get('a')).toBe('ä€😀')
      expect(await redis.get('nothing')).toBeNull()
      expect(await redis.rpush('list', 1, 2, 3)).toBe(3)
      expect(await redis.lrange('list', 0, -1)).toEqual(['1', '2', '3'])
      expect(await redis.hset('hash', { x: 1, y: 'two' })).toBe(2)
      expect(await redis.hgetall('hash')).toEqual({ x: '1', y: 'two' })
      await expect(redis.incr('a')).rejects.toThrow('ERR value is not an integer or out of range')
      expect(await redis.quit()).toBe('OK')
      expect(sockets.made).toHaveLength(1)
      expect(madeBy(sockets.made[0])).toBe(over)
    })

    it('answers a pipeline of ten thousand in order', async () => {
      const redis = client()
      const pipeline = redis.pipeline().del('counter')
      for (let i = 0; i < 10_000; i++) pipeline.incr('counter')
      const replies = (await pipeline.exec()) ?? []
      expect(replies.slice(1).map(([, value]) => value)).toEqual(
        Array.from({ length: 10_000 }, (_, i) => i + 1),
      )
    })

    it('pipelines by itself what is asked in one turn', async () => {
      const redis = client({ enableAutoPipelining: true })
      const keys = Array.from({ length: 1000 }, (_, i) => `key ${i}`)
      await Promise.all(keys.map((key, i) => redis.set(key, i)))
      expect(await Promise.all(keys.map((key) => redis.get(key)))).toEqual(keys.map((_, i) => String(i)))
    })

    it('carries megabytes both ways', async () => {
      const redis = client()
      const bytes = noise(16 << 20)
      await redis.set('big', bytes)
      expect(await redis.strlen('big')).toBe(bytes.length)
      const [first, second] = await Promise.all([redis.getBuffer('big'), redis.getBuffer('big')])
      expectSameBytes(first ?? Buffer.alloc(0), bytes)
      expectSameBytes(second ?? Buffer.alloc(0), bytes)
      await redis.del('big')
    })

    it('runs a transaction, and gives up one whose key somebody changed', async () => {
      const [redis, other] = [client(), client()]
      expect(await redis.multi().set('t', 1).incr('t').exec()).toEqual([
        [null, 'OK'],
        [null, 2],
      ])
      await redis.watch('t')
      await other.set('t', 10)
      expect(await redis.multi().incr('t').exec()).toBeNull()
    })

    it('hands out what is published, in order', async () => {
      const [publisher, subscriber] = [client(), client()]
      await subscriber.subscribe('news')
      const heard: string[] = []
      const all = new Promise<void>((resolve) =>
        subscriber.on('message', (_, text) => {
          if (heard.push(text) === 2000) resolve()
        }),
      )
      for (let i = 0; i < 2000; i++) void publisher.publish('news', String(i))
      await patiently(all, () => `2000 messages: ${heard.length}`)
      expect(heard).toEqual(Array.from({ length: 2000 }, (_, i) => String(i)))
    })

    it('waits for what another connection will give', async () => {
      const [waiting, giving] = [client(), client()]
      await giving.del('queue')
      const given = waiting.blpop('queue', 10)
      await giving.rpush('queue', 'at last')
      expect(await patiently(given, 'the element')).toEqual(['queue', 'at last'])
    })

    it('connects again when the server cuts the connection, and sends what was asked meanwhile', async () => {
      const [redis, killer] = [client({ retryStrategy: () => 1 }), client()]
      const id = await redis.client('ID')
      const [closed, reconnecting] = [once(redis, 'close'), once(redis, 'reconnecting')]
      expect(await killer.client('KILL', 'ID', id)).toBe(1)
      await patiently(closed, 'close')
      await patiently(reconnecting, 'reconnecting')
      const answer = redis.ping('still here')
      expect(await patiently(answer, 'the answer')).toBe('still here')
      expect(await redis.client('ID')).not.toBe(id)
      expect(sockets.made).toHaveLength(3)
    })

    it('is refused where nobody listens', async () => {
      const redis = client({ port: await freePort(), retryStrategy: () => null, lazyConnect: true })
      const errors: NodeJS.ErrnoException[] = []
      redis.on('error', (error) => errors.push(error))
      const ended = new Promise((resolve) => redis.once('end', resolve))
      redis.connect().catch(() => {})
      await patiently(ended, 'the end')
      expect(errors).toMatchObject([{ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1' }])
    })

    it('gives up a server that never speaks', async () => {
      const silent = net.createServer()
      const accepted: Socket[] = []
      silent.on('connection', (socket) => accepted.push(socket.on('error', () => {}).resume()))
      const port = await freePort()
      await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
      const redis = client({ port, socketTimeout: 20, retryStrategy: () => null, lazyConnect: true })
      const [error] = await patiently(
        Promise.all([once(redis, 'error').then(([reason]) => reason), redis.connect().catch(() => {})]),
        'the timeout',
      )
      expect(error.message).toMatch(/Socket timeout/)
      for (const socket of accepted) socket.destroy()
      await new Promise((resolve) => silent.close(resolve))
    })

    it('speaks over a Unix socket', async () => {
      const redis = client({ path: server.path })
      const bytes = noise(1 << 20)
      await redis.set('big', bytes)
      expectSameBytes((await redis.getBuffer('big')) ?? Buffer.alloc(0), bytes)
      expect(await redis.client('INFO')).toContain(`addr=${server.path}`)
    })

    it('speaks TLS', async () => {
      const redis = client({ port: server.tlsPort }, (socket) =>
        connectTls({ socket, ca: server.ca, host: '127.0.0.1' }),
      )
      const bytes = noise(4 << 20)
      await redis.set('big', bytes)
      expectSameBytes((await redis.getBuffer('big')) ?? Buffer.alloc(0), bytes)
      expect(madeBy(sockets.made[0])).toBe(over)
    })
  })
})
