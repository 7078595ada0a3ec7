import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startExample } from '../../../../examples/test/support/programs.js'
import { startRedis } from '../../../../examples/test/support/redis.js'
import { needsPrograms } from '../../../../packages/native-poll/test/support/needs.js'
import { prepareResp, type RespOptions } from '../../src/protocols/resp.js'
import { parseSizes } from '../../src/sizes.js'
import { exchange } from '../support/exchange.js'
import { stop } from '../support/stop.js'
import { testValues } from '../support/values.js'

function prepare(commands: string[], options: Partial<RespOptions> = {}) {
  const values = testValues(100_000)
  return prepareResp({
    commands,
    keys: 100,
    sizes: parseSizes('64'),
    values,
    verify: true,
    seed: 1,
    ...options,
  })
}

interface Started {
  to: { port: number } | { path: string }
  end: () => unknown
}

describe('the protocol resp', () => {
  describe('with the example kv', () => {
    exchangesWith(async () => {
      const { child, port } = await startExample('kv')
      return { to: { port }, end: () => stop(child) }
    })
  })

  describe('with redis-server', needsPrograms('redis-server'), () => {
    exchangesWith(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'pollux-bench-'))
      const { child, path } = await startRedis(folder)
      const end = async () => {
        await stop(child)
        rmSync(folder, { recursive: true })
      }
      return { to: { path }, end }
    })
  })

  function exchangesWith(start: () => Promise<Started>) {
    let to: { port: number } | { path: string }
    let end: () => unknown

    beforeAll(async () => {
      const server = await start()
      to = server.to
      end = server.end
    })
    afterAll(() => end())

    it.each([1, 16])('sets and gets values and compares them, %i in flight', async (depth) => {
      const open = prepare(['SET key:{n} {size}', 'GET key:{n}'], { keys: 10 })
      const first = await exchange(open, to, { count: 1000, depth })
      // Some keys are asked for before they are set.
      expect(first.failures).toEqual({})
      const { failures, conversation } = await exchange(prepare(['GET key:{n}'], { keys: 10 }), to, {
        count: 1000,
        depth,
      })
      expect(failures).toEqual({})
      expect(conversation.verifiedBytes).toBe(1000 * 64)
    })

    it('sets values of many sizes, and compares those as well', async () => {
      const options = { keys: 20, sizes: parseSizes('1:1,63:1,64:1,5000:1,100000:1') }
      await exchange(prepare(['SET many:{n} {size}'], options), to, { count: 300, depth: 4 })
      const { failures, conversation } = await exchange(prepare(['GET many:{n}'], options), to, {
        count: 200,
        depth: 4,
      })
      expect(failures).toEqual({})
      expect(conversation.verifiedBytes).toBeGreaterThan(200)
    })

    it('counts the keys that are missing, and errors by their first word', async () => {
      const missing = await exchange(prepare(['GET missing:{n}']), to, { count: 10 })
      expect(missing.failures).toEqual({ 'no such key': 10 })
      const wrong = await exchange(prepare(['NOSUCHCOMMAND', 'PING', 'RPUSH list x', 'GET list']), to, {
        count: 8,
      })
      expect(wrong.failures).toEqual({ '-ERR': 2, '-WRONGTYPE': 2 })
      const unverified = await exchange(prepare(['GET missing'], { verify: false }), to, { count: 10 })
      expect(unverified.failures).toEqual({})
    })

    it('counts a nested answer as one', async () => {
      const commands = ['DEL deep', 'RPUSH deep a b c', 'LRANGE deep 0 -1', 'PING', 'ECHO {size}']
      const { replies, failures } = await exchange(prepare(commands), to, { count: 50, depth: 10 })
      expect({ replies, failures }).toEqual({ replies: 50, failures: {} })
    })

    it('finds a value that is not ours', async () => {
      await exchange(prepare(["SET 'other:0' 'not ours'"]), to, { count: 1 })
      const open = prepare(['GET other:{n}'], { keys: 1, sizes: parseSizes('8') })
      await expect(exchange(open, to, { count: 1 })).rejects.toThrow(/answered with wrong bytes for key 0/)
      const longer = prepare(['GET other:{n}'], { keys: 1, sizes: parseSizes('9') })
      await expect(exchange(longer, to, { count: 1 })).rejects.toThrow(/answered 8 bytes, not 9/)
    })
  }

  describe('with a server that answers wrongly', () => {
    const closing: (() => void)[] = []

    afterEach(() => {
      for (const close of closing.splice(0)) close()
    })

    async function answering(...answers: string[]) {
      const server = createServer((socket) => {
        socket.on('error', () => {})
        socket.on('data', () => socket.write(answers.shift() ?? ''))
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      closing.push(() => server.close())
      return { port: (server.address() as { port: number }).port }
    }

    it.each([
      ['SET a b', ':1\r\n', /answered ":1", not \+OK/],
      ['SET a b', '$2\r\nOK\r\n', /answered with a string/],
      ['SET a b', '*1\r\n+OK\r\n', /answered with a reply of another type/],
      ['SET a b', '*2\r\n+OK\r\n+OK\r\n', /answered with a reply of another type/],
      ['PING', '*0\r\n', /answered with a reply of another type/],
      ['PING', '+OK\r\n', /answered "\+OK", not \+PONG/],
      ['GET a', '+OK\r\n', /not a string/],
      ['ECHO {size}', '$-1\r\n', /answered -1 bytes, not 64/],
      ['PING', '+PONG\r\n+PONG\r\n', /a reply that it did not ask for/],
      ['PING', 'HTTP/1.1 400 Bad Request\r\n', /no type of RESP/],
    ])('finds that %s was answered by %j', async (command, answer, message) => {
      const done = exchange(prepare([command]), await answering(answer, '+OK\r\n'), { count: 1 })
      await expect(done).rejects.toThrow(message)
    })
  })
})
