// A client that stays: it comes back after a delay that grows, and tells of each step.
import { createClient, type Retry, SocketError } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/clients/backoff.js'
import {
  ClientHappening,
  ClientState,
  clientReadyStateOf,
  nextClientState,
} from '../../src/clients/client-state.js'
import { uncaughtDuring, warningsDuring } from '../support/failing.js'
import { BACKENDS, endChildren, eventually, patiently, unanswered } from '../support/raw.js'
import { promised } from '../support/serving.js'
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
