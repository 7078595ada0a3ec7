// pipe(): from one connection to another, whatever was received before it, and whatever becomes of either.
import {
  type AnyConnection,
  type Codec,
  type Connection,
  connect,
  type Filter,
  pipe,
} from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import {
  BACKENDS,
  eventually,
  expectSameBytes,
  iteration,
  KNOWS_LINUX,
  noise,
  type Peer,
  patiently,
  temporaryFolder,
} from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve, serverOf } from '../support/serving.js'

leaveNothingBehind()
const folder = temporaryFolder()

const MUCH = 8 << 20

/** Lines without their ending. */
const lines: Codec<string> = {
  maxFrameBytes: 1000,
  decode(input) {
    const at = input.bytes.indexOf(10, input.start)
    if (at < 0 || at >= input.end) return undefined
    const { start } = input
    input.start = at + 1
    return input.text(start, at)
  },
  encode(line, output) {
    output.text(`${line}\n`)
  },
}

const code = async (promise: Promise<unknown>) => {
  try {
    return `no error but ${await patiently(promise, 'the pipe to be over')}`
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

describe.each(BACKENDS)('pipe on %s', (backend) => {
  it('leaves nothing of a proxy whose connections have no handlers of their own', async () => {
    const loop = loopOn(backend)
    const upstreams: Connection[] = []
    const origin = await serve({ loop, data: (conn, chunk) => conn.write(chunk) })
    const proxy = await serve({
      loop,
      async open(conn) {
        const target = { host: '127.0.0.1', port: origin.port }
        const upstream = await connect(target, { loop, open() {} })
        upstreams.push(upstream)
        pipe(conn, upstream)
        pipe(upstream, conn)
      },
    })
    const peer = await proxy.connect()
    await peer.send('hello')
    await peer.expectBytes('hello')
    await peer.end()
    await peer.awaitEnd()
    await eventually('all connections to be closed', () => {
      return (
        proxy.server.connections + origin.server.connections === 0 && upstreams[0].readyState === 'closed'
      )
    })
  })

  it('moves all bytes and passes the end on', async () => {
    const { a, b, loop } = await two()
    const moved = pipe(a.conn, b.conn)
    const bytes = noise(MUCH)
    const sent = a.peer.send(bytes)
    await b.peer.expectBytes(bytes)
    await sent
    await a.peer.end()
    expect(await moved).toBe(MUCH)
    await b.peer.awaitEnd()
    expect(loop.counter('bytesSpliced')).toBe(KNOWS_LINUX ? MUCH : 0)
    expect([a.conn.bytesRead, b.conn.bytesWritten]).toEqual([MUCH, MUCH])
  })

  it('is half a proxy: the other half stays open', async () => {
    const { a, b } = await two()
    const moved = Promise.all([pipe(a.conn, b.conn), pipe(b.conn, a.conn)])
    await a.peer.send('question')
    await a.peer.end()
    await b.peer.awaitEnd()
    await b.peer.expectBytes('question')
    const answer = noise(MUCH)
    const sent = b.peer.send(answer)
    await a.peer.expectBytes(answer)
    await sent
    await b.peer.end()
    await a.peer.awaitEnd()
    expect(await moved).toEqual([8, MUCH])
    await eventually('both to close', () => a.conn.closeReason === 'ended' && b.conn.closeReason === 'ended')
  })

  it('takes what its own handler has not decoded yet', async () => {
    const loop = loopOn(backend)
    const target = promised<AnyConnection>()
    const service = await serve({
      loop,
      codec: lines,
      async message(conn: Connection<unknown, string, string>, line: string) {
        seen.push(line)
        pipe(conn, await target.promise)
      },
    })
    const seen: string[] = []
    const sink = await serve({ loop, open: (conn) => target.resolve(conn) })
    const [peer, other] = [await service.connect(), await sink.connect()]
    await peer.send('header\nrest of it')
    await other.expectBytes('rest of it')
    await peer.send(' and more\n')
    await peer.end()
    await other.expectBytes('rest of it and more\n')
    await other.awaitEnd()
    expect(seen).toEqual(['header'])
  })

  it('begins in the midst of a stream of any sizes, and loses nothing', async () => {
    for (const cut of [1, 7, 4096, 70_000]) {
      const { a, b, chunks } = await two({ keep: 1000 })
      const bytes = noise(300_000)
      const sent = a.peer.send(bytes.subarray(0, cut))
      await eventually('the first chunk', () => chunks.length > 0)
      const moved = pipe(a.conn, b.conn)
      const rest = a.peer.send(bytes.subarray(cut))
      await Promise.all([sent, rest, a.peer.end()])
      await moved
      await b.peer.awaitEnd()
      expectSameBytes(Buffer.concat([...chunks, b.peer.bytes]), bytes)
    }
  })

  it('in a handler goes on with what the same turn brought', async () => {
    const loop = loopOn(backend, { maxReadBytes: 1000 })
    const target = promised<Connection>()
    const first: Buffer[] = []
    const service = await serve({
      loop,
      data(conn, chunk) {
        first.push(Buffer.from(chunk))
        pipe(conn, sink)
      },
    })
    const other = await (await serve({ loop, open: (conn) => target.resolve(conn) })).connect()
    const sink = await target.promise
    const peer = await service.connect()
    const bytes = noise(500_000)
    await peer.send(bytes)
    await peer.end()
    await other.awaitEnd()
    expect(first).toHaveLength(1)
    expectSameBytes(Buffer.concat([first[0], other.bytes]), bytes)
  })

  it('of a peer that has ended already is over at once', async () => {
    const { a, b } = await two({ allowHalfOpen: true })
    await a.peer.end()
    await eventually('the end', () => a.ended())
    expect(await pipe(a.conn, b.conn)).toBe(0)
    await b.peer.awaitEnd()
  })

  it('waits while the other side does not read', async () => {
    const { a, b } = await two()
    b.peer.socket.pause()
    pipe(a.conn, b.conn)
    const bytes = noise(4 * MUCH)
    const sent = a.peer.send(bytes)
    let before = -1
    await eventually('it to stand still', () => {
      const now = a.conn.bytesRead
      const still = now > 0 && now === before
      before = now
      return still
    })
    for (let i = 0; i < 20; ++i) await iteration()
    expect(b.conn.queuedBytes).toBeLessThanOrEqual(64 * 1024)
    b.peer.socket.resume()
    await b.peer.expectBytes(bytes)
    await sent
  })

  it('stands still while it is paused', async () => {
    const { a, b } = await two()
    pipe(a.conn, b.conn)
    a.conn.pause()
    await a.peer.send('later')
    for (let i = 0; i < 20; ++i) await iteration()
    expect(b.peer.bytes.length).toBe(0)
    a.conn.resume()
    await b.peer.expectBytes('later')
  })

  it.each(['destroy', 'reset'] as const)(
    'breaks when the side that is read is gone by %s',
    async (method) => {
      const { a, b } = await two()
      const moved = pipe(a.conn, b.conn)
      await a.peer.send('part')
      await b.peer.awaitBytes(4)
      a.conn[method]()
      expect(await code(moved)).toBe('ERR_POLLUX_PIPE_BROKEN')
      await b.peer.awaitClosed()
      expect(b.peer.errorCode).toBe('ECONNRESET')
      expect(b.conn.closeReason).toBe('pipe_broken')
    },
  )

  it('breaks both ways of a proxy when a peer resets', async () => {
    const { a, b } = await two()
    const moved = [pipe(a.conn, b.conn), pipe(b.conn, a.conn)]
    await a.peer.send('part')
    await b.peer.awaitBytes(4)
    await a.peer.reset()
    expect(await Promise.all(moved.map(code))).toEqual(['ERR_POLLUX_PIPE_BROKEN', 'ERR_POLLUX_PIPE_BROKEN'])
    await b.peer.awaitClosed()
    expect(b.peer.errorCode).toBe('ECONNRESET')
    expect([a.conn.closeReason, b.conn.closeReason]).toEqual(['peer_reset', 'pipe_broken'])
    await expect(moved[0]).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
  })

  it('breaks when the other side is gone, and with `end: false` leaves the one that is read alone', async () => {
    const { a, b, chunks } = await two({ keep: 1000 })
    const moved = pipe(a.conn, b.conn, { end: false })
    await a.peer.send('piped')
    await b.peer.awaitBytes(5)
    b.conn.destroy()
    expect(await code(moved)).toBe('ERR_POLLUX_PIPE_BROKEN')
    await a.peer.send('handled')
    await eventually('the handler', () => Buffer.concat(chunks).toString() === 'handled')
  })

  it('breaks when somebody ends the other side', async () => {
    const { a, b } = await two()
    const moved = pipe(a.conn, b.conn)
    await a.peer.send('piped')
    await b.peer.awaitBytes(5)
    b.conn.end()
    expect(await code(moved)).toBe('ERR_POLLUX_PIPE_BROKEN')
  })

  it('with `end: false` passes no end on', async () => {
    const { a, b } = await two({ allowHalfOpen: true })
    const moved = pipe(a.conn, b.conn, { end: false })
    await a.peer.send('one ')
    await a.peer.end()
    expect(await moved).toBe(4)
    b.conn.write('two')
    await b.peer.expectBytes('one two')
  })

  it('goes through a filter by writes', async () => {
    const { a, b, loop } = await two()
    b.conn.filter = new Complement(b.conn)
    const moved = pipe(a.conn, b.conn)
    const bytes = noise(MUCH)
    const sent = a.peer.send(bytes)
    await b.peer.awaitBytes(MUCH)
    await sent
    await a.peer.end()
    expect(await moved).toBe(MUCH)
    await b.peer.awaitEnd()
    expectSameBytes(
      b.peer.bytes,
      bytes.map((byte) => byte ^ 255),
    )
    expect(loop.counter('bytesSpliced')).toBe(0)
  })

  it('joins connections of two loops by writes', async () => {
    const { a } = await two()
    const { b } = await two()
    const moved = pipe(a.conn, b.conn)
    const bytes = noise(MUCH)
    const sent = a.peer.send(bytes)
    await b.peer.expectBytes(bytes)
    await sent
    await a.peer.end()
    expect(await moved).toBe(MUCH)
    await b.peer.awaitEnd()
  })

  it('joins TCP and a Unix socket', async () => {
    const loop = loopOn(backend)
    const path = `${folder}/echo-${backend}`
    await serverOf({ loop, data: (conn, chunk) => void conn.write(chunk) }).listen({ path })
    let upstream: Connection | undefined
    const service = await serve({
      loop,
      async open(conn) {
        upstream = await connect({ path }, { loop, open() {} })
        await Promise.all([pipe(conn, upstream), pipe(upstream, conn)])
      },
    })
    const peer = await service.connect()
    const bytes = noise(MUCH)
    const sent = peer.send(bytes)
    await peer.expectBytes(bytes)
    await sent
    await peer.end()
    await peer.awaitEnd()
    await eventually('both to close', () => service.server.connections === 0)
    await eventually('both to close', () => upstream?.closeReason === 'ended')
  })

  it('refuses what it can not do', async () => {
    const { a, b } = await two()
    await expect(pipe(a.conn, {} as never)).rejects.toThrow(/to/)
    await expect(pipe({} as never, b.conn)).rejects.toThrow(/from/)
    await expect(pipe(a.conn, b.conn, { end: 1 as never })).rejects.toThrow(/options.end/)
    pipe(a.conn, b.conn)
    expect(await code(pipe(a.conn, a.conn))).toBe('EBUSY')
    expect(await code(pipe(b.conn, b.conn))).toBe('EBUSY')
    const { a: gone, b: other } = await two()
    gone.conn.destroy()
    expect(await code(pipe(gone.conn, other.conn))).toBe('ERR_POLLUX_PIPE_BROKEN')
  })

  it('that nobody waits for breaks without an unhandled rejection, and is over once', async () => {
    const { a, b, loop } = await two()
    pipe(a.conn, b.conn)
    loop.close()
    await iteration()
    expect(a.conn.closeReason).toBe('loop_closed')
  })

  interface Two {
    keep?: number
    allowHalfOpen?: boolean
  }

  /** Two connections of one server. `keep`: that many chunks go to a handler. */
  async function two({ keep = 0, allowHalfOpen = false }: Two = {}) {
    const loop = loopOn(backend)
    const conns: Connection[] = []
    const chunks: Buffer[] = []
    const ended = new Set<Connection>()
    const service = await serve({
      loop,
      allowHalfOpen,
      open: (conn) => void conns.push(conn),
      data(_, chunk) {
        if (chunks.length >= keep) throw new Error('a handler was called while a pipe was on')
        chunks.push(chunk)
      },
      end: (conn) => void ended.add(conn),
    })
    const ends = []
    for (let i = 0; i < 2; ++i) {
      const peer: Peer = await service.connect()
      await eventually('the connection', () => conns.length > i)
      ends.push({ peer, conn: conns[i], ended: () => ended.has(conns[i]) })
    }
    return { a: ends[0], b: ends[1], loop, chunks }
  }
})

/** The plainest filter: every bit is turned. */
class Complement implements Filter {
  readonly queuedBytes = 0

  constructor(private readonly connection: AnyConnection) {}

  received(chunk: Buffer) {
    this.connection.deliver(Buffer.from(chunk.map((byte) => byte ^ 255)))
  }

  peerEnded() {
    this.connection.deliverEnd()
  }

  write(bytes: Uint8Array) {
    this.connection.rawWrite(bytes.map((byte) => byte ^ 255))
  }

  end() {
    this.connection.rawEnd()
  }

  drained() {
    this.connection.deliverDrain()
  }

  closed() {}
}
