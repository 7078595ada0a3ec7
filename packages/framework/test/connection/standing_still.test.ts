// What holds a connection: promises of handlers, its own output, plugins; and that nothing is lost meanwhile.
import { type Connection, Hold } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, iteration, noise, patiently } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'
import { said, shortText } from '../support/short_text.js'

leaveNothingBehind()

type Texts = Connection<unknown, string, string>

/** Promises that a test keeps one by one, in the order in which they were asked for. */
class Gates {
  private readonly waiting: (() => void)[] = []
  readonly pass = (): Promise<void> => new Promise((resolve) => this.waiting.push(resolve))

  get count(): number {
    return this.waiting.length
  }

  async open(): Promise<void> {
    await eventually('somebody at the gate', () => this.waiting.length > 0)
    this.waiting.shift()?.()
  }
}

describe.each(BACKENDS)('a connection on %s', (backend) => {
  it('delivers the next message when the promise of the one before is kept, in order', async () => {
    const gates = new Gates()
    const begun: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      async message(conn, text) {
        begun.push(text)
        await gates.pass()
        conn.send(text)
      },
    })
    const peer = await service.connect()
    await peer.send(said('one', 'two', 'three'))
    await eventually('the first message', () => begun.length === 1)
    await iteration()
    expect(begun).toEqual(['one'])
    await gates.open()
    await eventually('the second message', () => begun.length === 2)
    expect(gates.count).toBe(1)
    await gates.open()
    await gates.open()
    await peer.expectBytes(said('one', 'two', 'three'))
  })

  it('reads little more while a handler is at work, however much the peer sends', async () => {
    const gates = new Gates()
    const conns: Connection[] = []
    const service = await serve({
      loop: loopOn(backend),
      open: (conn) => conns.push(conn),
      data: () => gates.pass(),
    })
    const peer = await service.connect()
    const bytes = noise(8_000_000)
    peer.socket.on('error', () => {})
    peer.socket.write(bytes)
    await eventually('a handler at work', () => gates.count === 1)
    for (let before = -1; before !== conns[0].bytesRead; ) {
      before = conns[0].bytesRead
      for (let i = 0; i < 20; i++) await iteration()
    }
    // The chunk that the handler has, and those that were on their way before it was known.
    expect(conns[0].bytesRead).toBeLessThan(2_000_000)
    peer.socket.destroy()
  })

  it('gets all bytes in order through a slow `data` handler', async () => {
    const received: Buffer[] = []
    const done = promised()
    const service = await serve({
      loop: loopOn(backend),
      borrow: true,
      async data(_conn, chunk) {
        received.push(Buffer.from(chunk))
        await new Promise<void>((resolve) => setImmediate(resolve))
      },
      end: () => done.resolve(),
    })
    const peer = await service.connect()
    const bytes = noise(3_000_000)
    await peer.send(bytes)
    await peer.end()
    await patiently(done.promise, 'the end')
    expect(Buffer.concat(received).equals(bytes)).toBe(true)
  })

  it('answers at leisure although the peer has ended meanwhile', async () => {
    const gates = new Gates()
    const ends: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      async message(conn, text) {
        await gates.pass()
        conn.send(text)
      },
      end: () => ends.push('end'),
    })
    const peer = await service.connect()
    await peer.send(said('one', 'two'))
    await peer.end()
    await eventually('a handler at work', () => gates.count === 1)
    for (let i = 0; i < 5; i++) await iteration()
    expect(ends).toEqual([])
    await gates.open()
    await gates.open()
    await peer.awaitEnd()
    await peer.expectBytes(said('one', 'two'))
    expect(ends).toEqual(['end'])
  })

  it.each(['is destroyed', 'is reset'])(
    'that %s while a handler is at work hears nothing more',
    async (how) => {
      const gates = new Gates()
      const log: string[] = []
      const closed = promised()
      const service = await serve<unknown, string, string>({
        loop: loopOn(backend),
        codec: shortText,
        async message(conn, text) {
          log.push(text)
          await gates.pass()
          log.push(String(conn.send(text)))
        },
        close() {
          log.push('close')
          closed.resolve()
        },
      })
      const peer = await service.connect()
      await peer.send(said('one', 'two'))
      await eventually('a handler at work', () => gates.count === 1)
      const [conn] = service.server.list()
      if (how === 'is reset') conn.reset()
      else conn.destroy()
      await patiently(closed.promise, 'the close')
      await gates.open()
      await iteration()
      expect(log).toEqual(['one', 'close', 'false'])
    },
  )

  it('whose handler fails late delivers nothing more', async () => {
    const log: string[] = []
    const closed = promised()
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      async message(_conn, text) {
        log.push(text)
        await iteration()
        throw new Error('late')
      },
      error: (conn, error) => log.push(`${conn.closeReason}: ${(error as Error).message}`),
      close: () => closed.resolve(),
    })
    const peer = await service.connect()
    await peer.send(said('one', 'two'))
    await patiently(closed.promise, 'the close')
    expect(log).toEqual(['one', 'handler_error: late'])
    expect(service.server.statistics.handlerErrors).toBe(1)
  })

  it('stops at the message whose handler pauses it, and goes on there', async () => {
    const texts: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      message(conn, text) {
        texts.push(text)
        if (text === 'stop') conn.pause()
        if (text === 'blink') {
          conn.pause()
          conn.resume()
        }
      },
    })
    const peer = await service.connect()
    await peer.send(said('a', 'blink', 'b', 'stop', 'c', 'd'))
    await eventually('the pause', () => texts.includes('stop'))
    await iteration()
    expect(texts).toEqual(['a', 'blink', 'b', 'stop'])
    const [conn] = service.server.list()
    conn.resume()
    await peer.send(said('e'))
    await eventually('the rest', () => texts.length === 7)
    expect(texts.slice(4)).toEqual(['c', 'd', 'e'])
  })

  it('goes on only when the last hold is released', async () => {
    const texts: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      message: (_conn, text) => texts.push(text),
    })
    const peer = await service.connect()
    await eventually('the connection', () => service.server.connections === 1)
    const [conn] = service.server.list()
    conn.hold(Hold.RATE)
    conn.hold(Hold.OVERLOAD)
    conn.pause()
    await peer.send(said('a'))
    for (const reason of [Hold.OVERLOAD, Hold.USER]) {
      conn.release(reason)
      await iteration()
      expect(texts).toEqual([])
    }
    expect(conn.heldBy).toBe(Hold.RATE)
    conn.release(Hold.RATE)
    await eventually('the message', () => texts.length === 1)
  })

  it('stops reading while its own output is above the watermark, and drains once for each crossing', async () => {
    const conns: Texts[] = []
    const log: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      highWaterMark: 100_000,
      open: (conn) => conns.push(conn),
      message(conn) {
        for (let i = 0; i < 100; i++) conn.send('x'.repeat(250))
      },
      drain: (conn) => log.push(`drain below ${conn.queuedBytes <= 25_000}`),
    })
    const peer = await service.connect()
    peer.socket.pause()
    const asked = 2000
    await peer.send(said(...Array(asked).fill('more')))
    await eventually('output above the mark', () => conns[0]?.heldBy === Hold.OUTPUT)
    for (let i = 0; i < 20; i++) await iteration()
    // What one message asks for may go past the mark, what the next one asks for may not.
    expect(conns[0].queuedBytes).toBeLessThan(100_000 + 100 * 251)
    expect(service.server.statistics.messagesReceived).toBeLessThan(asked)
    peer.socket.resume()
    await peer.awaitBytes(asked * 100 * 251)
    expect(new Set(log)).toEqual(new Set(['drain below true']))
    const { highWaterCrossings, drains } = service.server.statistics
    expect([highWaterCrossings, drains]).toEqual([log.length, log.length])
  })

  it('tells who awaits `drained`, also that it never will', async () => {
    const conns: Texts[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      highWaterMark: 10_000,
      open: (conn) => conns.push(conn),
      message() {},
    })
    const peer = await service.connect()
    await eventually('the connection', () => conns.length === 1)
    const [conn] = conns
    await conn.drained()
    peer.socket.pause()
    while (conn.send('y'.repeat(250)));
    const kept = conn.drained()
    expect(conn.drained()).toBe(kept)
    peer.socket.resume()
    await patiently(kept, 'the drain')
    peer.socket.pause()
    while (conn.send('z'.repeat(250)));
    const broken = conn.drained()
    conn.destroy()
    await expect(patiently(broken, 'the rejection')).rejects.toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    await expect(conn.drained()).rejects.toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
  })

  it.each(['drop', 'error', 'close'] as const)('whose queue is full does as told: %s', async (overflow) => {
    const conns: Texts[] = []
    const closed = promised<unknown>()
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      overflow,
      highWaterMark: 1000,
      maxQueuedBytes: 10_000,
      open: (conn) => conns.push(conn),
      message() {},
      error() {},
      close: (conn, error) => closed.resolve({ reason: conn.closeReason, error }),
    })
    const peer = await service.connect()
    await eventually('the connection', () => conns.length === 1)
    const [conn] = conns
    peer.socket.pause()
    const text = 'q'.repeat(255)
    let accepted = 0
    const fill = () => {
      for (;;) {
        const { queuedBytes } = conn
        conn.send(text)
        if (conn.queuedBytes <= queuedBytes && queuedBytes > 9000) return
        accepted++
      }
    }
    if (overflow === 'error') expect(fill).toThrow(/maxQueuedBytes/)
    else fill()
    const { statistics } = service.server
    if (overflow === 'close') {
      expect(await patiently(closed.promise, 'the close')).toMatchObject({
        reason: 'queue_full',
        error: { code: 'ERR_POLLUX_QUEUE_FULL' },
      })
      peer.socket.resume()
      await peer.awaitClosedOrEnded()
      return
    }
    expect(statistics.droppedBytes).toBe(256)
    expect(statistics.droppedMessages).toBe(overflow === 'drop' ? 1 : 0)
    peer.socket.resume()
    // What was taken arrives, whole.
    await peer.expectBytes(said(...Array(accepted).fill(text)))
    conn.send('on')
    await peer.awaitBytes(accepted * 256 + 3)
  })
})
