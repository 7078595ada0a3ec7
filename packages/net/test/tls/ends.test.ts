// How a TLS connection over our sockets ends: as one over Node's, whatever the connection below it does.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import nodeTls from 'node:tls'
import { attach } from '@pollux/net/http'
import { connect } from '@pollux/net/tls'
import { describe, expect, it } from 'vitest'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { makeIdentity } from '../programs/support/certificates.js'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()
const identity = makeIdentity()

async function listening(server: nodeTls.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const bytes = Buffer.alloc(1 << 20, 'x')

describe.each([
  { over: 'node:tls', prepare: (server: nodeTls.Server) => server, connect: nodeTls.connect },
  { over: '@pollux/net/tls', prepare: attach<nodeTls.Server>, connect },
])('over $over', ({ prepare, connect }) => {
  const target = (port: number) => ({ port, host: '127.0.0.1', ca: identity.cert })

  it('a client closes when the server has ended', async () => {
    const server = prepare(nodeTls.createServer(identity, (socket) => socket.resume().end('bye')))
    const client = connect({ ...target(await listening(server)) })
    expect(client.allowHalfOpen).toBe(false)
    client.resume()
    await patiently(once(client, 'close'), 'the close')
    server.close()
    await patiently(once(server, 'close'), 'the close of the server')
  })

  it('a server closes when the client has ended', async () => {
    const server = prepare(nodeTls.createServer(identity, (socket) => socket.resume()))
    const client = connect({ ...target(await listening(server)) })
    client.resume().end('bye')
    await patiently(once(client, 'close'), 'the close')
    server.close()
    await patiently(once(server, 'close'), 'the close of the server')
  })

  it('sends the rest after the end of the other, where half-open connections are wanted', async () => {
    const server = prepare(
      nodeTls.createServer({ ...identity, allowHalfOpen: true }, (socket) => {
        socket.resume().on('end', () => socket.end(bytes))
      }),
    )
    const client = connect({
      ...target(await listening(server)),
      allowHalfOpen: true,
    } as nodeTls.ConnectionOptions)
    client.end('that is all')
    const parts = await patiently(client.toArray(), 'the end')
    expect(Buffer.concat(parts).equals(bytes)).toBe(true)
    if (!client.closed) await patiently(once(client, 'close'), 'the close')
    server.close()
    await patiently(once(server, 'close'), 'the close of the server')
  })
})
