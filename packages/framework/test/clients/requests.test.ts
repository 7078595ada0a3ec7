// Requests: how many are under way, who waits, and what fails with what.
import { connect, createRequests } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { Fifo } from '../../src/clients/fifo.js'
import { BACKENDS, endChildren, eventually } from '../support/raw.js'
import { loopOn, serve } from '../support/serving.js'
import { here, leaveNothingBehind, reasonOf, thrownBy } from './support/clients.js'
import { textLines } from './support/codecs.js'
import { talking } from './support/talking.js'

leaveNothingBehind()
afterEach(endChildren)

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
