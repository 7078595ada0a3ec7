// TLS clients, against servers of node:tls.
import { createServer as createPlainServer, type Socket } from 'node:net'
import { createServer, type TlsOptions as NodeOptions, type TLSSocket } from 'node:tls'
import { type Connection, type ConnectionInit, connect, lines, type TlsOptions } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { needs } from '../../../native-poll/test/support/needs.js'
import { HAS_OPENSSL, makeCertificates } from '../support/certificates.js'
import { BACKENDS, eventually, expectSameBytes, noise, patiently } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised } from '../support/serving.js'

describe('a TLS client', needs(HAS_OPENSSL, 'openssl'), () => {
  leaveNothingBehind()
  const certificates = HAS_OPENSSL ? makeCertificates() : (undefined as never)
  const { ca, server: identity, other, client } = certificates ?? {}

  const closing: (() => void)[] = []
  afterEach(() => {
    for (const close of closing.splice(0)) close()
  })

  /** An echo server of node:tls. */
  async function listening(
    options: NodeOptions = {},
    each: (socket: TLSSocket) => void = (socket) => socket.pipe(socket),
  ) {
    const server = createServer({ ...identity, ...options })
    const sockets = new Set<TLSSocket>()
    const wires = new Set<Socket>()
    server.on('connection', (socket) => wires.add(socket))
    server.on('tlsClientError', () => {})
    server.on('secureConnection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      each(socket)
    })
    await patiently(new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)), 'the server')
    closing.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return { port: (server.address() as { port: number }).port, wires }
  }

  const connectTo = (port: number, tls: TlsOptions = {}, init: ConnectionInit = {}, host = 'localhost') =>
    connect({ host, port }, { loop: loopOn(BACKENDS[0]), tls: { ca, ...tls }, open() {}, data() {}, ...init })

  it.each(BACKENDS)('exchanges megabytes on %s', async (backend) => {
    const { port } = await listening()
    const received: Buffer[] = []
    const closed = promised<unknown>()
    const conn = await connectTo(
      port,
      {},
      {
        loop: loopOn(backend),
        data: (_conn, chunk) => void received.push(chunk),
        close: (_conn, error) => closed.resolve(error),
      },
    )
    const bytes = noise(4_000_000)
    conn.end(bytes)
    expect(await patiently(closed.promise, 'the close')).toBe(undefined)
    expectSameBytes(Buffer.concat(received), bytes)
    expect(conn.closeReason).toBe('ended')
  })

  it('is open when its promise is kept, with the handshake done', async () => {
    const { port } = await listening({ ALPNProtocols: ['mine'] })
    const order: string[] = []
    const conn = await connectTo(port, { ALPNProtocols: ['mine'] }, { open: () => void order.push('open') })
    order.push('kept')
    expect(order).toEqual(['open', 'kept'])
    expect(conn.secure).toMatchObject({ authorized: true, alpnProtocol: 'mine', protocol: 'TLSv1.3' })
    expect(conn.secure?.peerCertificate?.subject.CN).toBe('localhost')
    conn.destroy()
  })

  it('has a codec as ever, and is iterated over', async () => {
    const { port } = await listening()
    const conn = await connect<unknown, string, string>(
      { host: 'localhost', port },
      { loop: loopOn(BACKENDS[0]), tls: { ca }, codec: lines(), open() {} },
    )
    conn.send('one')
    conn.send('two')
    conn.end()
    const all: string[] = []
    for await (const line of conn) all.push(line)
    expect(all).toEqual(['one', 'two'])
  })

  it('checks the name: that of the host, or the one that it is told', async () => {
    const { port } = await listening()
    const byAddress = await connectTo(port, {}, {}, '127.0.0.1')
    expect(byAddress.secure?.authorized).toBe(true)
    byAddress.destroy()
    await expect(connectTo(port, { servername: 'other.test' })).rejects.toMatchObject({
      name: 'TlsError',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    const named = await listening(other)
    const conn = await connectTo(named.port, { servername: 'other.test' })
    expect(conn.secure?.authorized).toBe(true)
    conn.destroy()
    const excused = await connectTo(named.port, { checkServerIdentity: () => undefined })
    excused.destroy()
  })

  it('believes no certificate that nobody vouches for, unless it is told to', async () => {
    const { port } = await listening()
    await expect(connectTo(port, { ca: [] })).rejects.toMatchObject({
      name: 'TlsError',
      code: expect.stringMatching(/CERT|ISSUER|SIGNATURE/),
    })
    const conn = await connectTo(port, { ca: [], rejectUnauthorized: false })
    expect(conn.secure).toMatchObject({
      authorized: false,
      authorizationError: expect.stringMatching(/[A-Z_]+/),
    })
    conn.destroy()
  })

  it('shows a certificate of its own', async () => {
    const names: unknown[] = []
    const { port } = await listening({ ca, requestCert: true }, (socket) => {
      names.push(socket.getPeerCertificate().subject.CN)
      socket.end('hello')
    })
    const closed = promised()
    await connectTo(port, client, { close: () => closed.resolve() })
    await patiently(closed.promise, 'the close')
    expect(names).toEqual(['alice'])
  })

  it('resumes a session', async () => {
    const { port } = await listening({}, (socket) => void socket.write('hello'))
    const session = promised<Buffer>()
    const first = await connectTo(port, { onSession: session.resolve })
    const known = await patiently(session.promise, 'the session')
    first.destroy()
    const second = await connectTo(port, { session: known })
    expect(second.secure?.isSessionReused).toBe(true)
    expect(first.secure?.isSessionReused).toBe(false)
    second.destroy()
  })

  it('is rejected where the other end speaks no TLS, closes, or says nothing', async () => {
    const plain = createPlainServer()
    const answers = [(socket: { write(text: string): void }) => socket.write('220 hello\r\n')]
    const sockets = new Set<{ destroy(): void }>()
    plain.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      answers.shift()?.(socket)
    })
    await patiently(new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve)), 'the server')
    closing.push(() => {
      for (const socket of sockets) socket.destroy()
      plain.close()
    })
    const { port } = plain.address() as { port: number }
    await expect(connectTo(port)).rejects.toMatchObject({
      name: 'TlsError',
      code: expect.stringMatching(/^ERR_SSL_/),
    })
    answers.push((socket) => (socket as unknown as { end(): void }).end())
    await expect(connectTo(port)).rejects.toMatchObject({ name: 'TlsError' })
    answers.push((socket) => (socket as unknown as { resetAndDestroy(): void }).resetAndDestroy())
    await expect(connectTo(port)).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET|ERR_POLLUX_TLS/),
    })
    await expect(connectTo(port, { handshakeTimeoutMs: 30 })).rejects.toMatchObject({
      code: 'ERR_POLLUX_HANDSHAKE_TIMEOUT',
    })
    const stopped = new AbortController()
    const giving = connect(
      { host: '127.0.0.1', port, signal: stopped.signal },
      { loop: loopOn(BACKENDS[0]), tls: { ca }, data() {} },
    )
    await eventually('a connection', () => sockets.size === 5)
    stopped.abort(new Error('enough'))
    await expect(giving).rejects.toThrow('enough')
  })

  it('fails with the connection when the server resets it', async () => {
    const { port, wires } = await listening()
    const closed = promised<[Connection['closeReason'], unknown]>()
    await connectTo(port, {}, { close: (conn, error) => closed.resolve([conn.closeReason, error]) })
    for (const wire of wires) wire.resetAndDestroy()
    const [reason, error] = await patiently(closed.promise, 'the close')
    expect(reason).toBe('peer_reset')
    expect(error).toMatchObject({ code: 'ECONNRESET' })
  })
})
