// STARTTLS: from plain bytes to TLS in mid-stream, and nothing of the one is taken for the other.
import { createServer, type Socket } from 'node:net'
import { connect as connectNodeTls, TLSSocket } from 'node:tls'
import { type Connection, connect, lines, type ServerInit } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { needs } from '../../../native-poll/test/support/needs.js'
import { HAS_OPENSSL, makeCertificates } from '../support/certificates.js'
import { BACKENDS, eventually, noise, Peer, patiently } from '../support/raw.js'
import { expectEcho, leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'

describe('startTls', needs(HAS_OPENSSL, 'openssl'), () => {
  leaveNothingBehind()
  const certificates = HAS_OPENSSL ? makeCertificates() : (undefined as never)
  const { ca, server: identity } = certificates ?? {}

  type Lines = Connection<unknown, string, string>
  const upgrading = (init: Partial<ServerInit<unknown, string, string>> = {}) =>
    serve<unknown, string, string>({
      loop: loopOn(BACKENDS[0]),
      codec: lines(),
      async message(conn, line) {
        if (line === 'STARTTLS') {
          conn.send('220 go ahead')
          await conn.startTls(identity)
          conn.send(`welcome over ${conn.secure?.protocol}`)
        } else {
          conn.send(`${conn.secure === undefined ? 'plain' : 'safe'} ${line}`)
        }
      },
      ...init,
    })

  /** The peer goes on with TLS over the same socket. */
  async function overTls(raw: Peer): Promise<Peer> {
    raw.socket.removeAllListeners('data')
    const socket = connectNodeTls({ socket: raw.socket, ca, servername: 'localhost' })
    const peer = new Peer(socket)
    await patiently(new Promise<void>((resolve) => socket.once('secureConnect', resolve)), 'the handshake')
    return peer
  }

  it.each(BACKENDS)('turns a server to TLS on %s, with its codec', async (backend) => {
    const service = await upgrading({ loop: loopOn(backend) })
    const raw = await service.connect()
    await raw.send('hello\nSTARTTLS\n')
    await raw.expectBytes('plain hello\n220 go ahead\n')
    const peer = await overTls(raw)
    await peer.expectBytes('welcome over TLSv1.3\n')
    await peer.send('again\nand again\n')
    await peer.expectBytes('welcome over TLSv1.3\nsafe again\nsafe and again\n')
    await peer.end()
    await peer.awaitEnd()
    await eventually('the close', () => service.server.connections === 0)
    expect(service.server.statistics.closed).toEqual(new Map([['ended', 1]]))
  })

  it('takes what was sent ahead for the handshake, and never for a message', async () => {
    const messages: string[] = []
    const service = await upgrading({
      async message(conn, line) {
        messages.push(line)
        conn.send('220 go ahead')
        await conn.startTls(identity)
      },
    })
    const raw = await service.connect()
    // What an attacker slips in between must not be heard once the connection is taken for safe (CVE-2011-0411).
    await raw.send('STARTTLS\nDELETE everything\n')
    await raw.awaitClosedOrEnded()
    await eventually('the close', () => service.server.connections === 0)
    expect(messages).toEqual(['STARTTLS'])
    expect(service.server.statistics.closed.get('tls_error')).toBe(1)
  })

  it('takes a handshake that comes in the same piece as the message before it', async () => {
    const service = await upgrading()
    const held: Buffer[] = []
    const raw = await service.connect()
    // A proxy that collects what the client of TLS sends first.
    const relay = createServer()
    await patiently(new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve)), 'the relay')
    const { port } = relay.address() as { port: number }
    const accepted = new Promise<Socket>((resolve) => relay.once('connection', resolve))
    const client = await Peer.connect({ host: '127.0.0.1', port })
    const inner = await accepted
    const first = new Promise<void>((resolve) => {
      inner.once('data', (chunk) => {
        held.push(chunk)
        resolve()
      })
    })
    const shaking = overTls(client)
    await first
    await raw.send(Buffer.concat([Buffer.from('STARTTLS\n'), ...held]))
    await raw.awaitBytes('220 go ahead\n'.length)
    raw.socket.removeAllListeners('data')
    inner.write(raw.bytes.subarray('220 go ahead\n'.length))
    inner.pipe(raw.socket).pipe(inner)
    const peer = await shaking
    await peer.expectBytes('welcome over TLSv1.3\n')
    await expectEchoOfLine(peer)
    inner.destroy()
    relay.close()
  })

  async function expectEchoOfLine(peer: Peer) {
    const before = peer.bytes.length
    await peer.send('one\n')
    const after = await peer.awaitBytes(before + 'safe one\n'.length)
    expect(after.subarray(before).toString()).toBe('safe one\n')
  }

  it('works within a loop over the messages', async () => {
    const service = await upgrading({
      message: undefined,
      async open(conn) {
        for await (const line of conn) {
          if (line === 'STARTTLS') {
            conn.send('220 go ahead')
            await conn.startTls(identity)
          } else {
            conn.send(`safe ${line}`)
          }
        }
      },
    })
    const raw = await service.connect()
    await raw.send('STARTTLS\n')
    await raw.expectBytes('220 go ahead\n')
    const peer = await overTls(raw)
    await expectEchoOfLine(peer)
    await peer.end()
    await peer.awaitEnd()
  })

  it('turns a client to TLS, against a server that is not ours', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write('220 go ahead\n')
        const tls = new TLSSocket(socket, { isServer: true, ...identity })
        tls.on('error', () => {})
        tls.pipe(tls)
      })
    })
    await patiently(new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)), 'the server')
    const { port } = server.address() as { port: number }
    const closed = promised<string | undefined>()
    const conn: Lines = await connect<unknown, string, string>(
      { host: 'localhost', port },
      {
        loop: loopOn(BACKENDS[0]),
        codec: lines(),
        open() {},
        close: (conn) => closed.resolve(conn.closeReason),
      },
    )
    const messages = conn[Symbol.asyncIterator]()
    conn.send('STARTTLS')
    expect((await messages.next()).value).toBe('220 go ahead')
    await conn.startTls({ ca })
    expect(conn.secure).toMatchObject({ authorized: true, protocol: 'TLSv1.3' })
    conn.send('hello')
    expect((await messages.next()).value).toBe('hello')
    conn.end()
    expect((await messages.next()).done).toBe(true)
    expect(await patiently(closed.promise, 'the close')).toBe('ended')
    await patiently(new Promise((resolve) => server.close(resolve)), 'the server to close')
  })

  it('between two ends of ours carries what is written at once', async () => {
    const received = promised<Buffer>()
    const chunks: Buffer[] = []
    const bytes = noise(2_000_000)
    const service = await serve({
      loop: loopOn(BACKENDS[0]),
      open: (conn) => conn.startTls(identity),
      data: (_conn, chunk) => void chunks.push(chunk),
      end: () => received.resolve(Buffer.concat(chunks)),
    })
    const conn = await connect(
      { host: 'localhost', port: service.port },
      { loop: loopOn(BACKENDS[0]), data() {} },
    )
    const done = conn.startTls({ ca })
    conn.end(bytes)
    await done
    expect((await patiently(received.promise, 'the bytes')).equals(bytes)).toBe(true)
  })

  it('is rejected with what failed the handshake, also by its end', async () => {
    const outcome = promised<unknown>()
    const service = await upgrading({
      async message(conn) {
        conn.send('220 go ahead')
        await conn.startTls({ ...identity, handshakeTimeoutMs: 1000 }).catch(outcome.resolve)
      },
    })
    const raw = await service.connect()
    await raw.send('STARTTLS\n')
    await raw.expectBytes('220 go ahead\n')
    await raw.send('no, thank you\n')
    expect(await patiently(outcome.promise, 'the outcome')).toMatchObject({ name: 'TlsError' })
    await raw.awaitClosedOrEnded()
  })

  it('is given up by a peer that never begins', async () => {
    const outcome = promised<unknown>()
    const service = await upgrading({
      message: (conn) => conn.startTls({ ...identity, handshakeTimeoutMs: 30 }).catch(outcome.resolve),
    })
    const raw = await service.connect()
    await raw.send('STARTTLS\n')
    expect(await patiently(outcome.promise, 'the outcome')).toMatchObject({
      code: 'ERR_POLLUX_HANDSHAKE_TIMEOUT',
    })
    await raw.awaitClosedOrEnded()
  })

  it('can not be called twice, nor on a connection that is closed', async () => {
    const opened = promised<Connection>()
    const service = await serve({
      loop: loopOn(BACKENDS[0]),
      tls: identity,
      open: (conn) => opened.resolve(conn),
      data: (conn, chunk) => conn.write(chunk),
    })
    const peer = await overTls(await service.connect())
    const conn = await patiently(opened.promise, 'the connection')
    await expect(conn.startTls(identity)).rejects.toMatchObject({ code: 'ERR_POLLUX_TLS' })
    await expect(conn.startTls(undefined as never)).rejects.toThrow(/tls/)
    await expectEcho(peer, noise(100))
    conn.destroy()
    await expect(conn.startTls(identity)).rejects.toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
  })
})
