// What a TLS connection over our sockets tells until it is connected, and of how it fails: as one over Node's.
import { once } from 'node:events'
import { Agent, get } from 'node:https'
import { connect as connectNode } from 'node:net'
import nodeTls, { type ConnectionOptions, type TLSSocket } from 'node:tls'
import { attach, HttpsAgent } from '@pollux/net/http'
import { connect } from '@pollux/net/tls'
import { describe, expect, it } from 'vitest'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { tlsServers } from '../support/tls-servers.js'

leaveNothingBehind()

/** Nobody listens there. */
const NOWHERE = { port: 1, host: '127.0.0.1' }

const EVENTS = ['connect', 'ready', 'secureConnect', 'timeout', 'error', 'close'] as const

/** What it says, and what each event came with. */
function record(socket: TLSSocket): string[] {
  const told: string[] = []
  for (const event of EVENTS) {
    socket.on(event, (arg: unknown) =>
      told.push(arg instanceof Error ? `${event}: ${arg.message}` : `${event} ${arg ?? ''}`.trim()),
    )
  }
  return told
}

describe.each([
  {
    over: 'node:tls',
    prepare: (server: nodeTls.Server) => server,
    connect: nodeTls.connect,
    HttpsAgent: Agent,
  },
  { over: '@pollux/net/tls', prepare: attach<nodeTls.Server>, connect, HttpsAgent },
])('over $over', ({ prepare, connect, HttpsAgent }) => {
  const { serve } = tlsServers(prepare)

  it('a client is connecting until it is connected, and says so before it is secure', async () => {
    const client = connect(await serve((socket) => socket.end()))
    expect([client.connecting, client.pending, client.readyState]).toEqual([true, true, 'opening'])
    const told = record(client)
    client.on('connect', () => told.push(`${client.connecting} ${client.pending} ${client.readyState}`))
    client.resume()
    await patiently(once(client, 'close'), 'the close')
    expect(told).toEqual(['connect', 'false false open', 'ready', 'secureConnect', 'close false'])
  })

  it('what is written while it connects is sent', async () => {
    const got: string[] = []
    const target = await serve((socket) => socket.on('data', (data) => got.push(`${data}`)))
    const client = connect(target)
    client.end('early')
    await patiently(once(client.resume(), 'close'), 'the close')
    expect(got.join('')).toBe('early')
  })

  it('a name is looked up, and it says so', async () => {
    const { port, ca } = await serve((socket) => socket.end())
    const client = connect({
      port,
      ca,
      host: 'localhost',
      family: 4,
      checkServerIdentity: () => undefined,
    } as ConnectionOptions)
    const [, address, family, host] = await patiently(once(client, 'lookup'), 'the look-up')
    expect([address, family, host]).toEqual(['127.0.0.1', 4, 'localhost'])
    await patiently(once(client.resume(), 'close'), 'the close')
  })

  it('a client that nobody listens for fails once, and closes with an error', async () => {
    const client = connect(NOWHERE)
    const told = record(client)
    await patiently(new Promise((resolve) => client.once('close', resolve)), 'the close')
    expect(told).toEqual(['error: connect ECONNREFUSED 127.0.0.1:1', 'close true'])
  })

  it('a client that is silent for as long as its option says is told', async () => {
    const client = connect({ ...(await serve(() => {})), timeout: 50 })
    await patiently(once(client, 'timeout'), 'the timeout')
    expect(client.timeout).toBe(50)
    client.destroy()
  })

  it('a client may be destroyed as soon as it is connected', async () => {
    const client = connect(await serve(() => {}))
    const told = record(client)
    client.on('connect', () => client.destroy())
    await patiently(once(client, 'close'), 'the close')
    expect(told).toEqual(['connect', 'ready', 'close false'])
  })

  it('a server is told of a reset once, and closes with an error', async () => {
    let accept: (socket: TLSSocket) => void = () => {}
    const accepted = new Promise<TLSSocket>((resolve) => {
      accept = resolve
    })
    const { port, ca } = await serve((socket) => accept(socket.resume()))
    const below = connectNode(port, '127.0.0.1')
    const client = nodeTls.connect({ socket: below, ca, host: '127.0.0.1' }).on('error', () => {})
    const socket = await patiently(accepted, 'the connection')
    const told = record(socket)
    // Nothing is under way any more: with the session the server has sent all that it had to say.
    await patiently(once(client.resume(), 'session'), 'the session')
    below.resetAndDestroy()
    await patiently(new Promise((resolve) => socket.once('close', resolve)), 'the close')
    expect(told).toEqual(['error: read ECONNRESET', 'close true'])
  })

  it('an agent hands out sockets that are connecting', async () => {
    const target = await serve((socket) =>
      socket.resume().end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
    )
    const request = get({ ...target, agent: new HttpsAgent() })
    const [socket] = (await patiently(once(request, 'socket'), 'the socket')) as [TLSSocket]
    expect(socket.connecting).toBe(true)
    await patiently(once(socket, 'connect'), 'the connection')
    const [response] = await patiently(once(request, 'response'), 'the answer')
    await patiently(once(response.resume(), 'close'), 'its end')
  })
})
