// Answers find their requests: in order or by id, over one connection, a client and a pool, whatever is late or lost.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  type Connection,
  connect,
  createRequests,
  type RequestOptions,
  type Requests,
} from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { Fifo } from '../../src/clients/fifo.js'
import {
  BACKENDS,
  Child,
  endChildren,
  eventually,
  iteration,
  type Peer,
  patiently,
  temporaryFolder,
} from '../support/raw.js'
import { loopOn, serve } from '../support/serving.js'
import { clientOf, here, leaveNothingBehind, nowhere, poolOf, reasonOf, thrownBy } from './support/clients.js'
import { type Reply, resp, textLines } from './support/codecs.js'

leaveNothingBehind()
afterEach(endChildren)

/** One connection with requests, and its node:net peer. */
async function talking(options: RequestOptions<string, string> = {}, init: object = {}) {
  const { target, awaitPeer } = await here()
  const requests = createRequests(options)
  const log: string[] = []
  const conn: Connection<unknown, string, string> = await connect(target, {
    loop: loopOn(BACKENDS[0]),
    codec: textLines,
    plugins: [requests],
    message: (_conn, line) => log.push(line),
    error: (_conn, error) => log.push(String((error as { code?: string }).code ?? error)),
    ...init,
  })
  const peer = await awaitPeer()
  return { requests, conn, peer, log, ask: asking(requests, conn) }
}

const asking =
  (requests: Requests<string, string>, conn: Connection<unknown, string, string>) =>
  (line: string, options = {}) =>
    requests.request(conn, line, options)

/** 'id:rest' */
const idOf = (line: string) => (line.includes(':') ? line.split(':')[0] : undefined)

describe('answers in order', () => {
  it('go to the requests in the order of sending', async () => {
    const { ask, peer, requests, conn } = await talking()
    const answers = Promise.all([ask('a'), ask('b'), ask('c')])
    expect(requests.pending(conn)).toBe(3)
    await peer.expectBytes('a\nb\nc\n')
    await peer.send('1\n2\n')
    await peer.send('3\n')
    expect(await answers).toEqual(['1', '2', '3'])
    expect(requests.pending(conn)).toBe(0)
  })

  it('keep the place of a request that was given up, so that its late answer is nobody else’s', async () => {
    const { ask, peer, log } = await talking()
    const abort = new AbortController()
    const late = reasonOf(ask('a', { timeoutMs: 5 }))
    const aborted = reasonOf(ask('b', { signal: abort.signal }))
    const answered = ask('c')
    expect(await late).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    abort.abort(new Error('enough'))
    expect((await aborted).message).toBe('enough')
    await peer.send('for a\nfor b\nfor c\n')
    expect(await answered).toBe('for c')
    expect(log).toEqual([])
  })

  it('fail the connection where nobody asked', async () => {
    const { ask, peer, log, conn } = await talking()
    const asked = ask('a')
    await peer.send('1\n2\n3\n')
    expect(await asked).toBe('1')
    await eventually('the close', () => conn.readyState === 'closed')
    expect(log).toEqual(['ERR_POLLUX_UNEXPECTED_ANSWER'])
    expect([conn.closeReason, conn.statistics.handlerErrors]).toEqual(['unexpected_answer', 0])
  })

  it('are told apart from push messages', async () => {
    const { ask, peer, log } = await talking({ isPush: (line) => line.startsWith('!') })
    const asked = ask('a')
    await peer.send('!news\n1\n!more\n')
    expect(await asked).toBe('1')
    await eventually('the news', () => log.length === 2)
    expect(log).toEqual(['!news', '!more'])
  })

  it('go to `unexpected`, where there is one and nobody asked', async () => {
    const unexpected: string[] = []
    const { ask, peer, conn } = await talking({ unexpected: (_conn, line) => unexpected.push(line) })
    await peer.send('x\n')
    await eventually('it', () => unexpected.length === 1)
    const asked = ask('a')
    await peer.send('1\n')
    expect(await asked).toBe('1')
    expect([unexpected, conn.readyState]).toEqual([['x'], 'open'])
  })

  it('need no `message` handler', async () => {
    const { ask, peer } = await talking({}, { message: undefined })
    const asked = ask('a')
    await peer.send('1\n')
    expect(await asked).toBe('1')
  })
})

describe('answers by id', () => {
  it('come in any order', async () => {
    const { ask, peer, log } = await talking({ idOf })
    const answers = Promise.all([ask('1:a'), ask('2:b'), ask('3:c')])
    await peer.send('3:C\nno answer to anything\n1:A\n2:B\n')
    expect(await answers).toEqual(['1:A', '2:B', '3:C'])
    expect(log).toEqual(['no answer to anything'])
  })

  it('are known for what they are when they come too late, and do not hold others up', async () => {
    const { ask, peer, log, requests, conn } = await talking({ idOf, maxInFlight: 1 })
    expect(await reasonOf(ask('1:a', { timeoutMs: 1 }))).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    expect(requests.pending(conn)).toBe(0)
    const answered = ask('2:b')
    await peer.send('1:late\n2:B\n')
    expect(await answered).toBe('2:B')
    expect([log, conn.readyState]).toEqual([[], 'open'])
    await peer.send('1:again\n')
    await eventually('the close', () => conn.readyState === 'closed')
    expect(log).toEqual(['ERR_POLLUX_UNEXPECTED_ANSWER'])
  })

  it('refuse an id that is in use, or whose answer may still come, and a request without', async () => {
    const { ask, peer } = await talking({ idOf })
    const first = ask('1:a')
    expect(await reasonOf(ask('1:b'))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(await reasonOf(ask('2:c', { timeoutMs: 1 }))).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    expect(await reasonOf(ask('2:d'))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(await reasonOf(ask('no id'))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    await peer.send('1:A\n2:C\n')
    expect(await first).toBe('1:A')
    const again = ask('1:e')
    await peer.send('1:E\n')
    expect(await again).toBe('1:E')
    await peer.expectBytes('1:a\n2:c\n1:e\n')
  })

  it('are forgotten, late ones too, beyond a bound', async () => {
    const { ask, peer, log, conn } = await talking({ idOf })
    const abort = new AbortController()
    const given = Array.from({ length: 1025 }, (_, i) => reasonOf(ask(`${i}:x`, { signal: abort.signal })))
    await iteration()
    abort.abort(new Error('all of you'))
    await Promise.all(given)
    await peer.send('1:late\n1024:late\n')
    const answered = ask('0:once more')
    await peer.send('0:y\n')
    expect(await answered).toBe('0:y')
    expect([log, conn.readyState]).toEqual([[], 'open'])
  })
})

describe('requests', () => {
  it('wait while maxInFlight are under way, and are refused beyond maxWaiting', async () => {
    const { ask, peer, requests, conn } = await talking({ maxInFlight: 2, maxWaiting: 2 })
    const answers = ['a', 'b', 'c', 'd'].map((line) => ask(line))
    expect(await reasonOf(ask('e'))).toMatchObject({ code: 'ERR_POLLUX_TOO_MANY_WAITING' })
    await peer.expectBytes('a\nb\n')
    expect(requests.pending(conn)).toBe(4)
    await peer.send('1\n')
    await peer.expectBytes('a\nb\nc\n')
    await peer.send('2\n3\n4\n')
    expect(await Promise.all(answers)).toEqual(['1', '2', '3', '4'])
  })

  it('are never sent when they are given up before', async () => {
    const { ask, peer } = await talking({ maxInFlight: 1 })
    const first = ask('a')
    expect(await reasonOf(ask('b', { timeoutMs: 1 }))).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    const third = ask('c')
    await peer.send('1\n')
    expect(await first).toBe('1')
    await peer.send('3\n')
    expect(await third).toBe('3')
    await peer.expectBytes('a\nc\n')
  })

  it('wait while the peer reads too slowly, and go on when it has caught up', async () => {
    const { ask, peer, conn } = await talking({ maxInFlight: 10_000 }, { highWaterMark: 64 * 1024 })
    peer.socket.pause()
    const lines = Array.from({ length: 500 }, (_, i) => `${i} `.padEnd(60_000, 'x'))
    const answers = lines.map((line) => ask(line))
    await eventually('output above the watermark', () => conn.queuedBytes >= 64 * 1024)
    // One message more than the mark at most.
    expect(conn.queuedBytes).toBeLessThan(64 * 1024 + 60_001)
    peer.socket.resume()
    await peer.expectBytes(lines.map((line) => `${line}\n`).join(''))
    await peer.send(lines.map((_, i) => `${i}\n`).join(''))
    expect(await Promise.all(answers)).toEqual(lines.map((_, i) => `${i}`))
  })

  it('all fail when the connection is lost, and say whether they were sent', async () => {
    const { ask, peer } = await talking({ maxInFlight: 1 })
    const sent = reasonOf(ask('a'))
    const unsent = reasonOf(ask('b'))
    await peer.expectBytes('a\n')
    await peer.reset()
    expect(await sent).toMatchObject({ code: 'ERR_POLLUX_NO_ANSWER', cause: { code: 'ECONNRESET' } })
    expect(await unsent).toMatchObject({ code: 'ERR_POLLUX_NOT_CONNECTED' })
    expect(await reasonOf(ask('c'))).toMatchObject({ code: 'ERR_POLLUX_NOT_CONNECTED' })
  })

  it('are answered after our end, too, but for those that were not sent', async () => {
    const { ask, peer, conn } = await talking({ maxInFlight: 1 })
    const sent = ask('a')
    const unsent = reasonOf(ask('b'))
    conn.end()
    await peer.send('1\n')
    expect(await sent).toBe('1')
    expect(await unsent).toMatchObject({ code: 'ERR_POLLUX_NOT_CONNECTED' })
  })

  it('fail alone where the codec refuses them, also after waiting', async () => {
    const { ask, peer } = await talking({ maxInFlight: 1 })
    expect((await reasonOf(ask(1 as never))).message).toBe('a line must be a string')
    const good = ask('a')
    const bad = reasonOf(ask(2 as never))
    const behind = ask('b')
    await peer.send('1\n')
    expect(await good).toBe('1')
    expect((await bad).message).toBe('a line must be a string')
    await peer.send('2\n')
    expect(await behind).toBe('2')
    await peer.expectBytes('a\nb\n')
  })

  it('fail where the connection drops them', async () => {
    const { ask, peer } = await talking({}, { overflow: 'drop', highWaterMark: 1000, maxQueuedBytes: 1000 })
    expect(await reasonOf(ask('x'.repeat(2000)))).toMatchObject({ code: 'ERR_POLLUX_QUEUE_FULL' })
    const asked = ask('a')
    await peer.send('1\n')
    expect(await asked).toBe('1')
  })

  it('may be made in the handler of an answer, and after the signal not at all', async () => {
    const { ask, peer, conn } = await talking({ maxInFlight: 1 })
    const both = ask('a').then((first) => ask(`${first} again`))
    await peer.send('1\n')
    await peer.expectBytes('a\n1 again\n')
    await peer.send('2\n')
    expect(await both).toBe('2')
    const signal = AbortSignal.abort(new Error('before'))
    expect((await reasonOf(ask('c', { signal }))).message).toBe('before')
    expect(conn.bytesWritten).toBe(10)
  })

  it('take the plugin’s timeout where they have none', async () => {
    const { ask } = await talking({ timeoutMs: 1 })
    const error = await reasonOf(ask('a'))
    expect(error).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    expect(error.message).toContain('1 ms')
  })

  it('need the plugin on the connection, and a target that is one', async () => {
    const { target } = await here()
    const requests = createRequests()
    const conn = await connect(target, { loop: loopOn(BACKENDS[0]), codec: textLines })
    const error = await reasonOf(requests.request(conn, 'a'))
    expect(error).toMatchObject({ code: 'ERR_POLLUX_NOT_CONNECTED' })
    expect(error.message).toContain('plugins')
    expect(await reasonOf(requests.request({} as never, 'a'))).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
  })

  it('go from a server to its clients as well', async () => {
    const requests = createRequests<string, string>()
    const answers: string[] = []
    const service = await serve({
      loop: loopOn(BACKENDS[0]),
      codec: textLines,
      plugins: [requests],
      async open(conn) {
        requests.request(conn, 'who are you?').then((answer) => answers.push(answer))
      },
    })
    const peer = await service.connect()
    await peer.expectBytes('who are you?\n')
    await peer.send('a peer\n')
    await eventually('the answer', () => answers.length === 1)
    expect(answers).toEqual(['a peer'])
  })
})

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

const hasRedis = spawnSync('redis-server', ['--version']).error === undefined

describe.skipIf(!hasRedis)('with redis-server (skipped where it is missing)', () => {
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

describe('createRequests', () => {
  const TYPE = 'ERR_INVALID_ARG_TYPE'
  const RANGE = 'ERR_OUT_OF_RANGE'
  it.each([
    ['idOf', 'id', TYPE],
    ['isPush', true, TYPE],
    ['unexpected', 1, TYPE],
    ['maxInFlight', 0, RANGE],
    ['maxInFlight', '1', TYPE],
    ['maxWaiting', -1, RANGE],
    ['timeoutMs', -1, RANGE],
  ])('refuses %s: %o', (name, value, code) => {
    const error = thrownBy(() => createRequests({ [name]: value }))
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(name)
  })

  it('refuses options that are none, and a patience that is none', async () => {
    expect(thrownBy(() => createRequests(null as never))).toMatchObject({ code: TYPE })
    const { ask } = await talking()
    expect(await reasonOf(ask('a', { timeoutMs: -1 }))).toMatchObject({ code: RANGE })
    expect(await reasonOf(ask('a', { signal: {} }))).toMatchObject({ code: TYPE })
  })
})

describe('a queue', () => {
  it('gives what it took, in order, over and over', () => {
    const queue = new Fifo<number>()
    let taken = 0
    let given = 0
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 700; i++) queue.push(given++)
      for (let i = 0; i < 600; i++) expect(queue.shift()).toBe(taken++)
      expect([queue.length, queue.peek()]).toEqual([given - taken, taken])
    }
    while (taken < given) expect(queue.shift()).toBe(taken++)
    expect([queue.length, queue.shift(), queue.peek()]).toEqual([0, undefined, undefined])
  })
})
