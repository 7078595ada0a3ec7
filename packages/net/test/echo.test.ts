import { once } from 'node:events'
import { type AddressInfo, createServer as createNodeServer, connect as nodeConnect } from 'node:net'
import { text } from 'node:stream/consumers'
import * as net from '@pollux/net'
import { describe, expect, it } from 'vitest'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()

describe('an echo server', () => {
  it('answers a client of node:net', async () => {
    const server = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = nodeConnect((server.address() as AddressInfo).port, '127.0.0.1')
    client.end('hello')
    expect(await text(client)).toBe('hello')
    server.close()
    await once(server, 'close')
  })

  it('of node:net answers a client', async () => {
    const server = createNodeServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    client.end('hello')
    expect(await text(client)).toBe('hello')
    server.close()
    await once(server, 'close')
  })
})
