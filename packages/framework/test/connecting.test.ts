// Clients: the promise is kept when the connection is open, or rejected with what went wrong, and then no handler is called.
import { type ConnectTarget, connect, EventLoop, SocketError } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, listeningPeer, noise, unanswered } from './support/raw.js'
import { echo, leaveNothingBehind, loopOn, serve } from './support/serving.js'

leaveNothingBehind()

describe.each(BACKENDS)('connect on %s', (backend) => {
  /** Tries to connect, with no handler allowed to be called but `close` after `open`. */
  async function failure(target: ConnectTarget, loop = loopOn(backend)): Promise<SocketError> {
    const called: string[] = []
    const note = (name: string) => () => called.push(name)
    const handlers = { open: note('open'), data: note('data'), error: note('error'), close: note('close') }
    const error = await connect(target, { loop, ...handlers }).then(
      () => expect.fail('it connected'),
      (caught: unknown) => caught as SocketError,
    )
    await eventually('the socket to be closed', () => loop.isClosed || loop.counter('openSockets') === 0)
    expect(called).toEqual([])
    return error
  }

  it('opens, speaks and closes', async () => {
    const events: string[] = []
    const { port, awaitPeer } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const conn = await connect(
      { host: '127.0.0.1', port },
      {
        loop: loopOn(backend),
        state: () => 'mine',
        open: (self) => events.push(`open ${self.state} ${self.readyState}`),
        data: (_self, chunk) => events.push(`data ${chunk}`),
        end: () => events.push('end'),
        close: () => events.push('close'),
      },
    )
    expect(events).toEqual(['open mine open'])
    expect(conn.server).toBe(undefined)
    expect(conn.remoteAddress).toEqual({ family: 'IPv4', host: '127.0.0.1', port })
    conn.write('hello')
    const peer = await awaitPeer()
    await peer.expectBytes('hello')
    expect(conn.localAddress).toMatchObject({ host: '127.0.0.1', port: peer.socket.remotePort })
    await peer.send('bye')
    await peer.end()
    await eventually('the close', () => events.at(-1) === 'close')
    expect(events).toEqual(['open mine open', 'data bye', 'end', 'close'])
  })

  it('is refused where nobody listens, as Node is', async () => {
    const { server, port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    await new Promise((resolve) => server.close(resolve))
    const error = await failure({ host: '127.0.0.1', port })
    expect(error).toBeInstanceOf(SocketError)
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port })
    expect(error.errno).toBeLessThan(0)
  })

  it.each([
    ['a path that is not there', { path: '/nowhere/at/all.sock' }, 'ENOENT'],
    ['a file that is no socket', { path: '/dev/null' }, 'ECONNREFUSED'],
    ['a path that is too long', { path: `/${'x'.repeat(200)}` }, 'ENAMETOOLONG'],
  ])('says what is wrong with %s', async (_what, target, code) => {
    expect(await failure(target)).toMatchObject({ code, syscall: 'connect', address: target.path })
  })

  it('says that there is no such host', async () => {
    const error = await failure({ host: 'no-such-host.invalid', port: 1 })
    expect(error).toMatchObject({ syscall: 'getaddrinfo', address: 'no-such-host.invalid' })
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(error.code)
  })

  it('tries every address of a name, and tells of all when none answers', async () => {
    const { server, port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const loop = loopOn(backend)
    const conn = await connect({ host: 'localhost', port }, { loop, data() {} })
    expect(conn.remoteAddress).toMatchObject({ host: '127.0.0.1', port })
    conn.destroy()
    server.close()
    await eventually('the socket to be closed', () => loop.counter('openSockets') === 0)
    const error = await failure({ host: 'localhost', port })
    expect(error).toMatchObject({ code: 'ECONNREFUSED', port })
    if (error.cause instanceof AggregateError) expect(error.cause.errors.length).toBeGreaterThan(1)
  })

  it.each([
    ['before', (abort: AbortController) => abort.abort(new Error('changed my mind'))],
    [
      'at once',
      (abort: AbortController) => process.nextTick(() => abort.abort(new Error('changed my mind'))),
    ],
    ['soon', (abort: AbortController) => setImmediate(() => abort.abort(new Error('changed my mind')))],
  ])('is given up by a signal (%s)', async (_when, act) => {
    const abort = new AbortController()
    const target = { ...(await unanswered(backend)), signal: abort.signal }
    act(abort)
    expect((await failure(target)).message).toBe('changed my mind')
  })

  it('is given up after connectTimeoutMs, never before', async () => {
    const target = await unanswered(backend)
    const started = performance.now()
    const error = await failure({ ...target, connectTimeoutMs: 30 })
    expect(performance.now() - started).toBeGreaterThanOrEqual(29)
    expect(error).toMatchObject({
      code: 'ETIMEDOUT',
      syscall: 'connect',
      address: target.host,
      port: target.port,
    })
  })

  it('is not undone by a signal or a timeout that comes after it', async () => {
    const { port } = await serve({ ...echo, loop: loopOn(backend) })
    const abort = new AbortController()
    const got: Buffer[] = []
    const conn = await connect(
      { host: '127.0.0.1', port, signal: abort.signal, connectTimeoutMs: 20 },
      { loop: loopOn(backend), data: (_conn, chunk) => got.push(chunk) },
    )
    abort.abort()
    await new Promise((resolve) => setTimeout(resolve, 30))
    conn.write('still here')
    await eventually('the echo', () => Buffer.concat(got).toString() === 'still here')
  })

  it('fails when its loop is closed meanwhile', async () => {
    const target = await unanswered(backend)
    const loop = loopOn(backend)
    setImmediate(() => loop.close())
    expect(await failure(target, loop)).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    expect(await failure(target, loop)).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
  })

  it('works with hundreds at a time', async () => {
    const service = await serve({ ...echo, loop: loopOn(backend) })
    const { loop } = service.server
    const bytes = noise(2000)
    const received = Array.from({ length: 300 }, () => [] as Buffer[])
    const conns = await Promise.all(
      received.map((chunks) =>
        connect(
          { host: '127.0.0.1', port: service.port },
          { loop, data: (_conn, chunk) => chunks.push(chunk) },
        ),
      ),
    )
    for (const conn of conns) conn.write(bytes)
    await eventually('every echo', () => received.every((chunks) => Buffer.concat(chunks).equals(bytes)))
    expect(service.server.connections).toBe(300)
    for (const conn of conns) conn.end()
    await eventually('no connections', () => service.server.connections === 0)
  })

  it('uses the default loop where none is given', async () => {
    const { port } = await serve({ ...echo, loop: loopOn(backend) })
    const conn = await connect({ host: '127.0.0.1', port }, { data() {} })
    expect(conn.loop).toBe(EventLoop.default())
    conn.destroy()
    EventLoop.default().close()
    expect(EventLoop.default().isClosed).toBe(false)
    EventLoop.default().close()
  })
})
