// A client that stays: it comes back after a delay that grows, and loses nothing without saying so.
import { type ConnectTarget, createClient, type Retry, SocketError, type Unsent } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/clients/backoff.js'
import {
  ClientHappening,
  ClientState,
  clientReadyStateOf,
  nextClientState,
} from '../../src/clients/client-state.js'
import { uncaughtDuring, warningsDuring } from '../support/failing.js'
import { BACKENDS, Child, endChildren, eventually, iteration, patiently, unanswered } from '../support/raw.js'
import { loopOn, promised } from '../support/serving.js'
import { clientOf, FAST, here, leaveNothingBehind, nowhere, reasonOf, thrownBy } from './support/clients.js'
import { textLines } from './support/codecs.js'

leaveNothingBehind()
afterEach(endChildren)

const bytes = { data() {} }

describe('the life of a client', () => {
  const { CONNECTING, PREPARING, CONNECTED, WAITING, CLOSING, CLOSED } = ClientState
  const { OPEN, PREPARED, LOST, RETRY, CLOSE } = ClientHappening
  const follow = (...happenings: ClientHappening[]) =>
    happenings.reduce<ClientState>((state, happening) => nextClientState(state, happening), CONNECTING)

  it.each([
    ['connected', [OPEN, PREPARED], CONNECTED],
    ['lost while it is prepared', [OPEN, LOST], WAITING],
    ['lost and tried again', [OPEN, PREPARED, LOST, RETRY], CONNECTING],
    ['refused', [LOST], WAITING],
    ['closed before it was connected', [CLOSE], CLOSED],
    ['closed while it waits', [LOST, CLOSE], CLOSED],
    ['closed while it is prepared', [OPEN, CLOSE], CLOSING],
    ['closed while connected', [OPEN, PREPARED, CLOSE, CLOSE], CLOSING],
    ['closed and over', [OPEN, PREPARED, CLOSE, LOST], CLOSED],
    ['over for good', [LOST, CLOSE, RETRY, OPEN, PREPARED, LOST], CLOSED],
    ['not ready twice', [OPEN, PREPARED, PREPARED, OPEN, RETRY], CONNECTED],
    ['not retried unless it waits', [RETRY, OPEN, RETRY], PREPARING],
  ])('is %s', (_what, happenings, state) => {
    expect(follow(...happenings)).toBe(state)
  })

  it('has names for users', () => {
    const names = Object.values(ClientState).map(clientReadyStateOf)
    expect(names).toEqual(['connecting', 'connecting', 'connected', 'waiting', 'closing', 'closed'])
  })
})

describe('the delay before the next attempt', () => {
  it.each([
    [1, 0, 100],
    [1, 1, 200],
    [2, 1, 400],
    [3, 0.5, 450],
    [6, 1, 6400],
    [50, 0, 100],
    [50, 1, 30_000],
    [5000, 1, 30_000],
  ])('after %i failures, with a random %f, is %i ms of 100 to 30000', (failures, random, delayMs) => {
    expect(backoffMs(failures, 100, 30_000, random)).toBe(delayMs)
  })

  it('is spread over the whole range, by chance', () => {
    const delays = Array.from({ length: 200 }, () => backoffMs(10, 100, 30_000))
    expect(new Set(delays).size).toBeGreaterThan(100)
    for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(100)
    for (const delay of delays) expect(delay).toBeLessThanOrEqual(30_000)
  })

  it('does not grow where it must not', () => {
    expect(backoffMs(9, 5, 5, 0.7)).toBe(5)
  })
})

describe('a client', () => {
  it('connects by itself, tells, sends and receives', async () => {
    const { target, awaitPeer } = await here()
    const got: string[] = []
    const client = clientOf(target, {
      codec: textLines,
      connected: (self, conn) => {
        expect(self.readyState).toBe('connecting')
        conn.send('hello')
      },
      message: (_conn, line) => got.push(line),
    })
    expect(client.readyState).toBe('connecting')
    expect(client.connection).toBe(undefined)
    const conn = await client.whenConnected()
    expect([client.readyState, client.connection]).toEqual(['connected', conn])
    expect(await client.whenConnected()).toBe(conn)
    expect(client.send('and more')).toBe(true)
    client.write('raw\n')
    const peer = await awaitPeer()
    await peer.expectBytes('hello\nand more\nraw\n')
    await peer.send('one\ntwo\n')
    await eventually('two lines', () => got.length === 2)
    expect(client.statistics.messagesReceived).toBe(2)
  })

  it('comes back when its peer ends, and tells of each step in order', async () => {
    const { target, awaitPeer } = await here()
    const log: string[] = []
    clientOf(target, {
      ...bytes,
      open: () => log.push('open'),
      connected: () => log.push('connected'),
      close: () => log.push('close'),
      disconnected: (self, error) => log.push(`disconnected ${self.readyState} ${error}`),
      retry: (self, { failures, error }) => log.push(`retry ${self.readyState} ${failures} ${error}`),
    })
    await (await awaitPeer()).end()
    await awaitPeer(2)
    await eventually('the second connection', () => log.filter((what) => what === 'connected').length === 2)
    expect(log).toEqual([
      'open',
      'connected',
      'close',
      'disconnected waiting undefined',
      'retry waiting 1 undefined',
      'open',
      'connected',
    ])
  })

  it('comes back from a reset, which it tells', async () => {
    const { target, awaitPeer } = await here()
    const told: unknown[] = []
    const client = clientOf(target, {
      ...bytes,
      disconnected: (_client, error) => told.push(error),
      retry: (_client, { error }) => told.push(error),
    })
    const first = await client.whenConnected()
    await (await awaitPeer()).reset()
    await awaitPeer(2)
    expect(told).toEqual([first.failure, first.failure])
    expect(first.failure).toMatchObject({ code: 'ECONNRESET' })
    expect(await client.whenConnected()).not.toBe(first)
  })

  it('tries until somebody listens, each time within the bounds that it tells', async () => {
    const target = await nowhere()
    const retries: Retry[] = []
    const client = clientOf(target, { ...bytes, retry: (_client, retry) => retries.push(retry) })
    await eventually('four refusals', () => retries.length >= 4)
    expect(client.readyState).not.toBe('connected')
    await here(target.port)
    await patiently(client.whenConnected(), 'the connection')
    for (const [i, { failures, delayMs, error }] of retries.entries()) {
      expect(failures).toBe(i + 1)
      expect(delayMs).toBeGreaterThanOrEqual(FAST.minDelayMs)
      expect(delayMs).toBeLessThanOrEqual(Math.min(FAST.maxDelayMs, FAST.minDelayMs * 2 ** failures))
      expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    }
  })

  it('gives up after maxAttempts, once and for all', async () => {
    const target = await nowhere()
    const log: unknown[] = []
    const closed = promised<unknown>()
    const client = clientOf(target, {
      ...bytes,
      maxAttempts: 3,
      retry: (_client, { failures }) => log.push(failures),
      closed: (_client, error) => closed.resolve(error),
    })
    const waiting = reasonOf(client.whenConnected())
    const error = (await closed.promise) as SocketError
    expect(error).toBeInstanceOf(SocketError)
    expect(error).toMatchObject({ code: 'ERR_POLLUX_RECONNECT_FAILED', cause: { code: 'ECONNREFUSED' } })
    expect(error.message).toContain('3 failures')
    expect(log).toEqual([1, 2])
    expect(await waiting).toBe(error)
    expect(await reasonOf(client.whenConnected())).toBe(error)
    expect(client.readyState).toBe('closed')
    await client.close()
  })

  it.each([
    ['counts a connection that does not last as a failure', 60_000, [1, 2, 3]],
    ['counts from 0 again after one that lasted', 0, [1, 1, 1]],
  ])('%s', async (_what, stableAfterMs, expected) => {
    const { target, awaitPeer } = await here()
    const counted: number[] = []
    clientOf(target, {
      ...bytes,
      stableAfterMs,
      retry: (_client, { failures }) => counted.push(failures),
    })
    for (let i = 1; i <= 3; i++) {
      await (await awaitPeer(i)).end()
      await eventually('the retry', () => counted.length === i)
    }
    expect(counted).toEqual(expected)
  })

  it('gives each attempt connectTimeoutMs', async () => {
    const target = await unanswered(BACKENDS[0])
    const errors: unknown[] = []
    clientOf(
      { ...target, connectTimeoutMs: 5 },
      { ...bytes, retry: (_client, { error }) => errors.push(error) },
    )
    await eventually('two timeouts', () => errors.length >= 2)
    for (const error of errors) expect(error).toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('lets waiters go when their patience ends, and keeps trying', async () => {
    const client = clientOf(await nowhere(), bytes)
    const abort = new AbortController()
    const impatient = reasonOf(client.whenConnected({ timeoutMs: 5 }))
    const aborted = reasonOf(client.whenConnected({ signal: abort.signal }))
    abort.abort(new Error('enough'))
    expect((await aborted).message).toBe('enough')
    expect(await impatient).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    expect(await reasonOf(client.whenConnected({ signal: abort.signal }))).toBe(await aborted)
    expect(client.readyState).not.toBe('closed')
  })
})

describe('what is sent while there is no connection', () => {
  it('is refused, unless told otherwise', async () => {
    const client = clientOf(await nowhere(), { codec: textLines })
    expect(thrownBy(() => client.send('lost?'))).toMatchObject({ code: 'ERR_POLLUX_NOT_CONNECTED' })
    expect(thrownBy(() => client.write('lost?'))).toMatchObject({ code: 'ERR_POLLUX_NOT_CONNECTED' })
    expect(client.queuedBytes).toBe(0)
  })

  it('is kept within maxOfflineBytes, sent in order and after what `connected` sends, and refused beyond', async () => {
    const target = await nowhere()
    const client = clientOf(target, {
      codec: textLines,
      maxOfflineBytes: 12,
      connected: (_client, conn) => conn.send('login'),
    })
    expect(client.send('one')).toBe(false)
    client.write(Buffer.from('two\n'))
    expect(client.queuedBytes).toBe(8)
    const tooLong = thrownBy(() => client.send('long'))
    expect(tooLong).toMatchObject({ code: 'ERR_POLLUX_QUEUE_FULL' })
    expect(tooLong.message).toContain('maxOfflineBytes (12)')
    client.send('333')
    expect(thrownBy(() => client.send(''))).toMatchObject({ code: 'ERR_POLLUX_QUEUE_FULL' })
    const { awaitPeer } = await here(target.port)
    await (await awaitPeer()).expectBytes('login\none\ntwo\n333\n')
    expect(client.queuedBytes).toBe(0)
    client.send('now')
    await (await awaitPeer()).expectBytes('login\none\ntwo\n333\nnow\n')
  })

  it('is a copy, where it is bytes, and what the codec refuses is refused at once', async () => {
    const target = await nowhere()
    const client = clientOf(target, { codec: textLines, maxOfflineBytes: 1000 })
    const mine = Buffer.from('mine\n')
    client.write(mine)
    mine.fill(0)
    expect(thrownBy(() => client.send(1 as never)).message).toBe('a line must be a string')
    expect(thrownBy(() => client.write([1] as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    const { awaitPeer } = await here(target.port)
    await (await awaitPeer()).expectBytes('mine\n')
  })

  it('waits for the promise of `connected`', async () => {
    const { target, awaitPeer } = await here()
    const login = promised()
    const client = clientOf(target, {
      codec: textLines,
      maxOfflineBytes: 1000,
      async connected(_client, conn) {
        conn.send('user')
        await login.promise
        conn.send('password')
      },
    })
    const peer = await awaitPeer()
    await peer.expectBytes('user\n')
    client.send('work')
    expect(client.readyState).toBe('connecting')
    login.resolve()
    await peer.expectBytes('user\npassword\nwork\n')
    expect(client.readyState).toBe('connected')
  })

  it('goes to the next connection where the first did not live long enough', async () => {
    const { target, awaitPeer } = await here()
    let logins = 0
    const client = clientOf(target, {
      codec: textLines,
      maxOfflineBytes: 1000,
      error() {},
      async connected() {
        await iteration()
        if (++logins === 1) throw new Error('not yet')
      },
    })
    client.send('work')
    await (await awaitPeer()).awaitClosedOrEnded()
    await (await awaitPeer(2)).expectBytes('work\n')
  })

  it('comes whole and in order where it is more than the peer reads, with what is sent meanwhile behind it', async () => {
    const target = await nowhere()
    const client = clientOf(target, {
      codec: textLines,
      highWaterMark: 16 * 1024,
      maxOfflineBytes: 64 * 1024 * 1024,
    })
    const line = (i: number) => `${i} `.padEnd(60_000, 'x')
    const lines = Array.from({ length: 400 }, (_, i) => line(i))
    for (const each of lines) client.send(each)
    const { awaitPeer } = await here(target.port)
    const peer = await awaitPeer()
    peer.socket.pause()
    await eventually('output above the watermark', () => client.statistics.highWaterCrossings > 0)
    expect(client.readyState).toBe('connecting')
    client.send('the last')
    peer.socket.resume()
    await peer.expectBytes(`${lines.join('\n')}\nthe last\n`)
    expect(client.readyState).toBe('connected')
  })

  it('is not given to a connection that is gone, though its close was not told yet', async () => {
    const { target, awaitPeer } = await here()
    const client = clientOf(target, { codec: textLines, maxOfflineBytes: 1000 })
    const conn = await client.whenConnected()
    conn.destroy()
    expect(client.readyState).toBe('connected')
    expect(client.send('not lost')).toBe(false)
    const next = client.whenConnected()
    await (await awaitPeer(2)).expectBytes('not lost\n')
    expect(await next).not.toBe(conn)
  })

  it('is told of by `closed`, if there was no other connection', async () => {
    const told: unknown[] = []
    const client = clientOf(await nowhere(), {
      codec: textLines,
      maxOfflineBytes: 1000,
      closed: (_client, error, unsent: Unsent) => told.push(error, unsent),
    })
    client.send('1234')
    client.send('567')
    await client.close()
    expect(told).toEqual([undefined, { messages: 2, bytes: 9 }])
    expect(client.statistics).toMatchObject({ droppedMessages: 2, droppedBytes: 9 })
    for (const send of [() => client.send('x'), () => client.write('x')]) {
      expect(thrownBy(send)).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    }
  })
})

describe('closing a client', () => {
  it('ends the connection in order, and makes no other', async () => {
    const { target, awaitPeer } = await here()
    const log: string[] = []
    const client = clientOf(target, {
      codec: textLines,
      message() {},
      disconnected: () => log.push('disconnected'),
      retry: () => log.push('retry'),
      closed: (_client, error) => log.push(`closed ${error}`),
    })
    await client.whenConnected()
    client.send('bye')
    const closing = client.close()
    expect(client.readyState).toBe('closing')
    expect(await reasonOf(client.whenConnected())).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    const peer = await awaitPeer()
    await peer.expectBytes('bye\n')
    await peer.awaitEnd()
    await peer.end()
    await closing
    expect(log).toEqual(['disconnected', 'closed undefined'])
    expect(client.readyState).toBe('closed')
    await client.close()
  })

  it('destroys the connection at the deadline, which may be brought forward', async () => {
    const { target, awaitPeer } = await here()
    const client = clientOf(target, bytes)
    const conn = await client.whenConnected()
    await awaitPeer()
    const closing = client.close({ deadlineMs: Number.POSITIVE_INFINITY })
    client.close({ deadlineMs: 60_000 })
    await iteration()
    expect(client.readyState).toBe('closing')
    client.close({ deadlineMs: 1 })
    await closing
    expect(conn.closeReason).toBe('shutdown')
  })

  it.each([
    ['it connects', async () => unanswered(BACKENDS[0])],
    ['it waits', nowhere],
  ])('is over at once while %s', async (_what, where: () => Promise<ConnectTarget>) => {
    const closed: unknown[] = []
    const retried = promised()
    const target = await where()
    const client = clientOf(target, {
      ...bytes,
      minDelayMs: 60_000,
      maxDelayMs: 60_000,
      retry: () => retried.resolve(),
      closed: (_client, error) => closed.push(error),
    })
    if (where === nowhere) await retried.promise
    else await eventually('the attempt', () => client.loop.counter('openSockets') === 1)
    const waiting = reasonOf(client.whenConnected())
    client.close()
    expect(client.readyState).toBe('closed')
    expect(closed).toEqual([undefined])
    expect(await waiting).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    await eventually('no sockets', () => client.loop.counter('openSockets') === 0)
  })

  it('happens at the end of an `await using` block', async () => {
    const { target, awaitPeer } = await here()
    let outer: { readyState: string }
    {
      await using client = clientOf(target, bytes)
      outer = client
      await client.whenConnected()
      const peer = await awaitPeer()
      peer.socket.on('end', () => peer.socket.end())
    }
    expect(outer.readyState).toBe('closed')
  })

  it('happens by the signal, whose reason is told', async () => {
    const { target } = await here()
    const abort = new AbortController()
    const reason = new Error('shutting down')
    const told: unknown[] = []
    const closed = promised()
    const client = clientOf(
      { ...target, signal: abort.signal },
      {
        ...bytes,
        close: (_conn, error) => told.push(error),
        disconnected: (_client, error) => told.push(error),
        closed(_client, error) {
          told.push(error)
          closed.resolve()
        },
      },
    )
    await client.whenConnected()
    abort.abort(reason)
    await closed.promise
    expect(told).toEqual([reason, reason, reason])
    const other = { ...target, signal: abort.signal }
    expect(thrownBy(() => createClient(other, bytes))).toBe(reason)
  })

  it('happens when the loop is closed under it', async () => {
    for (const target of [(await here()).target, await nowhere()]) {
      const loop = loopOn(BACKENDS[0])
      const closed = promised<unknown>()
      const turned = promised()
      clientOf(target, {
        ...bytes,
        loop,
        connected: () => turned.resolve(),
        retry: () => turned.resolve(),
        closed: (_client, error) => closed.resolve(error),
      })
      await turned.promise
      loop.close()
      expect(await closed.promise).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    }
  })

  it.each(['connected', 'disconnected', 'retry'] as const)('may be asked for in `%s`', async (name) => {
    const { target, awaitPeer } = await here()
    const log: string[] = []
    const closed = promised()
    clientOf(target, {
      ...bytes,
      [name]: (self: { close(): Promise<void> }) => {
        log.push(name)
        self.close()
      },
      closed() {
        log.push('closed')
        closed.resolve()
      },
    })
    await (await awaitPeer()).end()
    await closed.promise
    expect(log).toEqual([name, 'closed'])
  })

  it('is not needed for the process to end after unref', async () => {
    const { port } = await nowhere()
    const framework = new URL('../../dist/index.js', import.meta.url).href
    const child = Child.node([
      '--input-type=module',
      '-e',
      `import { createClient } from '${framework}'
      createClient({ host: '127.0.0.1', port: ${port} }, { data() {}, retry: () => console.log('waits') }).unref()`,
    ])
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('waits\n')
  })
})

describe('a handler of a client', () => {
  it('that is `connected` and throws costs the connection, as `error` is told', async () => {
    const { target, awaitPeer } = await here()
    const bug = new Error('bug')
    const told: unknown[] = []
    let calls = 0
    clientOf(target, {
      ...bytes,
      connected() {
        if (++calls === 1) throw bug
      },
      error: (_conn, error) => told.push(error),
      disconnected: (_client, error) => told.push(error),
    })
    await awaitPeer(2)
    await eventually('the second', () => calls === 2)
    expect(told).toEqual([bug, bug])
  })

  it('is warned of, once, where nobody is told', async () => {
    const { target } = await here()
    const codes = await warningsDuring(async () => {
      let calls = 0
      clientOf(target, {
        ...bytes,
        async connected() {
          if (++calls <= 3) throw new Error('bug')
        },
      })
      await eventually('the fourth', () => calls === 4)
    })
    expect(codes).toEqual(['POLLUX_HANDLER_ERROR'])
  })

  it.each(['disconnected', 'retry', 'closed'] as const)(
    'that is `%s` and throws is an uncaughtException, and the client goes on',
    async (name) => {
      const { target, awaitPeer } = await here()
      const bug = new Error('bug')
      const errors = await uncaughtDuring(async () => {
        const client = clientOf(target, {
          ...bytes,
          [name]: () => {
            throw bug
          },
        })
        const first = await client.whenConnected()
        await (await awaitPeer()).reset()
        await eventually('the close', () => client.connection !== first)
        await client.whenConnected()
        await client.close({ deadlineMs: 0 })
      })
      expect(new Set(errors)).toEqual(new Set([bug]))
    },
  )
})

describe('createClient', () => {
  const TYPE = 'ERR_INVALID_ARG_TYPE'
  const RANGE = 'ERR_OUT_OF_RANGE'
  it.each([
    ['connected', 1, TYPE],
    ['disconnected', {}, TYPE],
    ['retry', 'x', TYPE],
    ['closed', true, TYPE],
    ['data', 1, TYPE],
    ['minDelayMs', 0, RANGE],
    ['minDelayMs', '1', TYPE],
    ['maxDelayMs', 99, RANGE],
    ['stableAfterMs', -1, RANGE],
    ['maxAttempts', 0, RANGE],
    ['maxAttempts', 1.5, RANGE],
    ['maxOfflineBytes', -1, RANGE],
  ])('refuses %s: %o', (name, value, code) => {
    const error = thrownBy(() => createClient({ host: '::1', port: 1 }, { ...bytes, [name]: value } as never))
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(name)
  })

  it('refuses a target that is none', () => {
    expect(thrownBy(() => createClient(undefined as never, bytes))).toMatchObject({ code: TYPE })
    expect(thrownBy(() => createClient({ host: '::1', port: 0 }, bytes))).toMatchObject({ code: RANGE })
    const target = { host: '::1', port: 1 }
    expect(thrownBy(() => createClient(target, undefined as never))).toMatchObject({ code: TYPE })
  })

  it('refuses a deadline that is none', async () => {
    const client = clientOf(await nowhere(), bytes)
    expect(thrownBy(() => client.close({ deadlineMs: -1 }))).toMatchObject({ code: RANGE })
    expect(client.readyState).not.toBe('closed')
  })
})
