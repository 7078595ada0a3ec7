// Addresses race (RFC 8305): who waits gets a rival, who fails is followed at once, and the first that connects is it.
import { type ConnectTarget, connect, type SocketError } from '@pollux/framework'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { interleaved } from '../../src/clients/happy-eyeballs.js'
import { BACKENDS, eventually, iteration, listeningPeer, unanswered } from '../support/raw.js'
import { leaveNothingBehind, loopOn } from '../support/serving.js'
import { blackHoleAndServer, failureOf, giving, noting, openSockets, stopTime } from './support/addresses.js'

leaveNothingBehind()

afterEach(() => {
  vi.useRealTimers()
})

const DELAY_MS = 250

describe('the order of addresses', () => {
  const v6 = (host: string) => ({ family: 'IPv6', host, port: 1 }) as const
  const v4 = (host: string) => ({ family: 'IPv4', host, port: 1 }) as const

  it.each([
    [
      'IPv6 first',
      [v6('a'), v6('b'), v6('c'), v4('1'), v4('2')],
      [v6('a'), v4('1'), v6('b'), v4('2'), v6('c')],
    ],
    ['IPv4 first', [v4('1'), v4('2'), v6('a')], [v4('1'), v6('a'), v4('2')]],
    ['one family', [v4('1'), v4('2')], [v4('1'), v4('2')]],
    ['already in turns', [v6('a'), v4('1'), v6('b')], [v6('a'), v4('1'), v6('b')]],
    ['one', [v6('a')], [v6('a')]],
    ['a path', [{ family: 'Unix', path: '/x' } as const], [{ family: 'Unix', path: '/x' } as const]],
  ])('lets the families take turns: %s', (_what, addresses, expected) => {
    expect(interleaved(addresses)).toEqual(expected)
  })
})

describe.each(BACKENDS)('a race of addresses on %s', (backend) => {
  it.each([
    ['127.0.0.1', ['::1', '127.0.0.1']],
    ['::1', ['127.0.0.1', '::1']],
  ])('goes on at once where the other family is refused: only %s listens', async (host, hosts) => {
    const { port, awaitPeer } = await listeningPeer({ host, port: 0 })
    const loop = loopOn(backend)
    const { init, called } = noting(loop)
    stopTime()
    const conn = await connect({ host: 'both.test', port, lookup: giving(...hosts) }, init)
    expect(conn.remoteAddress).toMatchObject({ host, port })
    await awaitPeer()
    await eventually('the refused socket to be closed', () => openSockets(loop) === 1)
    expect(called).toEqual(['open'])
  })

  it('gives an attempt that waits a rival after attemptDelayMs, takes the rival, and drops the other', async () => {
    const { target, awaitPeer } = await blackHoleAndServer(backend, '127.0.0.1', '127.0.0.2')
    const loop = loopOn(backend)
    const { init, called } = noting(loop)
    stopTime()
    const connecting = connect(target, init)
    await eventually('the first attempt', () => openSockets(loop) === 1)
    await vi.advanceTimersByTimeAsync(DELAY_MS - 1)
    await iteration()
    expect(openSockets(loop)).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    const conn = await connecting
    expect(conn.remoteAddress).toMatchObject({ host: '127.0.0.2' })
    await eventually('the other to be gone', () => openSockets(loop) === 1)
    expect(called).toEqual(['open'])
    conn.write('hello')
    await (await awaitPeer()).expectBytes('hello')
  })

  it('waits as long as attemptDelayMs says', async () => {
    const { target } = await blackHoleAndServer(backend, '127.0.0.1', '127.0.0.2')
    const loop = loopOn(backend)
    stopTime()
    const connecting = connect({ ...target, attemptDelayMs: 1000 }, { loop, data() {} })
    await eventually('the first attempt', () => openSockets(loop) === 1)
    await vi.advanceTimersByTimeAsync(999)
    await iteration()
    expect(openSockets(loop)).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect((await connecting).remoteAddress).toMatchObject({ host: '127.0.0.2' })
  })

  it('follows refusals at once, also beside an attempt that waits', async () => {
    const { port } = await unanswered(backend, '127.0.0.1')
    await unanswered(backend, '127.0.0.4', port)
    const loop = loopOn(backend)
    const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']
    const abort = new AbortController()
    stopTime()
    const { signal } = abort
    const connecting = connect({ host: 'x', port, signal, lookup: giving(...hosts) }, { loop, data() {} })
    await eventually('the first attempt', () => openSockets(loop) === 1)
    // The second and the third are refused, which leads to the fourth without any delay.
    await vi.advanceTimersByTimeAsync(DELAY_MS)
    // There is no timer any more when the last address has been begun with.
    await eventually('the first and the fourth', () => vi.getTimerCount() === 0 && openSockets(loop) === 2)
    abort.abort(new Error('enough'))
    expect((await failureOf(connecting)).message).toBe('enough')
    await eventually('both to be gone', () => openSockets(loop) === 0)
  })

  it('takes one address after the other with raceAddresses: false', async () => {
    const { target } = await blackHoleAndServer(backend, '127.0.0.1', '127.0.0.2')
    const loop = loopOn(backend)
    stopTime()
    const failure = failureOf(
      connect({ ...target, raceAddresses: false, connectTimeoutMs: 60_000 }, { loop, data() {} }),
    )
    await eventually('the first attempt', () => openSockets(loop) === 1)
    await vi.advanceTimersByTimeAsync(59_999)
    await iteration()
    expect(openSockets(loop)).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await failure).toMatchObject({ code: 'ETIMEDOUT', address: '127.0.0.1' })
  })

  it('tells of all addresses, in the order of their failures, when none answers', async () => {
    const { server, port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    await new Promise((resolve) => server.close(resolve))
    const { init, called } = noting(loopOn(backend))
    const hosts = ['127.0.0.1', '127.0.0.2', '::1']
    const error = await failureOf(connect({ host: 'x', port, lookup: giving(...hosts) }, init))
    expect(error).toMatchObject({ code: 'ECONNREFUSED', address: '127.0.0.2', port })
    const { errors } = error.cause as AggregateError
    expect(errors.map(({ address }: SocketError) => address)).toEqual(['127.0.0.1', '::1', '127.0.0.2'])
    expect(called).toEqual([])
  })

  it.each([
    ['a signal', (target: ConnectTarget, signal: AbortSignal) => ({ ...target, signal }), 'AbortError'],
    [
      'the timeout',
      (target: ConnectTarget) => ({ ...target, connectTimeoutMs: DELAY_MS + 1 }),
      'SocketError',
    ],
  ])('leaves nothing of the rivals when %s ends them', async (_what, with_, name) => {
    const { port } = await unanswered(backend, '127.0.0.1')
    await unanswered(backend, '127.0.0.2', port)
    const loop = loopOn(backend)
    const abort = new AbortController()
    const { init, called } = noting(loop)
    const target = { host: 'x', port, lookup: giving('127.0.0.1', '127.0.0.2') }
    stopTime()
    const connecting = connect(with_(target, abort.signal), init)
    const failure = failureOf(connecting)
    await eventually('the first', () => openSockets(loop) === 1)
    await vi.advanceTimersByTimeAsync(DELAY_MS)
    await eventually('the second', () => openSockets(loop) === 2)
    if (name === 'AbortError') abort.abort()
    else await vi.advanceTimersByTimeAsync(1)
    expect((await failure).name).toBe(name)
    await eventually('no sockets', () => openSockets(loop) === 0)
    expect(vi.getTimerCount()).toBe(0)
    expect(called).toEqual([])
  })

  it('fails once when its loop is closed under several attempts', async () => {
    const { port } = await unanswered(backend, '127.0.0.1')
    await unanswered(backend, '127.0.0.2', port)
    const loop = loopOn(backend)
    const target = { host: 'x', port, attemptDelayMs: 10, lookup: giving('127.0.0.1', '127.0.0.2') }
    const { init, called } = noting(loop)
    const failure = failureOf(connect(target, init))
    await eventually('both', () => openSockets(loop) === 2)
    loop.close()
    expect(await failure).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    expect(called).toEqual([])
  })

  it('is over for all when `open` of the winner throws', async () => {
    const { target } = await blackHoleAndServer(backend, '127.0.0.1', '127.0.0.2')
    const loop = loopOn(backend)
    const closed: unknown[] = []
    const failure = failureOf(
      connect(
        { ...target, attemptDelayMs: 10 },
        {
          loop,
          open() {
            throw new Error('not like this')
          },
          data() {},
          error() {},
          close: (_conn, error) => closed.push(error),
        },
      ),
    )
    expect((await failure).message).toBe('not like this')
    await eventually('no sockets', () => openSockets(loop) === 0)
    expect(closed).toEqual([await failure])
  })
})
