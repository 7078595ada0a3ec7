// Addresses race (RFC 8305): who waits gets a rival, who fails is followed at once, and the first that connects is it.
import { lookup } from 'node:dns/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import {
  type AnyConnection,
  type BackendName,
  type ConnectTarget,
  connect,
  type EventLoop,
  type SocketError,
} from '@pollux/framework'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { interleaved } from '../../src/clients/happy-eyeballs.js'
import {
  BACKENDS,
  eventually,
  iteration,
  listeningPeer,
  temporaryFolder,
  unanswered,
} from '../support/raw.js'
import { echo, leaveNothingBehind, loopOn, serverOf } from '../support/serving.js'

leaveNothingBehind()
afterEach(() => {
  vi.useRealTimers()
})

const DELAY_MS = 250

const folder = temporaryFolder()

/** Time stands still until the test moves it. */
const stopTime = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

const openSockets = (loop: EventLoop) => loop.counter('openSockets')

/** A lookup that gives these, whatever is asked. */
const giving =
  (...hosts: string[]) =>
  async () =>
    hosts.map((address) => ({ address }))

/** Each handler's name as it is called. */
function noting(loop: EventLoop) {
  const called: string[] = []
  const note = (name: string) => () => {
    called.push(name)
  }
  return {
    called,
    init: { loop, open: note('open'), data: note('data'), error: note('error'), close: note('close') },
  }
}

/** A port that the kernel gives nobody by itself, and that is free on all addresses. */
async function portOfNobody(): Promise<number> {
  for (let port = 20_000 + (process.pid % 10_000); ; port++) {
    const server = createServer().listen(port, '0.0.0.0')
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('listening', () => resolve(true)).once('error', () => resolve(false))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

async function failureOf(promise: Promise<unknown>): Promise<SocketError> {
  return promise.then(
    () => expect.fail('it connected'),
    (caught: unknown) => caught as SocketError,
  )
}

/** One port: at the first host nobody answers, at the second a node:net server does. */
async function blackHoleAndServer(backend: BackendName, silent: string, answering: string) {
  const { port } = await unanswered(backend, silent)
  const { awaitPeer } = await listeningPeer({ host: answering, port })
  return { target: { host: 'several.test', port, lookup: giving(silent, answering) }, awaitPeer }
}

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

  it('takes only addresses of the family that is asked for', async () => {
    const { port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const asked: unknown[] = []
    const target = {
      host: 'both.test',
      port,
      lookup: async (host: string, options: unknown) => {
        asked.push([host, options])
        return giving('::1', '127.0.0.1')()
      },
    }
    const init = { loop: loopOn(backend), data() {} }
    const conn = await connect({ ...target, family: 4 }, init)
    expect(conn.remoteAddress).toMatchObject({ host: '127.0.0.1' })
    expect(await failureOf(connect({ ...target, family: 6 }, init))).toMatchObject({
      code: 'ECONNREFUSED',
      address: '::1',
    })
    expect(asked).toEqual([
      ['both.test', { all: true, family: 4 }],
      ['both.test', { all: true, family: 6 }],
    ])
    const numeric = connect({ host: '127.0.0.1', port, family: 6 }, init)
    expect(await failureOf(numeric)).toMatchObject({ code: 'ENOTFOUND', address: '127.0.0.1' })
    // getaddrinfo is told, too.
    const local = await connect({ host: 'localhost', port, family: 4 }, init)
    expect(local.remoteAddress).toMatchObject({ host: '127.0.0.1' })
  })

  it('takes an address as a server gives it', async () => {
    const loop = loopOn(backend)
    const server = serverOf({ loop, ...echo })
    for (const target of [
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 0 },
      { path: join(folder, `${backend}.sock`) },
    ]) {
      const address = await server.listen(target)
      const conn = await connect(address, { loop, data() {} })
      expect(conn.remoteAddress).toEqual(address)
      conn.destroy()
    }
  })

  it.each([
    ['refuses it', { accept: () => 'denied' }],
    ['throws', { accept: () => expect.fail('bug') }],
  ])('fails where a plugin %s', async (_how, hooks) => {
    const { port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const loop = loopOn(backend)
    const { init, called } = noting(loop)
    const plugins = [{ name: 'guard', ...hooks }]
    const error = await failureOf(connect({ host: '127.0.0.1', port }, { ...init, plugins }))
    expect(error.message).toMatch(/denied|bug/)
    expect(called).not.toContain('open')
    await eventually('no sockets', () => openSockets(loop) === 0)
  })

  it('waits for a plugin that holds the opening, within its patience', async () => {
    const { port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const loop = loopOn(backend)
    const held: AnyConnection[] = []
    const holding = {
      name: 'handshake',
      accept(conn: AnyConnection) {
        conn.holdOpening()
        held.push(conn)
        return undefined
      },
    }
    const { init, called } = noting(loop)
    const target = { host: '127.0.0.1', port }
    const connecting = connect(target, { ...init, plugins: [holding] })
    await eventually('the connection to be held', () => held.length === 1)
    expect(called).toEqual([])
    held[0].finishOpening()
    expect(await connecting).toBe(held[0])
    expect(called).toEqual(['open'])
    const impatient = connect({ ...target, connectTimeoutMs: 5 }, { ...init, plugins: [holding] })
    expect(await failureOf(impatient)).toMatchObject({ code: 'ETIMEDOUT' })
    await eventually('it to be gone', () => openSockets(loop) === 1)
    // It may not even have got that far.
    const before = held.length
    const broken = failureOf(connect(target, { ...init, plugins: [holding] }))
    await eventually('another', () => held.length > before)
    held[before].destroy(new Error('handshake failed'))
    expect((await broken).message).toBe('handshake failed')
    expect(called).toEqual(['open'])
  })

  it('connects from localAddress and localPort, as the peer sees', async () => {
    const { port, awaitPeer } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const loop = loopOn(backend)
    const from = { localAddress: '127.0.0.3' }
    const first = await connect({ host: '127.0.0.1', port, ...from }, { loop, data() {} })
    expect((await awaitPeer()).socket.remoteAddress).toBe('127.0.0.3')
    const taken = (first.localAddress as { port: number }).port
    first.reset()
    await eventually('the port to be free', () => openSockets(loop) === 0)
    const target = { host: 'x', port, localPort: taken, ...from, lookup: giving('::1', '127.0.0.1') }
    await connect(target, { loop, data() {} })
    const { socket } = await awaitPeer(2)
    expect([socket.remoteAddress, socket.remotePort]).toEqual(['127.0.0.3', taken])
  })

  it('lets rivals come from one local port', async () => {
    const { target, awaitPeer } = await blackHoleAndServer(backend, '127.0.0.1', '127.0.0.2')
    const localPort = await portOfNobody()
    const loop = loopOn(backend)
    await connect({ ...target, localPort, attemptDelayMs: 10 }, { loop, data() {} })
    expect((await awaitPeer()).socket.remotePort).toBe(localPort)
  })

  it('says which local address is not ours', async () => {
    const target = { host: '127.0.0.1', port: 1, localAddress: '203.0.113.7' }
    const error = await failureOf(connect(target, { loop: loopOn(backend), data() {} }))
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', syscall: 'bind', address: '203.0.113.7' })
  })

  it('takes the lookup of node:dns/promises', async () => {
    const { port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const conn = await connect({ host: 'localhost', port, lookup }, { loop: loopOn(backend), data() {} })
    expect(conn.remoteAddress).toMatchObject({ host: '127.0.0.1', port })
  })

  it.each([
    ['no address', async () => [], { code: 'ENOTFOUND', syscall: 'getaddrinfo', address: 'x' }],
    ['a name', giving('localhost'), { code: 'ERR_INVALID_ARG_VALUE' }],
    ['no array', async () => ({ address: '::1' }), { code: 'ERR_INVALID_ARG_TYPE' }],
    ['null in the array', async () => [null], { code: 'ERR_INVALID_ARG_VALUE' }],
    ['an error', () => Promise.reject(new Error('no such zone')), { message: 'no such zone' }],
    [
      'a throw',
      () => {
        throw new Error('thrown')
      },
      { message: 'thrown' },
    ],
  ])('fails where the lookup gives %s', async (_what, lookup, expected) => {
    const target = { host: 'x', port: 1, lookup } as never
    expect(await failureOf(connect(target, { loop: loopOn(backend), data() {} }))).toMatchObject(expected)
  })

  it('fails where the lookup is answered after the signal, with the signal’s reason', async () => {
    const abort = new AbortController()
    let answer = (_found: { address: string }[]) => {}
    const lookup = () =>
      new Promise<{ address: string }[]>((resolve) => {
        answer = resolve
      })
    const loop = loopOn(backend)
    const failure = failureOf(
      connect({ host: 'x', port: 1, lookup, signal: abort.signal }, { loop, data() {} }),
    )
    await iteration()
    abort.abort(new Error('too late'))
    answer([{ address: '127.0.0.1' }])
    expect((await failure).message).toBe('too late')
    expect(openSockets(loop)).toBe(0)
  })
})

describe('connect', () => {
  const TYPE = 'ERR_INVALID_ARG_TYPE'
  const VALUE = 'ERR_INVALID_ARG_VALUE'
  const RANGE = 'ERR_OUT_OF_RANGE'

  it.each([
    ['family', 5, VALUE],
    ['family', '4', VALUE],
    ['raceAddresses', 'no', TYPE],
    ['attemptDelayMs', 9, RANGE],
    ['attemptDelayMs', 2001, RANGE],
    ['attemptDelayMs', '250', TYPE],
    ['lookup', 'dns', TYPE],
    ['localAddress', 'localhost', VALUE],
    ['localAddress', 1, TYPE],
    ['localPort', -1, RANGE],
    ['localPort', 65536, RANGE],
    ['signal', {}, TYPE],
  ])('refuses %s: %o', async (name, value, code) => {
    const target = { host: '127.0.0.1', port: 1, [name]: value } as never
    const error = await failureOf(connect(target, { data() {} }))
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(name)
  })

  it('refuses what does not fit together', async () => {
    const families = connect({ host: '::1', port: 1, family: 6, localAddress: '127.0.0.1' }, { data() {} })
    expect(await failureOf(families)).toMatchObject({ code: VALUE })
    for (const name of ['localAddress', 'localPort', 'lookup']) {
      const target = { path: '/x', [name]: 'x' } as never
      const error = await failureOf(connect(target, { data() {} }))
      expect(error).toMatchObject({ code: VALUE })
      expect(error.message).toContain(name)
    }
  })
})
