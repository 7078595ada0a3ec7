// TLS servers, seen by node:tls: all that works over a plain socket works over TLS.

import { pipeline } from 'node:stream/promises'
import type { SecureVersion } from 'node:tls'
import {
  type Connection,
  encodeProxyHeader,
  lines,
  proxyProtocol,
  type ServerInit,
  type TlsOptions,
  toDuplex,
} from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { needs } from '../../../native-poll/test/support/needs.js'
import { HAS_OPENSSL, makeCertificates } from '../support/certificates.js'
import { BACKENDS, eventually, expectSameBytes, iteration, noise, Peer, patiently } from '../support/raw.js'
import { echo, expectEcho, leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'
import { connectTls } from '../support/tls_peer.js'

describe('a TLS server', needs(HAS_OPENSSL, 'openssl'), () => {
  leaveNothingBehind()
  const certificates = HAS_OPENSSL ? makeCertificates() : (undefined as never)
  const { ca, server: identity } = certificates ?? {}

  /** A server whose only connection is handed out once it is open. */
  async function serving(init: Partial<ServerInit> = {}, tls: TlsOptions = {}) {
    const opened = promised<Connection>()
    const closed = promised<[string | undefined, unknown]>()
    const service = await serve({
      loop: loopOn(BACKENDS[0]),
      tls: { ...identity, ...tls },
      open: (conn) => opened.resolve(conn),
      close: (conn, error) => closed.resolve([conn.closeReason, error]),
      ...echo,
      ...init,
    } as ServerInit)
    return {
      service,
      conn: () => patiently(opened.promise, 'the connection'),
      closed: () => patiently(closed.promise, 'the close'),
      connect: (options = {}) => connectTls(service.port, { ca, ...options }),
    }
  }

  describe.each(BACKENDS)('on %s', (backend) => {
    it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
      'echoes over %s, and ends after the peer',
      async (version) => {
        const { connect, closed, service } = await serving({ loop: loopOn(backend) })
        const peer = await connect({ minVersion: version, maxVersion: version })
        await expectEcho(peer, Buffer.from('x'))
        await expectEcho(peer, noise(3_000_000))
        await peer.end()
        await peer.awaitEnd()
        expect(await closed()).toEqual(['ended', undefined])
        expect(service.server.statistics.bytesReceived).toBeGreaterThan(3_000_000)
      },
    )

    it('speaks in messages', async () => {
      const service = await serve({
        loop: loopOn(backend),
        tls: identity,
        codec: lines(),
        async message(conn, line) {
          await iteration()
          conn.send(line.toUpperCase())
        },
      })
      const peer = await connectTls(service.port, { ca })
      await peer.send('one\ntwo\nthr')
      await peer.send('ee\n')
      await peer.end()
      await peer.awaitEnd()
      await peer.expectBytes('ONE\nTWO\nTHREE\n')
    })
  })

  it('opens once the handshake is done, and says what was agreed on', async () => {
    const { connect, conn, service } = await serving({}, { ALPNProtocols: ['mine', 'other'] })
    const plain = await service.connect()
    for (let i = 0; i < 5; i++) await iteration()
    const peer = await connect({ ALPNProtocols: ['other', 'mine'] })
    const { secure } = await conn()
    expect(secure).toMatchObject({
      authorized: false,
      authorizationError: undefined,
      protocol: 'TLSv1.3',
      alpnProtocol: 'mine',
      servername: 'localhost',
      isSessionReused: false,
      peerCertificate: undefined,
      cipher: { name: peer.tls.getCipher().name },
    })
    expect(peer.tls.alpnProtocol).toBe('mine')
    const ours = secure?.exportKeyingMaterial(16, 'test', Buffer.alloc(0))
    expect(peer.tls.exportKeyingMaterial(16, 'test', Buffer.alloc(0)).equals(ours as Buffer)).toBe(true)
    expect((await conn()).remoteAddress).toMatchObject({ port: peer.socket.localPort })
    plain.socket.destroy()
  })

  it('sends what `open` writes, and what is written in one turn', async () => {
    const { connect } = await serving({
      open(conn) {
        for (let i = 0; i < 1000; i++) conn.write(`${i},`)
        conn.end()
      },
    })
    const peer = await connect()
    await peer.awaitEnd()
    expect(peer.bytes.toString()).toBe(Array.from({ length: 1000 }, (_, i) => `${i},`).join(''))
    await peer.end()
  })

  describe('half-closes', () => {
    it('with allowHalfOpen it may speak after the peer', async () => {
      const { connect, conn, closed } = await serving({ allowHalfOpen: true, data: () => {} })
      const peer = await connect()
      await peer.end()
      const connection = await conn()
      for (let i = 0; i < 10; i++) await iteration()
      expect(connection.readyState).toBe('open')
      const answer = noise(2_000_000)
      connection.end(answer)
      await peer.awaitEnd()
      await peer.expectBytes(answer)
      expect(await closed()).toEqual(['ended', undefined])
    })

    it('after its own end it goes on hearing', async () => {
      const heard: Buffer[] = []
      const { connect, conn, closed } = await serving({ data: (_conn, chunk) => void heard.push(chunk) })
      const peer = await connect()
      const connection = await conn()
      connection.end('last words')
      await peer.awaitEnd()
      await peer.expectBytes('last words')
      expect(connection.readyState).toBe('ending')
      const bytes = noise(500_000)
      await peer.send(bytes)
      await peer.end()
      expect(await closed()).toEqual(['ended', undefined])
      expectSameBytes(Buffer.concat(heard), bytes)
    })
  })

  describe('under backpressure', () => {
    it('is told of a peer that reads slowly, once, and of its drain', async () => {
      const drains: number[] = []
      const { connect, conn, service } = await serving({
        highWaterMark: 100_000,
        drain: (conn) => void drains.push(conn.queuedBytes),
      })
      const peer = await connect()
      peer.socket.pause()
      const connection = await conn()
      const piece = noise(16 * 1024)
      let count = 0
      // TLS takes a while for each round, and the kernel some megabytes.
      while (count < 2000) {
        count++
        if (!connection.write(piece)) {
          if (connection.queuedBytes > 300_000) break
          await Promise.race([connection.drained(), iteration()])
        }
      }
      expect(count).toBeLessThan(2000)
      expect(connection.queuedBytes).toBeLessThan(400_000)
      const before = drains.length
      const drained = connection.drained()
      peer.socket.resume()
      await patiently(drained, 'the drain')
      expect(drains.length).toBe(before + 1)
      expect(drains.at(-1)).toBeLessThanOrEqual(25_000)
      connection.end()
      await peer.awaitEnd()
      expectSameBytes(peer.bytes, Buffer.concat(new Array(count).fill(piece)))
      expect(service.server.statistics.drains).toBe(drains.length)
    })

    it('reads no more than a slow handler takes', async () => {
      const gate = promised()
      let received = 0
      const { connect, conn } = await serving({
        async data(_conn, chunk) {
          received += chunk.length
          await gate.promise
        },
      })
      const peer = await connect()
      const connection = await conn()
      const bytes = noise(20_000_000)
      const sending = peer.send(bytes)
      for (let before = -1, same = 0; same < 50; ) {
        await iteration()
        same = before === connection.bytesRead ? same + 1 : 0
        before = connection.bytesRead
      }
      expect(connection.bytesRead).toBeLessThan(1_500_000)
      gate.resolve()
      await sending
      await eventually('all bytes', () => received === bytes.length)
    })

    it('resets a peer that lets the queue grow past its cap', async () => {
      const { connect, conn, closed } = await serving({ highWaterMark: 1000, maxQueuedBytes: 1_000_000 })
      const peer = await connect()
      peer.socket.pause()
      const connection = await conn()
      while (connection.readyState === 'open') {
        connection.write(noise(100_000))
        await iteration()
      }
      expect(await closed()).toEqual([
        'queue_full',
        expect.objectContaining({ code: 'ERR_POLLUX_QUEUE_FULL' }),
      ])
    })
  })

  describe('with adapters', () => {
    it('is iterated over in `open`', async () => {
      const service = await serve({
        loop: loopOn(BACKENDS[0]),
        tls: identity,
        codec: lines(),
        async open(conn) {
          let count = 0
          for await (const line of conn) {
            count++
            conn.send(line.toUpperCase())
          }
          conn.send(`${count} lines`)
        },
      })
      const peer = await connectTls(service.port, { ca })
      await peer.send('one\ntwo\n')
      await peer.end()
      await peer.awaitEnd()
      await peer.expectBytes('ONE\nTWO\n2 lines\n')
      await eventually('the close', () => service.server.connections === 0)
    })

    it('is a Duplex', async () => {
      const { connect, closed } = await serving({
        data: undefined,
        async open(conn) {
          const stream = toDuplex(conn)
          await pipeline(stream, stream)
        },
      })
      const peer = await connect()
      await expectEcho(peer, noise(2_000_000))
      await peer.end()
      await peer.awaitEnd()
      expect(await closed()).toEqual(['ended', undefined])
    })
  })

  it('has idle timeouts', async () => {
    const { connect, closed } = await serving({ idleTimeoutMs: 30 })
    const peer = await connect()
    await peer.awaitClosedOrEnded()
    expect(await closed()).toEqual([
      'idle_timeout',
      expect.objectContaining({ code: 'ERR_POLLUX_IDLE_TIMEOUT' }),
    ])
  })

  it('destroys, resets and is reset as ever', async () => {
    const destroying = await serving()
    const first = await destroying.connect()
    ;(await destroying.conn()).destroy()
    await first.awaitClosedOrEnded()
    expect(await destroying.closed()).toEqual(['destroyed', undefined])
    const resetting = await serving()
    const second = await resetting.connect()
    ;(await resetting.conn()).reset()
    await second.awaitClosed()
    expect(second.errorCode).toBe('ECONNRESET')
    expect(await resetting.closed()).toEqual(['reset', undefined])
    const closing = await serving({ data: () => {} })
    const third = await closing.connect()
    ;(await closing.conn()).write('x')
    await third.expectBytes('x')
    await closing.service.server.close({ deadlineMs: 0 })
    expect(await closing.closed()).toEqual(['shutdown', undefined])
  })

  it('costs its own connection when a handler throws', async () => {
    const error = new Error('no')
    const errors: unknown[] = []
    const { connect, closed } = await serving({
      data() {
        throw error
      },
      error: (_conn, what) => void errors.push(what),
    })
    const peer = await connect()
    await peer.send('x')
    await peer.awaitClosedOrEnded()
    expect(await closed()).toEqual(['handler_error', error])
    expect(errors).toEqual([error])
  })

  it('takes the header of a proxy before the handshake', async () => {
    const { service, conn } = await serving({ plugins: [proxyProtocol({ trusted: ['127.0.0.1'] })] })
    const raw = await Peer.connect({ host: '127.0.0.1', port: service.port })
    raw.socket.removeAllListeners('data')
    const source = { family: 'IPv4', host: '192.0.2.1', port: 1 } as const
    await raw.send(encodeProxyHeader({ source, destination: { ...source, port: 2 } }))
    const peer = await connectTls(0, { ca, socket: raw.socket } as never)
    expect((await conn()).remoteAddress).toEqual(source)
    await expectEcho(peer, noise(100_000))
    await peer.end()
  })
})
