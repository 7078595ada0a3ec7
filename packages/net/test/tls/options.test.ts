// Options of a TLS connection that concern what is below it: over our sockets they do what they do over Node's.
import { once } from 'node:events'
import nodeNet from 'node:net'
import nodeTls, { type ConnectionOptions, type TLSSocket } from 'node:tls'
import net from '@pollux/net'
import { attach } from '@pollux/net/http'
import { connect } from '@pollux/net/tls'
import { describe, expect, it } from 'vitest'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { tlsServers } from '../support/tls-servers.js'

leaveNothingBehind()

describe.each([
  { over: 'node:tls', prepare: (server: nodeTls.Server) => server, connect: nodeTls.connect, below: nodeNet },
  { over: '@pollux/net/tls', prepare: attach<nodeTls.Server>, connect, below: net },
])('over $over', ({ prepare, connect, below }) => {
  const { serve, servers } = tlsServers(prepare)

  it('onread reads what was said into a buffer, and goes on when the callback has had enough for a while', async () => {
    const target = await serve((socket) => socket.end('hello, you'))
    const pieces: string[] = []
    const events: string[] = []
    const client: TLSSocket = connect({
      ...target,
      onread: {
        buffer: Buffer.alloc(4),
        callback(bytes: number, buffer: Uint8Array) {
          pieces.push(Buffer.from(buffer.subarray(0, bytes)).toString())
          if (pieces.length > 1) return true
          setImmediate(() => client.resume())
          return false
        },
      },
    } as ConnectionOptions)
    for (const event of ['data', 'end']) client.on(event, () => events.push(event))
    await patiently(once(client, 'close'), 'the close')
    expect(pieces.join('')).toBe('hello, you')
    expect(events).toEqual(['end'])
  })

  it('a signal ends it, which it tells once', async () => {
    const target = await serve(() => {})
    const aborting = new AbortController()
    const client = connect({ ...target, signal: aborting.signal } as ConnectionOptions)
    const errors: string[] = []
    client.on('error', ({ name }) => errors.push(name))
    await patiently(once(client, 'secureConnect'), 'the handshake')
    const closed = new Promise((resolve) => client.once('close', resolve))
    aborting.abort()
    await patiently(closed, 'the close')
    expect(errors).toEqual(['AbortError'])
  })

  it('options that are wrong leave no connection behind', async () => {
    let connections = 0
    const target = await serve(() => {})
    servers[0].on('connection', () => connections++)
    expect(() => connect({ ...target, minVersion: 'none' as 'TLSv1.2' })).toThrow('"none" is not a valid')
    expect(() => connect({ port: 1, host: '127.0.0.1', minVersion: 'none' as 'TLSv1.2' })).toThrow()
    // A whole connection later nobody has heard of those.
    const client = connect(target)
    await patiently(once(client, 'secureConnect'), 'the handshake')
    client.destroy()
    await patiently(once(client, 'close'), 'the close')
    expect(connections).toBe(1)
  })

  it('on a connection that is on its way it is connecting, too, and tells both ends', async () => {
    const target = await serve((socket) => socket.resume())
    const socket = below.connect(target.port, target.host)
    const client = connect({ socket, ca: target.ca, host: target.host })
    expect(client.connecting).toBe(true)
    await patiently(once(client, 'connect'), 'the connection')
    expect(client.connecting).toBe(false)
    await patiently(once(client, 'secureConnect'), 'the handshake')
    const { localPort, remoteAddress, remotePort, remoteFamily } = client
    expect([localPort, remoteAddress, remotePort]).toEqual([socket.localPort, '127.0.0.1', target.port])
    expect(remoteFamily).toBe('IPv4')
    client.end()
    await patiently(once(client, 'close'), 'the close')
  })
})
