// What a server and a client are told when the system runs out of something.
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import * as net from '@pollux/net'
import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, inject } from '../../../native-poll/test/support/faults.js'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()
clearFaults()

const servers: net.Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function greeter() {
  const server = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return server
}

const portOf = (server: net.Server) => (server.address() as AddressInfo).port

describe('a server', () => {
  it.each([
    ['socket', 'EMFILE', 'listen EMFILE: too many open files 127.0.0.1'],
    ['bind', 'EACCES', 'listen EACCES: permission denied 127.0.0.1'],
    ['listen', 'EADDRINUSE', 'listen EADDRINUSE: address already in use 127.0.0.1'],
  ] as const)('is told when %s(2) fails, and may try again', async (call, errno, message) => {
    inject({ call, error: errno, times: 1 })
    const server = net.createServer()
    servers.push(server)
    server.listen(0, '127.0.0.1')
    expect(server.listening).toBe(false)
    const [error] = await once(server, 'error')
    expect(error).toMatchObject({ message, code: errno, syscall: 'listen', address: '127.0.0.1' })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  it('listens on IPv4 where there is no IPv6', async () => {
    inject({ call: 'socket', error: 'EAFNOSUPPORT', times: 1 })
    const server = net.createServer().listen(0)
    servers.push(server)
    await once(server, 'listening')
    expect(server.address()).toMatchObject({ address: '0.0.0.0', family: 'IPv4' })
  })

  it.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ECONNABORTED'] as const)('goes on after %s', async (errno) => {
    const server = await greeter()
    inject({ call: 'accept', error: errno, times: 1 })
    // One of them may be closed unserved, to be told at all; the next is answered.
    await text(connect(portOf(server), '127.0.0.1').on('error', () => {})).catch(() => '')
    expect(await text(connect(portOf(server), '127.0.0.1'))).toBe('hello')
    expect(server.listening).toBe(true)
  })

  it('tells of an error of accept(2) that will not pass', async () => {
    const server = await greeter()
    inject({ call: 'accept', error: 'EINVAL', times: 1 })
    const client = connect(portOf(server), '127.0.0.1').on('error', () => {})
    const [error] = await once(server, 'error')
    expect(error).toMatchObject({ message: 'accept EINVAL', code: 'EINVAL', syscall: 'accept' })
    client.destroy()
  })

  it('without a descriptor to spare shares no socket', async () => {
    const server = await greeter()
    inject({ call: 'duplicate', error: 'EMFILE', times: 1 })
    const other = net.createServer().listen(server)
    servers.push(other)
    const [error] = await once(other, 'error')
    expect(error).toMatchObject({ code: 'EMFILE', syscall: 'listen' })
  })
})

describe('a client', () => {
  it('is told that there is no descriptor left', async () => {
    const server = await greeter()
    inject({ call: 'socket', error: 'EMFILE', times: 1 })
    const client = net.connect(portOf(server), '127.0.0.1')
    const [error] = await once(client, 'error')
    const message = `connect EMFILE 127.0.0.1:${portOf(server)} - Local (undefined:undefined)`
    expect(error).toMatchObject({ message, code: 'EMFILE', syscall: 'connect' })
  })

  it.each(['ENETUNREACH', 'EADDRNOTAVAIL'] as const)('is told of %s at once', async (errno) => {
    inject({ call: 'connect', error: errno, times: 1 })
    const client = net.connect(9, '127.0.0.1')
    const attempts: unknown[] = []
    client.on('connectionAttemptFailed', (address) => attempts.push(address))
    const [error] = await once(client, 'error')
    expect(error.message).toBe(`connect ${errno} 127.0.0.1:9 - Local (0.0.0.0:0)`)
    expect(attempts).toEqual([])
  })

  it('refused at once is told as one that is refused later', async () => {
    inject({ call: 'connect', error: 'ECONNREFUSED', times: 1 })
    const client = net.connect(9, '127.0.0.1')
    const attempts: unknown[] = []
    client.on('connectionAttemptFailed', (address) => attempts.push(address))
    const [error] = await once(client, 'error')
    expect(error.message).toBe('connect ECONNREFUSED 127.0.0.1:9')
    expect(attempts).toEqual(['127.0.0.1'])
  })
})
