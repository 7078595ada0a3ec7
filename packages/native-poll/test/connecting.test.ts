// Client sockets: every connect ends in a CONNECT event, or in an error that the call itself gave.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { listeningPeer } from './support/peer.js'
import { constants, errno, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, connectTcp, errorOf, listenUnix, ok, portOf } from './support/server.js'

checkFds()

const folder = mkdtempSync(join(tmpdir(), 'pollux-connect-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.each(BACKENDS)('a connect on %s', (backend) => {
  it('to a listening port is CONNECT, with the addresses of both ends', async () => {
    const far = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const reactor = new RawReactor(backend)
    const socket = connectTcp(reactor, far.port)
    expect((await reactor.awaitEvent(socket, 'CONNECT')).a).toBe(0)
    const peer = await far.awaitPeer()
    expect(portOf(reactor, socket)).toBe(peer.socket.remotePort)
    expect(reactor.native.remoteAddress(socket)).toMatchObject({ address: '127.0.0.1', port: far.port })
    reactor.write(socket, 'hello')
    await peer.expectBytes('hello')
    await peer.send('back')
    expect(String(await reactor.awaitBytes(socket, 4))).toBe('back')
  })

  it('to a port where nobody listens is CONNECT with ECONNREFUSED, then CLOSED', async () => {
    const reactor = new RawReactor(backend)
    const socket = connectTcp(reactor, await portOfNobody())
    expect((await reactor.awaitEvent(socket, 'CONNECT')).a).toBe(errno('ECONNREFUSED'))
    reactor.write(socket, 'to nobody')
    reactor.submit('DESTROY', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['CONNECT', 'CLOSED'])
  })

  it('to a Unix path is CONNECT, though the kernel is done at once', async () => {
    const reactor = new RawReactor(backend)
    const path = join(folder, backend)
    const listener = listenUnix(reactor, path)
    reactor.submit('PAUSE', listener) // so that nothing else wakes the loop
    reactor.native.submit()
    const socket = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
    ok(reactor.native.connectUnix(socket, path, true))
    expect((await reactor.awaitEvent(socket, 'CONNECT')).a).toBe(0)
    reactor.expectEvents(socket, ['CONNECT'])
    expect(reactor.native.remoteAddress(socket)).toEqual({ family: 'Unix', path })
    expect(reactor.native.localAddress(socket)).toEqual({ family: 'Unix', path: '' })
  })

  it('to a Unix path that is absent, or no socket, fails in the call', () => {
    const reactor = new RawReactor(backend)
    const socket = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
    expect(errorOf(reactor.native.connectUnix(socket, join(folder, 'absent'), true))).toBe('ENOENT')
    expect(errorOf(reactor.native.connectUnix(socket, folder, true))).toBe('ECONNREFUSED')
    expect(errorOf(reactor.native.connectUnix(socket, 'x'.repeat(200), true))).toBe('ENAMETOOLONG')
    expect(errorOf(reactor.native.connectUnix(socket, '', true))).toBe('EINVAL')
    // And may be tried again.
    listenUnix(reactor, join(folder, `${backend}-again`))
    ok(reactor.native.connectUnix(socket, join(folder, `${backend}-again`), true))
  })

  it('to no address, of another family, or twice fails in the call', async () => {
    const reactor = new RawReactor(backend)
    const { native } = reactor
    const socket = ok(native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    expect(errorOf(native.connectIp(socket, 'localhost', 80, 0, true))).toBe('EINVAL')
    expect(errorOf(native.connectIp(socket, '127.0.0.1\0.example', 80, 0, true))).toBe('EINVAL')
    expect(errorOf(native.connectIp(socket, '::1', 80, 0, true))).toBe('EAFNOSUPPORT')
    ok(native.connectIp(socket, '127.0.0.1', await portOfNobody(), 0, true))
    expect(errorOf(native.connectIp(socket, '127.0.0.1', 80, 0, true))).toBe('EINVAL')
    expect(errorOf(native.listen(socket, 1, true))).toBe('EINVAL')
    expect(errorOf(native.bindIp(socket, '127.0.0.1', 0, 0))).toBe('EINVAL')
    expect(errorOf(native.open(socket, true))).toBe('EINVAL')
  })

  it('from a bound port comes from there', async () => {
    const far = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const reactor = new RawReactor(backend)
    const socket = ok(reactor.native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    ok(reactor.native.bindIp(socket, '127.0.0.1', 0, 0))
    const port = portOf(reactor, socket)
    ok(reactor.native.connectIp(socket, '127.0.0.1', far.port, 0, true))
    await reactor.awaitEvent(socket, 'CONNECT')
    expect((await far.awaitPeer()).socket.remotePort).toBe(port)
  })

  it('that is destroyed on its way is CLOSED and nothing else', async () => {
    const far = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const reactor = new RawReactor(backend)
    const socket = connectTcp(reactor, far.port)
    reactor.submit('DESTROY', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['CLOSED'])
  })
})

/** A port that was free a moment ago. */
async function portOfNobody(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
