// The store as clients know it that are not ours.
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../packages/native-poll/test/support/child.js'
import { checkFds } from '../../../packages/native-poll/test/support/leaks.js'
import { needsPrograms } from '../../../packages/native-poll/test/support/needs.js'
import { eventually, patiently } from '../../../packages/native-poll/test/support/patience.js'
import { expectSameBytes, Peer } from '../../../packages/native-poll/test/support/peer.js'
import { run, startExample } from '../support/programs.js'

checkFds()

let port = 0
let process: Awaited<ReturnType<typeof startExample>>['child']
const clients: Redis[] = []

beforeAll(async () => {
  const example = await startExample('kv')
  port = example.port
  process = example.child
})

beforeEach(async () => {
  const peer = await Peer.connect({ host: '127.0.0.1', port })
  await peer.send('FLUSHALL\r\n')
  await peer.expectBytes('+OK\r\n')
  peer.socket.destroy()
})

afterAll(endChildren)

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  expect(process.errors).toBe('')
})

function redis(): Redis {
  const client = new Redis({ host: '127.0.0.1', port })
  clients.push(client)
  return client
}

/** Asks again and again. */
function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const asking = async () => {
    while (!(await ask()));
  }
  return patiently(asking(), what)
}

describe('redis-cli', needsPrograms('redis-cli'), () => {
  const cli = (...args: string[]) => run('redis-cli', ['-p', String(port), ...args])

  it('sets and gets', async () => {
    expect(await cli('SET', 'key', 'value', 'EX', '100')).toBe('OK\n')
    expect(await cli('GET', 'key')).toBe('value\n')
    expect(await cli('GET', 'nothing')).toBe('\n')
  })

  it('speaks version 3', async () => {
    await cli('HSET', 'h', 'a', '1')
    expect(await cli('--no-raw', '-3', 'HGETALL', 'h')).toBe('1# "a" => "1"\n')
    expect(await cli('--no-raw', '-3', 'GET', 'nothing')).toBe('(nil)\n')
  })

  it('finds all keys', async () => {
    const names = Array.from({ length: 500 }, (_, i) => `key:${i}`)
    await cli('MSET', ...names.flatMap((name) => [name, 'x']))
    expect((await cli('--scan')).trim().split('\n').sort()).toEqual([...names].sort())
  })

  it('asks what commands there are, and how the server is', async () => {
    expect(await cli('INFO')).toMatch(/^redis_version:7\.0\.0\r?$/m)
    expect(Number(await cli('COMMAND', 'COUNT'))).toBeGreaterThan(80)
    expect(await cli('COMMAND', 'DOCS', 'GET')).toContain('summary')
  })

  it('loads commands in bulk', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `SET bulk:${i} ${i}\r\n`).join('')
    const output = await run('redis-cli', ['-p', String(port), '--pipe'], lines)
    expect(output).toContain('errors: 0, replies: 2000')
  })
})

describe('redis-benchmark', needsPrograms('redis-benchmark'), () => {
  it.each([['1'], ['16']])('runs its tests, %s at a time', async (depth) => {
    const tests = 'ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,lrange_100,mset'
    const flags = ['-n', '2000', '-c', '20', '-r', '100', '-P', depth, '-t', tests, '--csv', '-e']
    const output = await run('redis-benchmark', ['-p', String(port), ...flags])
    expect(output.trim().split('\n').length).toBeGreaterThan(13)
    expect(output).not.toMatch(/error/i)
  })
})

describe('ioredis', () => {
  it('keeps bytes of all kinds as they are', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    await redis().set(bytes, bytes)
    expect(await clients[0].getBuffer(bytes)).toEqual(bytes)
    const large = Buffer.alloc(3_000_000, bytes)
    await clients[0].set('large', large)
    expectSameBytes((await clients[0].getBuffer('large'))!, large)
  })

  it('pipelines, in order', async () => {
    const pipeline = redis().pipeline()
    for (let i = 0; i < 3000; i++) pipeline.incr('counter')
    const results = await pipeline.exec()
    expect(results).toEqual(Array.from({ length: 3000 }, (_, i) => [null, i + 1]))
  })

  it('asks for many keys, and walks through them', async () => {
    const client = redis()
    const keys = Array.from({ length: 300 }, (_, i) => `many:${i}`)
    await client.mset(new Map(keys.map((key, i) => [key, i])))
    expect(await client.mget(keys)).toEqual(keys.map((_, i) => String(i)))
    const found = new Set<string>()
    for await (const page of client.scanStream({ match: 'many:*', count: 7 })) {
      for (const key of page as string[]) found.add(key)
    }
    expect([...found].sort()).toEqual([...keys].sort())
  })

  it('has hashes, lists and sets', async () => {
    const client = redis()
    await client.hset('hash', { a: '1', b: '2' })
    expect(await client.hgetall('hash')).toEqual({ a: '1', b: '2' })
    await client.rpush('list', 'a', 'b', 'c')
    expect(await client.lrange('list', 0, -1)).toEqual(['a', 'b', 'c'])
    await client.sadd('set', 'a', 'b', 'c')
    const popped = await client.spop('set', 2)
    expect(new Set([...popped, ...(await client.smembers('set'))]).size).toBe(3)
    expect(await client.srandmember('set', -5)).toHaveLength(5)
  })

  it('is told of what it did wrong', async () => {
    const client = redis()
    await client.set('text', 'x')
    await expect(client.lpush('text', 'y')).rejects.toThrow(
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    )
    await expect(client.call('NOSUCH')).rejects.toThrow("ERR unknown command 'NOSUCH'")
  })

  it('adds decimal numbers without rounding', async () => {
    const client = redis()
    await client.set('number', '0.1')
    expect(await client.incrbyfloat('number', 0.2)).toBe('0.3')
  })

  it('sees keys end, asked for or not', async () => {
    const client = redis()
    await client.set('soon', 'x', 'PX', 30)
    await client.set('later', 'x', 'EX', 1000)
    expect(await client.ttl('later')).toBeGreaterThan(900)
    // DBSIZE does not look at the keys: it falls when they were deleted by themselves.
    await until('the key to be deleted', async () => (await client.dbsize()) === 1)
    expect(await client.get('soon')).toBeNull()
    expect(await client.get('later')).toBe('x')
  })

  it('publishes and subscribes, by name and by pattern', async () => {
    const [subscriber, publisher] = [redis(), redis()]
    const heard: string[][] = []
    subscriber.on('message', (channel: string, text: string) => heard.push([channel, text]))
    subscriber.on('pmessage', (pattern: string, channel: string, text: string) =>
      heard.push([pattern, channel, text]),
    )
    expect(await subscriber.subscribe('news', 'sport')).toBe(2)
    expect(await subscriber.psubscribe('n*')).toBe(3)
    expect(await publisher.publish('news', 'one')).toBe(2)
    expect(await publisher.publish('weather', 'two')).toBe(0)
    expect(await publisher.pubsub('NUMSUB', 'news')).toEqual(['news', 1])
    await eventually('both messages', () => heard.length === 2)
    expect(heard).toEqual([
      ['news', 'one'],
      ['n*', 'news', 'one'],
    ])
    await subscriber.unsubscribe('news', 'sport')
    await subscriber.punsubscribe('n*')
    expect(await publisher.publish('news', 'three')).toBe(0)
    expect(await subscriber.ping()).toBe('PONG')
  })

  it('that goes away hears nothing, and disturbs nobody', async () => {
    const [subscriber, publisher] = [redis(), redis()]
    await subscriber.subscribe('news')
    const ended = once(subscriber, 'end')
    subscriber.disconnect()
    await ended
    await until('the subscription to be forgotten', async () => (await publisher.publish('news', 'x')) === 0)
  })
})

describe('a raw client', () => {
  it('gets messages as pushes in version 3, and may go on with commands', async () => {
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('HELLO 3\r\n')
    const hello = '%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n'
    expect((await peer.awaitBytes(hello.length)).toString()).toContain(hello)
    await peer.send('SUBSCRIBE a\r\nPUBLISH a x\r\nGET a\r\n')
    const rest =
      '>3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n:1\r\n_\r\n'
    await eventually('the message', () => peer.bytes.toString().endsWith(rest))
  })

  it('of version 2 may do little else while it is subscribed', async () => {
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('SUBSCRIBE a\r\nGET a\r\nPING\r\nUNSUBSCRIBE\r\nGET a\r\n')
    await peer.expectBytes(
      '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n' +
        "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n" +
        '*2\r\n$4\r\npong\r\n$0\r\n\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n$-1\r\n',
    )
  })

  it('is told what was malformed before it is closed', async () => {
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('PING\r\n*1\r\n:3\r\n')
    await peer.awaitClosedOrEnded()
    expect(peer.bytes.toString()).toBe("+PONG\r\n-ERR Protocol error: expected '$', got ':'\r\n")
  })

  it('that quits while subscribed is answered, and what it sends then is not', async () => {
    const [quitter, publisher] = [
      await Peer.connect({ host: '127.0.0.1', port }),
      await Peer.connect({ host: '127.0.0.1', port }),
    ]
    await quitter.send('SUBSCRIBE a\r\nQUIT\r\nPING\r\n')
    await quitter.awaitEnd()
    expect(quitter.bytes.toString()).toMatch(/:1\r\n\+OK\r\n$/)
    await publisher.send('PUBLISH a x\r\n')
    await publisher.expectBytes(':0\r\n')
  })

  it('that subscribes and does not read is reset in the end, and others are served meanwhile', async () => {
    const lazy = await Peer.connect({ host: '127.0.0.1', port })
    lazy.socket.pause()
    await lazy.send('SUBSCRIBE a\r\n')
    const publisher = redis()
    await until('the subscription', async () => (await publisher.publish('a', '')) === 1)
    const megabyte = Buffer.alloc(1_000_000)
    let sent = 0
    // 32 MiB in the server, and what the kernel takes.
    await until('the subscriber to be dropped', async () => {
      sent++
      return (await publisher.publish('a', megabyte)) === 0
    })
    expect(sent).toBeGreaterThan(32)
    expect(await publisher.ping()).toBe('PONG')
  })

  it('that resets is as it was in the beginning', async () => {
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send(
      'SELECT 3\r\nSET a 1\r\nCLIENT SETNAME x\r\nSUBSCRIBE c\r\nRESET\r\nGET a\r\nCLIENT GETNAME\r\n',
    )
    await eventually('the answers', () => peer.bytes.toString().endsWith('+RESET\r\n$-1\r\n$-1\r\n'))
  })
})
