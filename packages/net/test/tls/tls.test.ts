// Clients and servers of node:tls over sockets of ours, with one of Node's own at the other end.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import nodeTls, { type TLSSocket, type TlsOptions } from 'node:tls'
import { promisify } from 'node:util'
import * as net from '@pollux/net'
import * as tls from '@pollux/net/tls'
import { afterEach, describe, expect, it } from 'vitest'
import { makeCertificates } from '../../../framework/test/support/certificates.js'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()

const certificates = makeCertificates()
const identity = { key: certificates.server.key, cert: certificates.server.cert }
const servers: nodeTls.Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) if (server.listening) await promisify(server.close).call(server)
})

type Listener = (socket: TLSSocket) => void

async function listening(
  module: Pick<typeof nodeTls, 'createServer'>,
  listener: Listener,
  options: TlsOptions = {},
) {
  const server = module.createServer({ ...identity, ...options }, listener)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, to: { port, host: '127.0.0.1', servername: 'localhost', ca: certificates.ca } }
}

const echo: Listener = (socket) => void socket.pipe(socket)

describe.each([
  ['our server, our client', tls, tls.connect],
  ['our server, the client of Node', tls, nodeTls.connect],
  ['the server of Node, our client', nodeTls, tls.connect],
])('%s', (_, serverSide, connect) => {
  it('bring every byte there and back, those too that come after the end of the other side', async () => {
    const { to } = await listening(serverSide, echo)
    const client = connect(to)
    const bytes = 'x'.repeat(3_000_000)
    client.end(bytes)
    expect((await text(client)).length).toBe(bytes.length)
    expect(client.authorized).toBe(true)
  })

  it('know each other', async () => {
    const seen: unknown[] = []
    const { to } = await listening(
      serverSide,
      (socket) => {
        const { subject } = socket.getPeerCertificate()
        seen.push(socket.authorized, socket.alpnProtocol, subject.CN, socket.remotePort)
        socket.end('bye')
      },
      { ca: certificates.ca, requestCert: true, ALPNProtocols: ['a', 'b'] },
    )
    const { key, cert } = certificates.client
    const client = connect({ ...to, key, cert, ALPNProtocols: ['b'] })
    await once(client, 'secureConnect')
    const { localPort, remoteAddress, alpnProtocol } = client
    expect(await text(client)).toBe('bye')
    expect([remoteAddress, alpnProtocol]).toEqual(['127.0.0.1', 'b'])
    expect(seen).toEqual([true, 'b', 'alice', localPort])
  })
})

describe('connect', () => {
  it('takes every form of tls.connect', async () => {
    const { to } = await listening(tls, (socket) => void socket.end('hello'))
    const { port, host, ...rest } = to
    const clients = [
      tls.connect(to),
      tls.connect(port, { ...rest, host }),
      tls.connect(port, host, rest),
      tls.connect({ ...rest, socket: net.connect(port, host) }),
    ]
    for (const client of clients) expect(await text(client)).toBe('hello')
    await new Promise<void>((resolve) => {
      const client = tls.connect(port, host, rest, () => {
        client.destroy()
        resolve()
      })
    })
  })

  it('says what kept it from connecting, as tls.connect does', async () => {
    const { server, to } = await listening(tls, echo)
    await promisify(server.close).call(server)
    const [ours, theirs] = await Promise.all(
      [tls.connect, nodeTls.connect].map(async (connect) => {
        const [{ code, message }] = await once(connect(to), 'error')
        return [code, message]
      }),
    )
    expect(ours).toEqual(theirs)
  })

  it('refuses a name that the certificate does not have', async () => {
    const { to } = await listening(tls, echo)
    const client = tls.connect({ ...to, servername: 'elsewhere.test' })
    expect(await once(client, 'error')).toMatchObject([{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }])
  })

  it('hands options and references on to the socket', async () => {
    const { to } = await listening(tls, echo)
    const client = tls.connect(to)
    await once(client, 'secureConnect')
    expect(client.setNoDelay(true).setKeepAlive(true, 1000).unref().ref()).toBe(client)
    expect(client.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: client.localPort })
    client.setTimeout(20)
    await once(client, 'timeout')
    client.destroy()
    await once(client, 'close')
  })
})
