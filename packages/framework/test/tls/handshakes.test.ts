// Handshakes: who is let in, what fails, and that a server outlives it all.
import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { type AnyConnection, createServer, type Plugin, type TlsOptions } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { needs } from '../../../native-poll/test/support/needs.js'
import { HAS_OPENSSL, makeCertificates } from '../support/certificates.js'
import { BACKENDS, eventually, noise, patiently } from '../support/raw.js'
import { expectEcho, leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'
import { connectTls, failureOf } from '../support/tls_peer.js'

describe('a TLS handshake', needs(HAS_OPENSSL, 'openssl'), () => {
  leaveNothingBehind()
  const certificates = HAS_OPENSSL ? makeCertificates() : (undefined as never)
  const { ca, server: identity, other, client, stranger } = certificates ?? {}

  /** An echo server, and what it has seen. */
  async function serving(tls: TlsOptions = {}, init: { handshakeTimeoutMs?: number } = {}) {
    const opened: AnyConnection[] = []
    const closed: string[] = []
    const errors: unknown[] = []
    const watch: Plugin = {
      name: 'watch',
      error: (_conn, error) => void errors.push(error),
      close: (_conn, reason) => void closed.push(reason),
    }
    const service = await serve({
      loop: loopOn(BACKENDS[0]),
      tls: { ...identity, ...tls },
      plugins: [watch],
      open: (conn) => void opened.push(conn),
      data: (conn, chunk) => conn.write(chunk),
      ...init,
    })
    const stillServes = async (options = {}) => {
      const peer = await connectTls(service.port, { ca, ...options })
      await expectEcho(peer, noise(1000))
      await peer.end()
      await peer.awaitEnd()
    }
    const { server, port } = service
    return { service, server, port, opened, closed, errors, stillServes }
  }

  describe('that fails', () => {
    it.each([
      ['is none', (bytes: Buffer) => bytes.write('GET / HTTP/1.1\r\n\r\n')],
      ['is noise', (bytes: Buffer) => noise(bytes.length).copy(bytes)],
      ['is nothing but zeros', (bytes: Buffer) => bytes.fill(0).length],
    ])('because it %s closes its connection, is counted, and is all', async (_, fill) => {
      const { service, server, opened, closed, errors, stillServes } = await serving()
      const peer = await service.connect()
      const bytes = Buffer.alloc(1000, 'x')
      fill(bytes)
      await peer.send(bytes)
      await peer.awaitClosedOrEnded()
      await eventually('the close', () => closed.length === 1)
      expect(closed).toEqual(['tls_error'])
      expect(errors).toEqual([
        expect.objectContaining({ name: 'TlsError', code: expect.stringMatching(/^ERR_SSL_/) }),
      ])
      expect(opened).toEqual([])
      await stillServes()
      expect(server.statistics.closed.get('tls_error')).toBe(1)
      expect(server.statistics.handlerErrors).toBe(0)
    })

    it('is told to the client by an alert', async () => {
      const { port, closed, stillServes } = await serving({ minVersion: 'TLSv1.3', ALPNProtocols: ['mine'] })
      expect(await failureOf(connectTls(port, { ca, maxVersion: 'TLSv1.2' }))).toMatch(/PROTOCOL_VERSION/)
      expect(await failureOf(connectTls(port, { ca, ALPNProtocols: ['yours'] }))).toMatch(
        /NO_APPLICATION_PROTOCOL/,
      )
      await eventually('the closes', () => closed.length === 2)
      expect(closed).toEqual(['tls_error', 'tls_error'])
      await stillServes({ ALPNProtocols: ['mine'] })
    })

    it.each([
      ['before it began', 0],
      ['half way', 100],
    ])('because the peer ends %s, or resets', async (_, bytes) => {
      const { service, opened, closed, stillServes } = await serving()
      for (const how of ['end', 'reset'] as const) {
        const peer = await service.connect()
        if (bytes > 0)
          await peer.send(Buffer.concat([Buffer.from('160301020001000', 'hex'), Buffer.alloc(bytes)]))
        await peer[how]()
        await peer.awaitClosedOrEnded()
        await eventually('the close', () => closed.length === (how === 'end' ? 1 : 2))
      }
      expect(closed[0]).toBe('tls_error')
      expect(['tls_error', 'peer_reset']).toContain(closed[1])
      expect(opened).toEqual([])
      await stillServes()
    })

    it('because the peer never finishes it', async () => {
      for (const [tls, init, reason] of [
        [{ handshakeTimeoutMs: 30 }, {}, 'tls_error'],
        [{}, { handshakeTimeoutMs: 30 }, 'handshake_timeout'],
      ] as const) {
        const { service, closed, errors } = await serving(tls, init)
        const peer = await service.connect()
        await peer.send(Buffer.from('160301', 'hex'))
        await peer.awaitClosedOrEnded()
        await eventually('the close', () => closed.length === 1)
        expect(closed).toEqual([reason])
        expect(errors).toEqual([expect.objectContaining({ code: 'ERR_POLLUX_HANDSHAKE_TIMEOUT' })])
      }
    })

    it('because the server closes meanwhile', async () => {
      const { service, server, closed } = await serving()
      const peer = await service.connect()
      await eventually('the connection', () => server.connections === 1)
      await server.close({ deadlineMs: 0 })
      await peer.awaitClosedOrEnded()
      expect(closed).toEqual(['shutdown'])
    })

    it('a hundred times at once, and others are served', async () => {
      const { service, server, stillServes } = await serving()
      const peers = await Promise.all(Array.from({ length: 100 }, () => service.connect()))
      await Promise.all(
        peers.map((peer, i) => (i % 2 === 0 ? peer.send('nonsense\n'.repeat(10)) : peer.reset())),
      )
      await stillServes()
      await eventually('the closes', () => server.connections === 0)
      const { closed, opened } = server.statistics
      expect([...closed.values()].reduce((sum, count) => sum + count)).toBe(opened)
    })

    it('later, with a record that was forged', async () => {
      const { service, opened, closed, errors, stillServes } = await serving()
      const raw = await service.connect()
      raw.socket.removeAllListeners('data')
      const peer = await connectTls(0, { ca, socket: raw.socket } as never)
      await expectEcho(peer, Buffer.from('x'))
      // A record of TLS 1.3 that was encrypted with no key that anybody knows.
      await raw.send(Buffer.concat([Buffer.from('1703030064', 'hex'), noise(100)]))
      await eventually('the close', () => closed.length === 1)
      expect(closed).toEqual(['tls_error'])
      expect(opened.length).toBe(1)
      expect(errors).toEqual([expect.objectContaining({ name: 'TlsError' })])
      peer.socket.destroy()
      await stillServes()
    })
  })

  describe("with clients' certificates", () => {
    const strict = { ca, requestCert: true }

    it('lets those in that the authority vouches for', async () => {
      const { port, opened } = await serving(strict)
      const peer = await connectTls(port, { ca, ...client })
      await expectEcho(peer, noise(1000))
      expect(opened[0].secure).toMatchObject({ authorized: true, authorizationError: undefined })
      expect(opened[0].secure?.peerCertificate?.subject.CN).toBe('alice')
      expect(opened[0].secure?.peerCertificateChain?.issuerCertificate.subject.CN).toBe('Pollux test CA')
      await peer.end()
    })

    it.each([
      ['nobody', {}],
      ['a stranger', stranger ?? {}],
    ])('refuses %s', async (_, who) => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const { port, opened, closed } = await serving(strict)
        const failure = await failureOf(
          connectTls(port, { ca, ...who, minVersion: version, maxVersion: version }),
        )
        expect(failure).toMatch(
          /^(ended|closed during the handshake|ECONNRESET|ERR_SSL_.*(CERTIFICATE|HANDSHAKE).*)$/,
        )
        await eventually('the close', () => closed.length === 1)
        expect(closed).toEqual(['tls_error'])
        expect(opened).toEqual([])
      }
    })

    it('only asks where rejectUnauthorized is off', async () => {
      const { port, opened } = await serving({ ...strict, rejectUnauthorized: false })
      const unknown = await connectTls(port, { ca, ...stranger })
      await expectEcho(unknown, noise(10))
      const nobody = await connectTls(port, { ca })
      await expectEcho(nobody, noise(10))
      expect(opened.map((conn) => conn.secure?.authorized)).toEqual([false, false])
      expect(opened[0].secure?.authorizationError).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    })
  })

  describe('of a client that comes again', () => {
    it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes its session with %s', async (version) => {
      const { port, opened } = await serving({ ca, requestCert: true })
      const options = { ca, ...client, minVersion: version, maxVersion: version }
      const session = promised<Buffer>()
      const first = await connectTls(port, options)
      first.tls.once('session', session.resolve)
      await expectEcho(first, Buffer.from('x'))
      const again = first.tls.getSession()
      const known = version === 'TLSv1.2' ? again : await patiently(session.promise, 'the session')
      await first.end()
      const second = await connectTls(port, { ...options, session: known })
      await expectEcho(second, Buffer.from('y'))
      expect(second.tls.isSessionReused()).toBe(true)
      expect(opened.map((conn) => conn.secure?.isSessionReused)).toEqual([false, true])
      // What was found out then holds now.
      expect(opened[1].secure).toMatchObject({ authorized: true })
      await second.end()
    })
  })

  describe('for several names', () => {
    it('asks for the context of each, and fails where there is none', async () => {
      const { port, opened, closed } = await serving({
        SNICallback: (name, done) => {
          if (name === 'nobody.test') done(new Error('nobody is here'))
          else setImmediate(() => done(null, name === 'other.test' ? createSecureContext(other) : undefined))
        },
      })
      const usual = await connectTls(port, { ca })
      expect(usual.tls.getPeerCertificate().subject.CN).toBe('localhost')
      const named = await connectTls(port, { ca, servername: 'other.test' })
      expect(named.tls.getPeerCertificate().subject.CN).toBe('other.test')
      await expectEcho(named, noise(1000))
      expect(opened.map((conn) => conn.secure?.servername)).toEqual(['localhost', 'other.test'])
      expect(await failureOf(connectTls(port, { ca, servername: 'nobody.test' }))).not.toBe('')
      await eventually('the close', () => closed.length === 1)
      expect(closed).toEqual(['tls_error'])
    })
  })

  describe('after setSecureContext', () => {
    it('has the new certificate, and open connections keep theirs', async () => {
      const { server, port } = await serving()
      const before = await connectTls(port, { ca })
      server.setSecureContext(other)
      const after = await connectTls(port, { ca, servername: 'other.test' })
      expect(after.tls.getPeerCertificate().subject.CN).toBe('other.test')
      await expectEcho(after, noise(1000))
      await expectEcho(before, noise(1000))
    })

    it('stays as it was where the new key is none', async () => {
      const { server, stillServes } = await serving()
      expect(() => server.setSecureContext({ key: 'no key', cert: 'no cert' })).toThrow()
      await stillServes()
      const plain = createServer({ data: () => {}, loop: loopOn(BACKENDS[0]) })
      expect(() => plain.setSecureContext(other)).toThrow(expect.objectContaining({ code: 'ERR_POLLUX_TLS' }))
    })
  })

  it('is understood by openssl s_client', async () => {
    const { port, opened } = await serving({ ca, requestCert: true })
    const at = (name: string) => join(certificates.folder, name)
    const child = spawn('openssl', [
      ...['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-CAfile', at('ca.pem')],
      ...[
        '-cert',
        at('client.pem'),
        '-key',
        at('client.key'),
        '-verify_return_error',
        '-quiet',
        '-no_ign_eof',
      ],
    ])
    let output = ''
    const echoed = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        output += chunk
        if (output === 'hello\n') resolve()
      })
    })
    const exited = new Promise((resolve) => child.once('close', resolve))
    child.stdin.write('hello\n')
    await patiently(echoed, 'the echo')
    child.stdin.end()
    expect(await patiently(exited, 's_client to end')).toBe(0)
    expect(opened[0].secure).toMatchObject({ authorized: true, servername: 'localhost' })
  })

  it.each<[string, unknown]>([
    ['no object', 'yes'],
    ['a key that is none', { key: 'no key', cert: 'no cert' }],
    ['a negative time', { handshakeTimeoutMs: -1 }],
  ])('can not be asked for with %s', (_, tls) => {
    expect(() =>
      createServer({ tls: tls as TlsOptions, data: () => {}, loop: loopOn(BACKENDS[0]) }),
    ).toThrow()
  })

  it('costs nothing where nobody asks for it: node:tls is not loaded', () => {
    const url = new URL('../../dist/index.js', import.meta.url)
    const code = `
      await import(${JSON.stringify(url.href)})
      console.log(process.moduleLoadList.filter((name) => /^NativeModule (tls|_tls_wrap|http)$/.test(name)))`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
    expect(output).toBe('[]\n')
  })
})
