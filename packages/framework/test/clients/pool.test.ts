// A pool: each connection has one user at a time, who waits is served in order, and what died is replaced.
import { type Connection, createPool, type Pool } from '@pollux/framework'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BACKENDS, Child, endChildren, eventually, iteration, type Peer, unanswered } from '../support/raw.js'
import { echo, loopOn, promised, serve } from '../support/serving.js'
import { here, leaveNothingBehind, nowhere, poolOf, reasonOf, thrownBy } from './support/clients.js'
import { textLines } from './support/codecs.js'

leaveNothingBehind()
afterEach(endChildren)
afterEach(() => {
  vi.useRealTimers()
})

const bytes = { data() {} }

/** Who is told to end, does. */
function endingWith(peer: Peer) {
  peer.socket.on('end', () => peer.socket.end())
  return peer
}

const numbers = ({ size, idle, acquired, waiting }: Pool) => ({ size, idle, acquired, waiting })

describe('a pool', () => {
  it('connects when somebody needs it, and lends a connection again that was released', async () => {
    const { target, awaitPeer } = await here()
    const pool = poolOf(target, bytes)
    expect(numbers(pool)).toEqual({ size: 0, idle: 0, acquired: 0, waiting: 0 })
    const first = await pool.acquire()
    expect(numbers(pool)).toEqual({ size: 1, idle: 0, acquired: 1, waiting: 0 })
    first.write('one ')
    pool.release(first)
    expect(numbers(pool)).toEqual({ size: 1, idle: 1, acquired: 0, waiting: 0 })
    const again = await pool.acquire()
    expect(again).toBe(first)
    again.write('two')
    await (await awaitPeer()).expectBytes('one two')
    expect(pool.statistics.opened).toBe(1)
  })

  it('lends the one that was used last', async () => {
    const { target } = await here()
    const pool = poolOf(target, bytes)
    const [a, b] = [await pool.acquire(), await pool.acquire()]
    pool.release(a)
    pool.release(b)
    expect(await pool.acquire()).toBe(b)
    expect(await pool.acquire()).toBe(a)
  })

  it('has no more than maxConnections, and serves who waits in order', async () => {
    const { target } = await here()
    const pool = poolOf(target, bytes, { maxConnections: 2 })
    const [a, b] = await Promise.all([pool.acquire(), pool.acquire()])
    const order: string[] = []
    const waiting = ['first', 'second', 'third'].map(async (name) => {
      const connection = await pool.acquire()
      order.push(name)
      return connection
    })
    await eventually('three to wait', () => pool.waiting === 3)
    expect(numbers(pool)).toEqual({ size: 2, idle: 0, acquired: 2, waiting: 3 })
    pool.release(b)
    expect(await waiting[0]).toBe(b)
    pool.release(a)
    expect(await waiting[1]).toBe(a)
    pool.release(b)
    expect(await waiting[2]).toBe(b)
    expect(order).toEqual(['first', 'second', 'third'])
    expect(pool.statistics.opened).toBe(2)
  })

  it('refuses one more than maxWaiting', async () => {
    const { target } = await here()
    const pool = poolOf(target, bytes, { maxConnections: 1, maxWaiting: 2 })
    const connection = await pool.acquire()
    const waiting = [pool.acquire(), pool.acquire()]
    const error = await reasonOf(pool.acquire())
    expect(error).toMatchObject({ code: 'ERR_POLLUX_TOO_MANY_WAITING' })
    expect(error.message).toContain('2')
    pool.release(connection)
    pool.release(await waiting[0])
    await waiting[1]
  })

  it('lets who waits go by timeout and by signal, and serves the next', async () => {
    const { target } = await here()
    const pool = poolOf(target, bytes, { maxConnections: 1, acquireTimeoutMs: 5 })
    const connection = await pool.acquire({ timeoutMs: 60_000 })
    const abort = new AbortController()
    const byDefault = reasonOf(pool.acquire())
    const bySignal = reasonOf(pool.acquire({ timeoutMs: 60_000, signal: abort.signal }))
    const served = pool.acquire({ timeoutMs: 60_000 })
    expect(await byDefault).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    abort.abort(new Error('enough'))
    expect((await bySignal).message).toBe('enough')
    expect(await reasonOf(pool.acquire({ signal: abort.signal }))).toBe(await bySignal)
    expect(pool.waiting).toBe(1)
    pool.release(connection)
    expect(await served).toBe(connection)
  })

  it('disappoints who has waited longest when connecting fails, each once, and recovers', async () => {
    const target = await nowhere()
    const pool = poolOf(target, bytes, { maxConnections: 2 })
    const failures = await Promise.all([1, 2, 3, 4, 5].map(() => reasonOf(pool.acquire())))
    for (const failure of failures) expect(failure).toMatchObject({ code: 'ECONNREFUSED' })
    expect(numbers(pool)).toEqual({ size: 0, idle: 0, acquired: 0, waiting: 0 })
    await here(target.port)
    await pool.acquire()
  })

  it('runs a function with a connection, and releases it', async () => {
    const service = await serve({ ...echo, loop: loopOn(BACKENDS[0]) })
    const target = { host: '127.0.0.1', port: service.port }
    const pool = poolOf(target, bytes)
    const seen: Connection[] = []
    expect(
      await pool.use((connection) => {
        seen.push(connection)
        return 'result'
      }),
    ).toBe('result')
    expect(await pool.use(async (connection) => connection === seen[0])).toBe(true)
    expect(pool.idle).toBe(1)
  })

  it('destroys the connection of a function that fails, and passes its error on', async () => {
    const { target, awaitPeer } = await here()
    const pool = poolOf(target, bytes)
    const bug = new Error('bug')
    const fail = () => {
      throw bug
    }
    expect(await reasonOf(pool.use(fail))).toBe(bug)
    expect(await reasonOf(pool.use(async () => fail()))).toBe(bug)
    await (await awaitPeer()).awaitEnd()
    await (await awaitPeer(2)).awaitEnd()
    await eventually('an empty pool', () => pool.size === 0)
    expect(await reasonOf(pool.use(1 as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  it('takes back a connection that died under its user, and makes another for who waits', async () => {
    const { target, awaitPeer } = await here()
    const pool = poolOf(target, bytes, { maxConnections: 1 })
    const dying = await pool.acquire()
    const next = pool.acquire()
    await (await awaitPeer()).reset()
    const connection = await next
    expect(connection).not.toBe(dying)
    pool.release(dying)
    pool.release(dying)
    expect(numbers(pool)).toEqual({ size: 1, idle: 0, acquired: 1, waiting: 0 })
  })

  it('lends no connection whose peer has gone', async () => {
    const { target, awaitPeer } = await here()
    const pool = poolOf(target, bytes)
    const [a, b] = [await pool.acquire(), await pool.acquire()]
    pool.release(a)
    pool.release(b)
    // Ours to end, too, as its user might have left it.
    b.end()
    expect(await pool.acquire()).toBe(a)
    pool.release(a)
    await (await awaitPeer(1)).end()
    await (await awaitPeer(2)).end()
    await eventually('an empty pool', () => pool.size === 0)
    expect(await pool.acquire()).not.toBe(a)
  })

  it('counts what is released while it ends until it is closed', async () => {
    const { target, awaitPeer } = await here()
    const pool = poolOf(target, bytes, { maxConnections: 1 })
    const connection = await pool.acquire()
    connection.end('last words')
    pool.release(connection)
    expect(numbers(pool)).toEqual({ size: 1, idle: 0, acquired: 0, waiting: 0 })
    const next = pool.acquire()
    const peer = await awaitPeer()
    await peer.expectBytes('last words')
    expect(pool.size).toBe(1)
    await peer.end()
    expect(await next).not.toBe(connection)
  })

  it('refuses a release that is none', async () => {
    const { target } = await here()
    const pool = poolOf(target, bytes)
    const connection = await pool.acquire()
    pool.release(connection)
    expect(thrownBy(() => pool.release(connection))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(thrownBy(() => pool.release({} as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(pool.idle).toBe(1)
  })

  it('holds minIdle ready, replaces those that die, and keeps trying with delays', async () => {
    const { target, awaitPeer, server } = await here()
    const pool = poolOf(target, bytes, { minIdle: 2, maxConnections: 3 })
    await eventually('two', () => pool.idle === 2)
    const taken = await pool.acquire()
    await eventually('two again', () => pool.idle === 2)
    expect(pool.size).toBe(3)
    pool.release(taken)
    const peers = [await awaitPeer(1), await awaitPeer(2), await awaitPeer(3)]
    await peers[0].end()
    await peers[1].end()
    await eventually('another', () => pool.statistics.opened === 4 && pool.idle === 2)
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const peer of [...peers.slice(2)]) peer.socket.destroy()
      awaitPeer(4).then((peer) => peer.socket.destroy())
    })
    await eventually('an empty pool', () => pool.size === 0)
    await here(target.port)
    await eventually('two once more', () => pool.idle === 2)
  })

  it('closes what nobody used for idleTimeoutMs, down to minIdle', async () => {
    const { target } = await here()
    const reasons: (string | undefined)[] = []
    const pool = poolOf(
      target,
      { ...bytes, close: (conn) => reasons.push(conn.closeReason) },
      { minIdle: 1, idleTimeoutMs: 20 },
    )
    const taken = [await pool.acquire(), await pool.acquire(), await pool.acquire()]
    const kept = await pool.acquire()
    for (const connection of taken) pool.release(connection)
    await eventually('only one to be idle', () => pool.idle === 1 && pool.size === 2)
    expect(kept.readyState).toBe('open')
    expect(new Set(reasons)).toEqual(new Set(['idle_timeout']))
  })

  it('lets `connected` prepare a connection before anybody has it', async () => {
    const { target, awaitPeer } = await here()
    const login = promised()
    const pool = poolOf(target, {
      codec: textLines,
      message() {},
      async connected(_pool, connection) {
        connection.send('user')
        await login.promise
      },
    })
    const acquired = pool.acquire()
    await (await awaitPeer()).expectBytes('user\n')
    expect(numbers(pool as never)).toEqual({ size: 1, idle: 0, acquired: 0, waiting: 1 })
    login.resolve()
    ;(await acquired).send('work')
    await (await awaitPeer()).expectBytes('user\nwork\n')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['is rejected', () => Promise.reject(new Error('no'))],
  ])('counts a `connected` that %s as a connect that failed', async (_how, connected) => {
    const { target } = await here()
    const pool = poolOf(target, { ...bytes, connected, error() {} })
    expect((await reasonOf(pool.acquire())).message).toBe('no')
    await eventually('an empty pool', () => pool.size === 0)
  })

  it('fails who waits when a connection dies while it is prepared', async () => {
    const { target, awaitPeer } = await here()
    const pool = poolOf(target, { ...bytes, connected: () => new Promise(() => {}) })
    const acquired = reasonOf(pool.acquire())
    await (await awaitPeer()).end()
    expect(await acquired).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
  })
})

describe('closing a pool', () => {
  it('ends what is idle, and waits for what is in use and for who waits already', async () => {
    const { target, awaitPeer } = await here()
    const pool = poolOf(target, bytes, { maxConnections: 2 })
    const [a, b] = [await pool.acquire(), await pool.acquire()]
    endingWith(await awaitPeer(1))
    endingWith(await awaitPeer(2))
    pool.release(b)
    const c = await pool.acquire()
    const waiting = pool.acquire()
    await eventually('one to wait', () => pool.waiting === 1)
    let closed = false
    const closing = pool.close().then(() => {
      closed = true
    })
    expect(await reasonOf(pool.acquire())).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    pool.release(c)
    expect(await waiting).toBe(c)
    pool.release(a)
    await eventually('the first to be gone', () => pool.size === 1)
    expect(closed).toBe(false)
    pool.release(c)
    await closing
    expect([a.closeReason, c.closeReason]).toEqual(['ended', 'ended'])
    expect(numbers(pool)).toEqual({ size: 0, idle: 0, acquired: 0, waiting: 0 })
    await pool.close()
  })

  it('destroys the rest at the deadline, which may be brought forward', async () => {
    const { target } = await here()
    const pool = poolOf(target, bytes, { maxConnections: 1 })
    const connection = await pool.acquire()
    const waiting = reasonOf(pool.acquire())
    const closing = pool.close({ deadlineMs: Number.POSITIVE_INFINITY })
    await iteration()
    expect(connection.readyState).toBe('open')
    pool.close({ deadlineMs: 0 })
    await closing
    expect(await waiting).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    expect(connection.closeReason).toBe('shutdown')
  })

  it('gives up connecting and preparing for nobody', async () => {
    const silent = await unanswered(BACKENDS[0])
    const connecting = poolOf(silent, bytes, { minIdle: 2 })
    await eventually('the attempts', () => connecting.loop.counter('openSockets') === 2)
    await connecting.close()
    await eventually('no sockets', () => connecting.loop.counter('openSockets') === 0)

    const { target, awaitPeer } = await here()
    const preparing = poolOf(target, { ...bytes, connected: () => new Promise(() => {}) }, { minIdle: 1 })
    await awaitPeer()
    await eventually('the connection', () => preparing.statistics.opened === 1)
    await preparing.close()
    expect(preparing.size).toBe(0)
  })

  it('happens by the signal, at once and with its reason', async () => {
    const { target } = await here()
    const abort = new AbortController()
    const pool = poolOf({ ...target, signal: abort.signal }, bytes, { maxConnections: 1 })
    const connection = await pool.acquire()
    const waiting = reasonOf(pool.acquire())
    abort.abort(new Error('shutting down'))
    expect((await waiting).message).toBe('shutting down')
    await eventually('an empty pool', () => pool.size === 0)
    expect(connection.closeReason).toBe('shutdown')
    expect(await reasonOf(pool.acquire())).toBe(await waiting)
    expect(thrownBy(() => createPool({ ...target, signal: abort.signal }, bytes))).toBe(await waiting)
  })

  it('happens when the loop is closed under it', async () => {
    const { target } = await here()
    const loop = loopOn(BACKENDS[0])
    const pool = poolOf(target, { ...bytes, loop }, { maxConnections: 1 })
    await pool.acquire()
    const waiting = reasonOf(pool.acquire())
    loop.close()
    expect(await waiting).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    await pool.close()
  })

  it('happens at the end of an `await using` block', async () => {
    const { target } = await here()
    let outer: Pool
    {
      await using pool = poolOf(target, bytes)
      outer = pool
      pool.release(await pool.acquire())
      pool.statistics
      const [connection] = [await pool.acquire()]
      connection.destroy()
      pool.release(connection)
    }
    expect(outer.size).toBe(0)
  })

  it('is not needed for the process to end after unref', async () => {
    const { target, awaitPeer } = await here()
    const framework = new URL('../../dist/index.js', import.meta.url).href
    const child = Child.node([
      '--input-type=module',
      '-e',
      `import { createPool } from '${framework}'
      const pool = createPool({ host: '127.0.0.1', port: ${target.port} }, { data() {} }).unref()
      const keep = setInterval(() => {}, 1000)
      pool.release(await pool.acquire())
      clearInterval(keep)
      console.log(pool.idle)`,
    ])
    await awaitPeer()
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('1\n')
  })
})

describe('createPool', () => {
  const TYPE = 'ERR_INVALID_ARG_TYPE'
  const RANGE = 'ERR_OUT_OF_RANGE'
  it.each([
    ['maxConnections', 0, RANGE],
    ['maxConnections', '1', TYPE],
    ['minIdle', -1, RANGE],
    ['minIdle', 11, RANGE],
    ['idleTimeoutMs', -1, RANGE],
    ['maxWaiting', -1, RANGE],
    ['maxWaiting', 0.5, RANGE],
    ['acquireTimeoutMs', -1, RANGE],
    ['acquireTimeoutMs', '1', TYPE],
  ])('refuses %s: %o', (name, value, code) => {
    const error = thrownBy(() => createPool({ host: '::1', port: 1 }, bytes, { [name]: value }))
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(name)
  })

  it('refuses handlers that are none', () => {
    const loop = loopOn(BACKENDS[0])
    const target = { host: '::1', port: 1 }
    const notAFunction = thrownBy(() => createPool(target, { ...bytes, loop, connected: 1 } as never))
    expect(notAFunction).toMatchObject({ code: TYPE })
    expect(notAFunction.message).toContain('connected')
    const halfOpen = thrownBy(() => createPool(target, { ...bytes, loop, allowHalfOpen: true }))
    expect(halfOpen).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(thrownBy(() => createPool(target, undefined as never))).toMatchObject({ code: TYPE })
    expect(thrownBy(() => createPool(target, { ...bytes, loop }, null as never))).toMatchObject({
      code: TYPE,
    })
  })
})
