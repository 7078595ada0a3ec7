// Which addresses `connect` takes, from where it comes, and who may stop it.
import { lookup } from 'node:dns/promises'
import { join } from 'node:path'
import { type AnyConnection, connect } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, iteration, listeningPeer, temporaryFolder } from '../support/raw.js'
import { echo, leaveNothingBehind, loopOn, serverOf } from '../support/serving.js'
import {
  blackHoleAndServer,
  failureOf,
  giving,
  noting,
  openSockets,
  portOfNobody,
} from './support/addresses.js'

leaveNothingBehind()

const folder = temporaryFolder()

describe.each(BACKENDS)('connect on %s', (backend) => {
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
