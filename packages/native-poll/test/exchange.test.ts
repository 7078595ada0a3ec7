import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { needs } from './support/needs.js'
import { noise, Peer } from './support/peer.js'
import { binding, constants, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, listenUnix, ok, serveTcp } from './support/server.js'

checkFds()

const folder = mkdtempSync(join(tmpdir(), 'pollux-exchange-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ABSTRACT = process.platform === 'linux' && binding.backends.includes('epoll')

describe.each(BACKENDS)('an exchange on %s', (backend) => {
  describe.each([true, false])('with borrowed chunks: %s', (borrow) => {
    it.each(['127.0.0.1', '::1'])('is answered byte for byte over TCP on %s', async (host) => {
      const server = serveTcp(backend, { host, borrow, echo: true })
      const { peer, socket } = await server.connect()
      const bytes = noise(300_000)
      await peer.send(bytes)
      await peer.expectBytes(bytes)
      await peer.end()
      await peer.awaitEnd()
      await server.reactor.awaitEvent(socket, 'CLOSED')
      server.reactor.expectEvents(socket, ['DATA', 'END', 'CLOSED'])
      await peer.expectBytes(bytes)
    })

    it('is answered byte for byte over a Unix path', async () => {
      const reactor = new RawReactor(backend)
      reactor.handler = reactor.echo
      const path = join(folder, `${backend}-${borrow}`)
      listenUnix(reactor, path, borrow)
      const peer = await Peer.connect({ path })
      const bytes = noise(300_000)
      await peer.send(bytes)
      await peer.expectBytes(bytes)
    })
  })

  it('reaches one dual-stack listener over both families', async () => {
    const server = serveTcp(backend, {
      host: '::',
      options: [[constants.IPPROTO_IPV6, constants.IPV6_V6ONLY, 0]],
      echo: true,
    })
    for (const [nth, host] of ['127.0.0.1', '::1'].entries()) {
      const peer = await Peer.connect({ host, port: server.port })
      const socket = await server.reactor.awaitAccept(server.listener, nth + 1)
      await peer.send('hello')
      await peer.expectBytes('hello')
      const remote = server.reactor.native.remoteAddress(socket)
      const mapped = host === '::1' ? host : `::ffff:${host}`
      expect(remote).toEqual({ family: 'IPv6', address: mapped, port: peer.socket.localPort, scopeId: 0 })
    }
  })

  it('does not reach an IPv6-only listener over IPv4', async () => {
    const server = serveTcp(backend, {
      host: '::',
      options: [[constants.IPPROTO_IPV6, constants.IPV6_V6ONLY, 1]],
    })
    await expect(Peer.connect({ host: '127.0.0.1', port: server.port })).rejects.toThrow('ECONNREFUSED')
  })

  it(
    'is answered over an abstract name, which no file stands for',
    needs(ABSTRACT, 'abstract names'),
    async () => {
      const reactor = new RawReactor(backend)
      const name = `\0pollux-test-${process.pid}-${backend}`
      const listener = listenUnix(reactor, name)
      expect(reactor.native.localAddress(listener)).toEqual({ family: 'Unix', path: name })
      // Not node:net: its older versions pad the name.
      const client = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
      ok(reactor.native.connectUnix(client, name, true))
      const socket = await reactor.awaitAccept(listener)
      reactor.write(client, 'hello')
      expect(String(await reactor.awaitBytes(socket, 5))).toBe('hello')
    },
  )

  it('with fifty peers at once keeps their bytes apart', async () => {
    const server = serveTcp(backend, { echo: true })
    const connections = await server.connectMany(50)
    const streams = connections.map(() => noise(20_000))
    await Promise.all(connections.map(({ peer }, i) => peer.send(streams[i])))
    await Promise.all(connections.map(({ peer }, i) => peer.expectBytes(streams[i])))
  })

  it('is counted: sockets, bytes both ways, and when they moved', async () => {
    const server = serveTcp(backend, { echo: true })
    const { reactor } = server
    const { peer, socket } = await server.connect()
    const opened = reactor.column(socket, 'LAST_ACTIVITY_MS')
    await peer.send(noise(1000))
    await peer.awaitBytes(1000)
    expect(reactor.counter('accepted')).toBe(1)
    expect(reactor.counter('openSockets')).toBe(2)
    expect(reactor.counter('bytesRead')).toBe(1000)
    expect(reactor.counter('bytesWritten')).toBe(1000)
    expect(reactor.column(socket, 'BYTES_READ')).toBe(1000)
    expect(reactor.column(socket, 'BYTES_WRITTEN')).toBe(1000)
    expect(reactor.column(socket, 'QUEUED')).toBe(0)
    expect(reactor.column(socket, 'LAST_ACTIVITY_MS')).toBeGreaterThanOrEqual(opened)
    expect(reactor.column(socket, 'LAST_ACTIVITY_MS')).toBeLessThanOrEqual(reactor.native.now())
  })

  it('names its backend, its addresses and its descriptor', async () => {
    const server = serveTcp(backend)
    const { peer, socket } = await server.connect()
    const { native } = server.reactor
    expect(native.backend).toBe(backend)
    const here = { family: 'IPv4', address: '127.0.0.1', scopeId: 0 }
    expect(native.localAddress(socket)).toEqual({ ...here, port: server.port })
    expect(native.remoteAddress(socket)).toEqual({ ...here, port: peer.socket.localPort })
    expect(ok(native.fd(socket))).toBeGreaterThan(2)
  })
})
