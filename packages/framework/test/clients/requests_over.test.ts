// Requests over what makes connections: a client that comes back, a pool; and with a real server, all of them.
import { join } from 'node:path'
import { connect, createRequests } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { needsPrograms } from '../../../native-poll/test/support/needs.js'
import {
  BACKENDS,
  Child,
  endChildren,
  eventually,
  type Peer,
  patiently,
  temporaryFolder,
} from '../support/raw.js'
import { loopOn } from '../support/serving.js'
import { clientOf, here, leaveNothingBehind, nowhere, poolOf, reasonOf } from './support/clients.js'
import { type Reply, resp, textLines } from './support/codecs.js'

leaveNothingBehind()
afterEach(endChildren)

/** Answers each line with itself, in capitals. */
function shouting(peer: Peer) {
  peer.socket.on('data', (chunk) => peer.socket.write(chunk.toString().toUpperCase()))
}

describe('requests over a reconnecting client', () => {
  it('wait for the connection, in order, and are answered over the next one', async () => {
    const target = await nowhere()
    const requests = createRequests<string, string>()
    const client = clientOf(target, { codec: textLines, plugins: [requests], message() {} })
    const early = Promise.all(['a', 'b', 'c'].map((line) => requests.request(client, line)))
    const { awaitPeer } = await here(target.port)
    shouting(await awaitPeer())
    expect(await early).toEqual(['A', 'B', 'C'])
    expect(await requests.request(client, 'd')).toBe('D')
    const first = client.connection
    await (await awaitPeer()).reset()
    await eventually('the loss to be noticed', () => client.connection !== first)
    const next = requests.request(client, 'e', { timeoutMs: 60_000 })
    shouting(await awaitPeer(2))
    expect(await next).toBe('E')
  })

  it('let `connected` log in first', async () => {
    const { target, awaitPeer } = await here()
    const requests = createRequests<string, string>()
    const client = clientOf(target, {
      codec: textLines,
      plugins: [requests],
      connected: (_client, conn) => requests.request(conn, 'login'),
    })
    const work = requests.request(client, 'work')
    const peer = await awaitPeer()
    await peer.expectBytes('login\n')
    await peer.send('welcome\n')
    await peer.expectBytes('login\nwork\n')
    await peer.send('done\n')
    expect(await work).toBe('done')
  })

  it('are not sent twice: what was under way fails with the connection', async () => {
    const { target, awaitPeer } = await here()
    const requests = createRequests<string, string>()
    const client = clientOf(target, { codec: textLines, plugins: [requests], message() {} })
    const lost = reasonOf(requests.request(client, 'a'))
    const first = await awaitPeer()
    await first.expectBytes('a\n')
    await first.end()
    expect(await lost).toMatchObject({ code: 'ERR_POLLUX_NO_ANSWER' })
    const second = await awaitPeer(2)
    const next = requests.request(client, 'b')
    await second.expectBytes('b\n')
    await second.send('B\n')
    expect(await next).toBe('B')
  })

  it('give up waiting for a connection by timeout, signal, bound and close', async () => {
    const requests = createRequests<string, string>({ maxWaiting: 3 })
    const client = clientOf(await nowhere(), { codec: textLines, plugins: [requests] })
    const abort = new AbortController()
    const byTimeout = reasonOf(requests.request(client, 'a', { timeoutMs: 1 }))
    const bySignal = reasonOf(requests.request(client, 'b', { signal: abort.signal }))
    const byClose = reasonOf(requests.request(client, 'c'))
    const oneTooMany = requests.request(client, 'd')
    expect(await reasonOf(oneTooMany)).toMatchObject({ code: 'ERR_POLLUX_TOO_MANY_WAITING' })
    expect(await byTimeout).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    abort.abort(new Error('enough'))
    expect((await bySignal).message).toBe('enough')
    client.close()
    expect(await byClose).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
  })
})

describe('requests over a pool', () => {
  it('have a connection each, which is released when it has answered', async () => {
    const { target, awaitPeer } = await here()
    const requests = createRequests<string, string>()
    const pool = poolOf(
      target,
      { codec: textLines, plugins: [requests], message() {} },
      { maxConnections: 2 },
    )
    const answers = Promise.all(['a', 'b', 'c', 'd'].map((line) => requests.request(pool, line)))
    shouting(await awaitPeer(1))
    shouting(await awaitPeer(2))
    expect(await answers).toEqual(['A', 'B', 'C', 'D'])
    expect([pool.statistics.opened, pool.idle, pool.acquired]).toEqual([2, 2, 0])
  })

  it('release it when they are given up, and the late answer is nobody else’s', async () => {
    const { target, awaitPeer } = await here()
    const requests = createRequests<string, string>()
    const pool = poolOf(target, { codec: textLines, plugins: [requests] }, { maxConnections: 1 })
    const conn = await pool.acquire()
    pool.release(conn)
    const late = reasonOf(requests.request(pool, 'a', { timeoutMs: 20 }))
    const next = requests.request(pool, 'b')
    expect(await late).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    const peer = await awaitPeer()
    await peer.expectBytes('a\nb\n')
    await peer.send('late\nin time\n')
    expect(await next).toBe('in time')
  })

  it('may share one connection, pipelined', async () => {
    const { target, awaitPeer } = await here()
    const requests = createRequests<string, string>()
    const pool = poolOf(target, { codec: textLines, plugins: [requests] })
    const both = pool.use((conn) => Promise.all([requests.request(conn, 'a'), requests.request(conn, 'b')]))
    const peer = await awaitPeer()
    await peer.expectBytes('a\nb\n')
    await peer.send('1\n2\n')
    expect(await both).toEqual(['1', '2'])
  })
})

describe('with redis-server', needsPrograms('redis-server'), () => {
  const folder = temporaryFolder()

  async function redisServer(): Promise<{ path: string }> {
    const path = join(folder, 'redis.sock')
    const child = Child.run('redis-server', [
      '--port',
      '0',
      '--unixsocket',
      path,
      '--save',
      '',
      '--dir',
      folder,
    ])
    await child.awaitOutput(/accept connections/)
    return { path }
  }

  it('a pipelined exchange over each kind of transport gets every answer', async () => {
    const target = await redisServer()
    const requests = createRequests<Reply, readonly string[]>({ timeoutMs: 15_000, maxInFlight: 100 })
    const init = { codec: resp, plugins: [requests] }
    const conn = await connect(target, { ...init, loop: loopOn(BACKENDS[0]) })
    const client = clientOf(target, init)
    const pool = poolOf(target, init, { maxConnections: 3 })
    for (const via of [conn, client, pool]) {
      const key = `key-${[conn, client, pool].indexOf(via)}`
      const ask = (...command: string[]) => requests.request(via, command)
      const counts = await Promise.all(Array.from({ length: 1000 }, () => ask('INCR', key)))
      expect([...counts].sort((a, b) => Number(a) - Number(b))).toEqual(counts.map((_, i) => i + 1))
      // One connection answers in order; several of a pool need not.
      if (via !== pool) expect(counts).toEqual(counts.map((_, i) => i + 1))
      expect(await ask('GET', key)).toBe('1000')
      expect(await ask('GET', 'no such key')).toBe(null)
      expect(await ask('ECHO', 'ä'.repeat(10_000))).toBe('ä'.repeat(10_000))
      expect(await ask('MGET', key, 'none', key)).toEqual(['1000', null, '1000'])
      expect(await ask('LPUSH', key, 'x')).toBeInstanceOf(Error)
    }
    expect(await requests.request(conn, ['DBSIZE'])).toBe(3)
  })

  it('a request that blocks is given up, and the next one gets its own answer', async () => {
    const target = await redisServer()
    const requests = createRequests<Reply, readonly string[]>()
    const conn = await connect(target, { codec: resp, plugins: [requests], loop: loopOn(BACKENDS[0]) })
    const other = await connect(target, { codec: resp, plugins: [requests], loop: loopOn(BACKENDS[0]) })
    const blocked = reasonOf(requests.request(conn, ['BLPOP', 'list', '0'], { timeoutMs: 20 }))
    const behind = requests.request(conn, ['PING'])
    expect(await blocked).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    await requests.request(other, ['RPUSH', 'list', 'late'])
    expect(await patiently(behind, 'the answer')).toBe('PONG')
  })
})
