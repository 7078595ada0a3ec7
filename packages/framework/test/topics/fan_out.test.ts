// broadcast() and topics: one message for many, each of whom gets all of it once, and none of whom holds the others up.
import {
  type Codec,
  type Connection,
  ErrorCode,
  type FanOutOptions,
  type ServerInit,
} from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, iteration, noise, type Peer, patiently } from '../support/raw.js'
import { connectMany, leaveNothingBehind, loopOn, serve } from '../support/serving.js'

leaveNothingBehind()

describe.each(BACKENDS)('fan-out on %s', (backend) => {
  it('reaches all connections, or those that a filter names', async () => {
    const { server, peers, conns } = await serving(5)
    expect(server.broadcast('to all, ')).toBe(5)
    expect(server.broadcast(Buffer.from('to some'), (conn) => conn !== conns[0])).toBe(4)
    await peers[0].expectBytes('to all, ')
    for (const peer of peers.slice(1)) await peer.expectBytes('to all, to some')
  })

  it('reaches those that have subscribed, once', async () => {
    const { server, peers, conns } = await serving(4)
    for (const conn of conns.slice(1)) conn.subscribe('news')
    conns[1].subscribe('news')
    conns[1].subscribe('sports')
    expect(server.publish('news', 'rain, ')).toBe(3)
    expect(server.publish('sports', 'goal')).toBe(1)
    expect(server.publish('nobody', 'hears this')).toBe(0)
    expect(server.publish('news', 'sun', (conn) => conn === conns[3])).toBe(1)
    await peers[1].expectBytes('rain, goal')
    await peers[2].expectBytes('rain, ')
    await peers[3].expectBytes('rain, sun')
    expect(conns[1].topics).toEqual(['news', 'sports'])
    expect(peers[0].bytes.length).toBe(0)
  })

  it('reaches no more those that have left or closed, and forgets empty topics', async () => {
    const { server, peers, conns } = await serving(3)
    for (const conn of conns) conn.subscribe('news')
    conns[0].subscribe('more')
    expect(conns[0].unsubscribe('news')).toBe(true)
    expect(conns[0].unsubscribe('news')).toBe(false)
    expect(conns[0].topics).toEqual(['more'])
    conns[1].destroy()
    expect(server.publish('news', 'rain')).toBe(1)
    await eventually('it to close', () => server.topics.get('news')?.size === 1)
    await peers[2].end()
    await peers[0].end()
    await eventually('all to close', () => server.connections === 0)
    expect([...server.topics.keys()]).toEqual([])
    expect(server.publish('news', 'rain')).toBe(0)
    conns[0].subscribe('after the close')
    expect(server.topics.size).toBe(0)
  })

  it('reaches once who leaves and joins again meanwhile', async () => {
    const { server, peers, conns } = await serving(2)
    for (const conn of conns) conn.subscribe('news')
    let asked = 0
    const sent = server.publish('news', 'rain', (conn) => {
      if (++asked > 10) throw new Error('asked again and again')
      conn.unsubscribe('news')
      conn.subscribe('news')
      return true
    })
    expect(sent).toBe(2)
    for (const peer of peers) await peer.expectBytes('rain')
  })

  it('encodes once, with the codec of the server', async () => {
    let encoded = 0
    const codec: Codec<string, string | Uint8Array> = {
      maxFrameBytes: 10,
      decode: () => undefined,
      encode(line, output) {
        encoded++
        output.text(`${line}\n`)
      },
    }
    const { server, peers } = await serving(3, { codec, message() {} })
    expect(server.broadcast('line')).toBe(3)
    for (const peer of peers) await peer.expectBytes('line\n')
    expect(encoded).toBe(1)
    expect(server.statistics.messagesSent).toBe(3)
  })

  it('keeps its place among the writes of each, in one turn and past every ring', async () => {
    const loop = loopOn(backend, { submissionCapacity: 8, sendSlabBytes: 4096 })
    const { server, peers, conns } = await serving(30, { loop })
    let wanted = ''
    for (let i = 0; i < 50; ++i) {
      const message = `message ${i} ${'x'.repeat(i * 20)};`
      for (const conn of conns) conn.write(`before ${i};`)
      expect(server.broadcast(message)).toBe(30)
      for (const conn of conns) conn.write(`after ${i};`)
      wanted += `before ${i};${message}after ${i};`
    }
    for (const peer of peers) await peer.expectBytes(wanted)
  })

  it('is not confused by a write right behind it', async () => {
    const { server, peers, conns } = await serving(2)
    server.broadcast('shared', (conn) => {
      // Behind the filter, the slab is not where it was.
      conns[0].write('x')
      return conn === conns[1]
    })
    conns[1].write('own')
    await peers[1].expectBytes('sharedown')
    await peers[0].expectBytes('xx')
  })

  it.each([0, 70_000, 3 << 20])('sends messages of %i bytes', async (length) => {
    const { server, peers } = await serving(3)
    const bytes = noise(length)
    expect(server.broadcast(bytes)).toBe(length === 0 ? 0 : 3)
    server.broadcast('end')
    for (const peer of peers) await peer.expectBytes(Buffer.concat([bytes, Buffer.from('end')]))
  })

  it('drops for the slow alone, counts it, and holds nobody up', async () => {
    const { server, peers } = await serving(3, { fanOut: { maxQueuedBytes: 50_000 } })
    const message = noise(10_000)
    peers[0].socket.pause()
    let taken = 0
    for (let i = 0; i < 600; ++i) {
      taken += server.broadcast(message)
      await peers[1].awaitBytes((i + 1) * message.length)
      await peers[2].awaitBytes((i + 1) * message.length)
    }
    const { droppedMessages, droppedBytes } = server.statistics
    expect(droppedMessages).toBeGreaterThan(0)
    expect(droppedMessages).toBe(1800 - taken)
    expect(droppedBytes).toBe(droppedMessages * message.length)
    expect(server.statistics.queuedBytes).toBeLessThanOrEqual(50_000)
    // Whole messages only, and it goes on when it reads.
    peers[0].socket.resume()
    await peers[0].awaitBytes((taken - 1200) * message.length)
    expect(server.broadcast(message)).toBe(3)
  })

  it('closes the slow, if that is the policy', async () => {
    const { server, peers, conns, errors } = await serving(2, {
      fanOut: { slow: 'close', maxQueuedBytes: 50_000 },
    })
    peers[0].socket.pause()
    const message = noise(10_000)
    while (server.broadcast(message) === 2) await iteration()
    await eventually('the close', () => server.connections === 1)
    expect(conns[0].closeReason).toBe('queue_full')
    expect(errors).toEqual([ErrorCode.QUEUE_FULL])
    expect(server.broadcast(message)).toBe(1)
    peers[0].socket.resume()
    await peers[0].awaitClosedOrEnded()
  })

  it.each(['close', 'drop', 'error'] as const)(
    'queues up to the limit of the connection itself, whose overflow policy is %s',
    async (overflow) => {
      const limits = { highWaterMark: 10_000, maxQueuedBytes: 100_000, overflow }
      const { server, peers, conns } = await serving(2, { ...limits, fanOut: { slow: 'queue' } })
      peers[0].socket.pause()
      const message = noise(10_000)
      while (server.broadcast(message) === 2) {
        await iteration()
        expect(conns[0].queuedBytes).toBeLessThanOrEqual(100_000)
      }
      expect(server.statistics.droppedBytes).toBeGreaterThanOrEqual(overflow === 'error' ? 10_000 : 1)
      expect(server.broadcast('x')).toBe(overflow === 'close' ? 1 : 2)
    },
  )

  it('does not count as a queue what this turn wrote', async () => {
    const { server, peers } = await serving(2, { fanOut: { maxQueuedBytes: 1000 } })
    for (let i = 0; i < 100; ++i) expect(server.broadcast('0123456789'.repeat(5))).toBe(2)
    for (const peer of peers) await peer.awaitBytes(5000)
    expect(server.statistics.droppedMessages).toBe(0)
  })

  it('survives handlers that publish, subscribe, close and throw in the midst of it', async () => {
    const { server, peers, conns } = await serving(6, {
      fanOut: { slow: 'close', maxQueuedBytes: 40_000 },
      error(conn) {
        for (const other of conns) if (other !== conn) other.subscribe('late')
        server.publish('news', 'nested')
        conns[3].destroy()
        throw new Error('expected')
      },
    })
    const uncaught: unknown[] = []
    const listener = (error: unknown) => uncaught.push(error)
    process.on('uncaughtException', listener)
    try {
      for (const conn of conns) conn.subscribe('news')
      peers[0].socket.pause()
      const message = noise(30_000)
      while (server.publish('news', message) > 5) await iteration()
      await eventually('both to close', () => server.connections === 4)
      expect(server.topics.get('late')?.size).toBe(4)
      expect(server.publish('news', '.')).toBe(4)
      await eventually('the exception', () => uncaught.length === 1)
    } finally {
      process.off('uncaughtException', listener)
    }
  })

  it('goes through filters', async () => {
    const { server, peers, conns } = await serving(2)
    conns[0].filter = {
      queuedBytes: 0,
      received() {},
      peerEnded() {},
      write: (bytes) => void conns[0].rawWrite(Buffer.from(bytes).reverse()),
      end: () => conns[0].rawEnd(),
      drained() {},
      closed() {},
    }
    expect(server.broadcast('abc')).toBe(2)
    await peers[0].expectBytes('cba')
    await peers[1].expectBytes('abc')
  })

  it('refuses what it can not do', async () => {
    const { server, conns } = await serving(1)
    expect(() => server.broadcast(1 as never)).toThrow(/data/)
    expect(() => server.broadcast('x', 1 as never)).toThrow(/filter/)
    expect(() => server.publish(1 as never, 'x')).toThrow(/topic/)
    expect(() => conns[0].subscribe(1 as never)).toThrow(/topic/)
    await expect(serving(0, { fanOut: { slow: 'wait' as never } })).rejects.toThrow(/fanOut.slow/)
    await expect(serving(0, { fanOut: { maxQueuedBytes: 0 } })).rejects.toThrow(/fanOut.maxQueuedBytes/)
    await expect(serving(0, { fanOut: 1 as FanOutOptions })).rejects.toThrow(/fanOut/)
  })

  async function serving(
    count: number,
    init: Partial<ServerInit<unknown, string, string | Uint8Array>> = {},
  ) {
    const conns: Connection<unknown, string, string | Uint8Array>[] = []
    const errors: unknown[] = []
    const service = await serve<unknown, string, string | Uint8Array>({
      loop: loopOn(backend),
      ...(init.codec === undefined ? { data() {} } : {}),
      open: (conn) => void conns.push(conn),
      error: (_, error) => void errors.push((error as { code: string }).code),
      ...init,
    })
    const peers: Peer[] = await patiently(connectMany(service, conns, count), 'the connections')
    return { server: service.server, peers, conns, errors }
  }
})
