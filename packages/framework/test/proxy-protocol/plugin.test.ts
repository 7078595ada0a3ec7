// The PROXY protocol between a proxy and handlers: who is believed, and what becomes of what comes with it.
import { BlockList } from 'node:net'
import { join } from 'node:path'
import {
  type AnyConnection,
  connect,
  encodeProxyHeader,
  lines,
  type Plugin,
  type ProxyProtocolOptions,
  proxyHeaderOf,
  proxyProtocol,
  type ServerInit,
  type SocketAddress,
  sendProxyHeader,
} from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, iteration, Peer, temporaryFolder } from '../support/raw.js'
import { leaveNothingBehind, loopOn, serve } from '../support/serving.js'

leaveNothingBehind()
const folder = temporaryFolder()

const source: SocketAddress = { family: 'IPv4', host: '192.0.2.1', port: 56324 }
const destination: SocketAddress = { family: 'IPv4', host: '198.51.100.2', port: 443 }
const LINE = 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n'
const TRUSTED: ProxyProtocolOptions = { trusted: ['127.0.0.1'] }

interface Seen {
  opened: AnyConnection[]
  errors: unknown[]
  closed: string[]
}

/** A server that answers each connection with the client's address, and echoes. */
async function behindProxy(
  options: ProxyProtocolOptions,
  init: Partial<ServerInit> = {},
  target?: Parameters<typeof serve>[1],
) {
  const seen: Seen = { opened: [], errors: [], closed: [] }
  const watch: Plugin = {
    name: 'watch',
    error: (_conn, error) => void seen.errors.push(error),
    close: (_conn, reason) => void seen.closed.push(reason),
  }
  const plugin = proxyProtocol(options)
  const service = await serve(
    {
      loop: loopOn(BACKENDS[0]),
      open(conn) {
        seen.opened.push(conn)
        const { remoteAddress } = conn
        conn.write(remoteAddress && 'host' in remoteAddress ? `${remoteAddress.host} ` : 'nobody ')
      },
      data: (conn, chunk) => conn.write(chunk),
      ...init,
      plugins: [plugin, watch, ...(init.plugins ?? [])],
    },
    target,
  )
  return { service, plugin, seen, connect: () => service.connect() }
}

describe.each(BACKENDS)('a trusted proxy on %s', (backend) => {
  it.each([
    ['1', Buffer.from(LINE)],
    ['2', encodeProxyHeader({ source, destination, uniqueId: Buffer.from('7'), crc32c: true })],
  ])('is believed, version %s, wherever its header is split', async (_, header) => {
    const { plugin, seen, connect } = await behindProxy(TRUSTED, { loop: loopOn(backend) })
    let connections = 0
    for (let at = 1; at <= header.length; at += 5) {
      const peer = await connect()
      await peer.send(header.subarray(0, at))
      for (let i = 0; i < 3; i++) await iteration()
      await peer.send(Buffer.concat([header.subarray(at), Buffer.from('hello')]))
      await peer.expectBytes('192.0.2.1 hello')
      peer.socket.destroy()
      connections++
    }
    expect(plugin.believed).toBe(connections)
    expect(seen.opened[0].localAddress).toEqual(destination)
  })

  it('byte by byte, with a codec', async () => {
    const header = encodeProxyHeader({ source, destination, crc32c: true })
    const { server } = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: lines(),
      plugins: [proxyProtocol(TRUSTED)],
      message: (conn, line) => conn.send(`${(conn.remoteAddress as { host: string }).host} ${line}`),
    })
    const peer = await Peer.connect({ host: '127.0.0.1', port: (server.address as { port: number }).port })
    for (const byte of Buffer.concat([header, Buffer.from('one\ntwo\n')])) {
      await peer.send(Buffer.from([byte]))
      await iteration()
    }
    await peer.expectBytes('192.0.2.1 one\n192.0.2.1 two\n')
  })
})

describe('the header of a proxy', () => {
  it('leaves the real addresses readable, and says the rest', async () => {
    const { seen, connect } = await behindProxy(TRUSTED)
    const peer = await connect()
    await peer.send(encodeProxyHeader({ source, destination, authority: 'example.org' }))
    await peer.expectBytes('192.0.2.1 ')
    const [conn] = seen.opened
    expect(conn.socket.remoteAddress).toMatchObject({ host: '127.0.0.1', port: peer.socket.localPort })
    expect(conn.socket.localAddress).toMatchObject({ host: '127.0.0.1', port: peer.socket.remotePort })
    expect(proxyHeaderOf(conn)).toMatchObject({ version: 2, authority: 'example.org', source })
  })

  it.each([
    ['of a health check', encodeProxyHeader({})],
    ['that knows nothing', encodeProxyHeader({ version: 1 })],
  ])('%s leaves the addresses as they are', async (_, header) => {
    const { seen, connect } = await behindProxy(TRUSTED)
    const peer = await connect()
    await peer.send(Buffer.concat([header, Buffer.from('hi')]))
    await peer.expectBytes('127.0.0.1 hi')
    expect(proxyHeaderOf(seen.opened[0])?.source).toBe(undefined)
  })

  it.each([
    ['is none', 'GET / HTTP/1.1\r\n\r\n', 'ERR_POLLUX_MALFORMED_FRAME'],
    ['is malformed', 'PROXY TCP4 nobody\r\n', 'ERR_POLLUX_MALFORMED_FRAME'],
    ['is too long', `PROXY UNKNOWN ${'x'.repeat(200)}`, 'ERR_POLLUX_FRAME_TOO_LONG'],
  ])('that %s closes the connection before it is opened', async (_, bytes, code) => {
    const { service, plugin, seen, connect } = await behindProxy(TRUSTED)
    const peer = await connect()
    await peer.send(bytes)
    await peer.awaitClosedOrEnded()
    await eventually('the close', () => seen.closed.length === 1)
    expect(seen.closed).toEqual(['proxy_header'])
    expect(seen.errors).toEqual([expect.objectContaining({ name: 'CodecError', code })])
    expect(seen.opened).toEqual([])
    expect(plugin.failed).toBe(1)
    expect(service.server.statistics.closed).toEqual(new Map([['proxy_header', 1]]))
    expect(peer.bytes.length).toBe(0)
  })

  it('that never comes closes the connection in time', async () => {
    const { plugin, seen, connect } = await behindProxy({ ...TRUSTED, timeoutMs: 20 })
    const peer = await connect()
    await peer.send(LINE.slice(0, 10))
    await peer.awaitClosedOrEnded()
    await eventually('the close', () => seen.closed.length === 1)
    expect(seen.closed).toEqual(['proxy_header'])
    expect(seen.errors).toEqual([expect.objectContaining({ code: 'ERR_POLLUX_HANDSHAKE_TIMEOUT' })])
    expect(plugin.failed).toBe(1)
  })

  it('that ends half way is an error, and a look whether anybody listens is none', async () => {
    const { plugin, seen, connect } = await behindProxy(TRUSTED)
    const looks = await connect()
    await looks.end()
    await looks.awaitClosedOrEnded()
    await eventually('the close', () => seen.closed.length === 1)
    const stops = await connect()
    await stops.send(LINE.slice(0, 20))
    await stops.end()
    await stops.awaitClosedOrEnded()
    await eventually('the close', () => seen.closed.length === 2)
    const resets = await connect()
    await resets.send(LINE.slice(0, 20))
    await resets.reset()
    await eventually('the close', () => seen.closed.length === 3)
    expect(seen.closed).toEqual(['ended', 'proxy_header', 'peer_reset'])
    expect(plugin.failed).toBe(1)
    expect(seen.opened).toEqual([])
  })

  it('can be left out where it is not required', async () => {
    const { plugin, connect } = await behindProxy({ ...TRUSTED, required: false })
    const without = await connect()
    await without.send('PRIVATE')
    await without.expectBytes('127.0.0.1 PRIVATE')
    const withOne = await connect()
    await withOne.send(`${LINE}hi`)
    await withOne.expectBytes('192.0.2.1 hi')
    expect([plugin.missing, plugin.believed]).toEqual([1, 1])
  })

  it('comes before the plugins behind, which see the addresses that it says', async () => {
    const asked: unknown[] = []
    const closed: string[] = []
    const gate: Plugin = {
      name: 'gate',
      accept(conn) {
        const { host } = conn.remoteAddress as { host: string }
        asked.push(host)
        return host === '192.0.2.1' ? 'denied' : undefined
      },
      close: (_conn, reason) => void closed.push(reason),
    }
    const { service, seen, connect } = await behindProxy(TRUSTED, { plugins: [gate] })
    const denied = await connect()
    await denied.send(`${LINE}hi`)
    await denied.awaitClosed()
    const other = await connect()
    await other.send('PROXY TCP4 192.0.2.9 198.51.100.2 56324 443\r\n')
    await other.expectBytes('192.0.2.9 ')
    const never = await connect()
    await never.send('nonsense')
    await never.awaitClosedOrEnded()
    await eventually('the closes', () => seen.closed.length === 2)
    expect(asked).toEqual(['192.0.2.1', '192.0.2.9'])
    expect(service.server.statistics.refused.get('denied')).toBe(1)
    // It has refused the first, the second is open, and it was never asked for the last.
    expect(closed).toEqual([])
  })

  it('finds a connection that a plugin in front has closed meanwhile', async () => {
    let conn: AnyConnection | undefined
    const early: Plugin = {
      name: 'early',
      accept(connection) {
        conn = connection
        return undefined
      },
    }
    const plugin = proxyProtocol(TRUSTED)
    const service = await serve({ loop: loopOn(BACKENDS[0]), plugins: [early, plugin], data: () => {} })
    const peer = await service.connect()
    await eventually('the connection', () => conn !== undefined)
    await peer.send(LINE.slice(0, 10))
    conn?.destroy()
    await peer.awaitClosedOrEnded()
    expect(plugin.failed).toBe(0)
  })
})

describe('a peer that is not trusted', () => {
  it('is refused', async () => {
    const { service, seen, connect } = await behindProxy({ trusted: ['192.0.2.0/24', '2001:db8::/32'] })
    // The reset may come before the peer knows that it is connected.
    const code = await connect().then(
      (peer) => peer.awaitClosed().then(() => peer.errorCode),
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect(code).toBe('ECONNRESET')
    expect(service.server.statistics.refused.get('not_allowed')).toBe(1)
    expect(seen.opened).toEqual([])
  })

  it('is an ordinary one where the option says so, and its header is its own', async () => {
    const { plugin, seen, connect } = await behindProxy({ trusted: new BlockList(), untrusted: 'ordinary' })
    const peer = await connect()
    await peer.send(LINE)
    await peer.expectBytes(`127.0.0.1 ${LINE}`)
    expect(proxyHeaderOf(seen.opened[0])).toBe(undefined)
    expect(plugin.believed).toBe(0)
  })

  it('comes by a Unix socket, unless those are trusted', async () => {
    const refusing = await behindProxy({ trusted: ['::/0'] }, {}, { path: join(folder, 'not-trusted') })
    await refusing.connect().catch(() => undefined)
    await eventually('the refusal', () => refusing.service.server.statistics.refused.has('not_allowed'))
    const trusting = await behindProxy({ trusted: ['unix'] }, {}, { path: join(folder, 'trusted') })
    const peer = await trusting.connect()
    await peer.send(LINE)
    await peer.expectBytes('192.0.2.1 ')
  })
})

describe('a proxy of ours', () => {
  it('sends a header before anything else', async () => {
    const { seen, service } = await behindProxy(TRUSTED)
    let answer = ''
    const conn = await connect(
      { host: '127.0.0.1', port: service.port },
      {
        loop: loopOn(BACKENDS[0]),
        plugins: [sendProxyHeader(() => ({ source, destination, authority: 'example.org' }))],
        open: (conn) => conn.write('hello'),
        data: (_conn, chunk) => {
          answer += chunk
        },
      },
    )
    await eventually('the answer', () => answer === '192.0.2.1 hello')
    expect(proxyHeaderOf(seen.opened[0])?.authority).toBe('example.org')
    conn.end()
  })
})

describe('proxyProtocol', () => {
  it.each<[string, unknown, RegExp]>([
    ['no options', undefined, /options/],
    ['no list', {}, /trusted/],
    ['a list of nonsense', { trusted: ['here'] }, /trusted\[0\]/],
    ['another word for untrusted', { trusted: [], untrusted: 'maybe' }, /untrusted/],
    ['a header of 15 bytes', { trusted: [], maxHeaderBytes: 15 }, /maxHeaderBytes/],
    ['a negative time', { trusted: [], timeoutMs: -1 }, /timeoutMs/],
    ['a text for a yes', { trusted: [], required: 'yes' }, /required/],
  ])('refuses %s', (_, options, words) => {
    expect(() => proxyProtocol(options as ProxyProtocolOptions)).toThrow(words)
  })
})
