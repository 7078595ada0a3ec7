// How attempts to connect go on, and that none leaves a descriptor behind.
import { once } from 'node:events'
import { type AddressInfo, BlockList, createServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { AF_INET, socket as berkeleySocket, SOCK_STREAM } from '@pollux/core'
import * as net from '@pollux/net'
import { afterEach, describe, expect, it } from 'vitest'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function greeter(host = '127.0.0.1', port = 0): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => {}).end('hello')).listen(port, host)
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const lookup =
  (addresses: string[]) => (_host: string, _options: unknown, done: (...args: unknown[]) => void) =>
    setImmediate(
      done,
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

/** Listens and accepts nobody: once its queue is full, who connects hears nothing. */
async function silent(host: string, port: number) {
  const listener = berkeleySocket(AF_INET, SOCK_STREAM)
  listener.bind({ host, port })
  listener.listen(0)
  const fillers = Array.from({ length: 3 }, () => net.connect(port, host).on('error', () => {}))
  await once(fillers[0], 'connect')
  return () => {
    for (const filler of fillers) filler.destroy()
    listener.close()
  }
}

describe('an attempt', () => {
  it('that hears nothing makes way for the next address', async () => {
    const port = await greeter()
    const end = await silent('127.0.0.2', port)
    const client = net.connect({
      port,
      host: 'both',
      lookup: lookup(['127.0.0.2', '127.0.0.1']) as never,
      autoSelectFamilyAttemptTimeout: 50,
    })
    const events: string[] = []
    for (const event of ['connectionAttempt', 'connectionAttemptTimeout', 'connectionAttemptFailed']) {
      client.on(event, (address) => events.push(`${event} ${address}`))
    }
    expect(await text(client)).toBe('hello')
    expect(events).toEqual([
      'connectionAttempt 127.0.0.2',
      'connectionAttemptTimeout 127.0.0.2',
      'connectionAttempt 127.0.0.1',
    ])
    expect(client.autoSelectFamilyAttemptedAddresses).toEqual([`127.0.0.2:${port}`, `127.0.0.1:${port}`])
    end()
  })

  it('is given up when its socket is destroyed, whatever it waits for', async () => {
    const port = await greeter()
    const end = await silent('127.0.0.2', port)
    const client = net.connect(port, '127.0.0.2')
    await once(client, 'connectionAttempt')
    client.destroy()
    await once(client, 'close')
    const looking = net.connect({ port, host: 'never', lookup: () => {} })
    looking.destroy()
    await once(looking, 'close')
    end()
  })

  it('is not made while another is under way on the same socket', async () => {
    const client = net.connect(await greeter(), '127.0.0.1')
    client.connect(client.remotePort ?? (servers[0].address() as AddressInfo).port, '127.0.0.1')
    const [error] = await once(client, 'error')
    expect(error).toMatchObject({ code: 'EALREADY', syscall: 'connect' })
  })

  // As with Node, in whatever order the kernel answers; but a process of Node's that does so never ends.
  it('is not made to a path either, and the first one comes to nothing', async () => {
    for (let i = 0; i < 10; i++) {
      const path = `\0pollux-${process.pid}-again-${i}`
      const server = net.createServer((socket) => void socket.on('error', () => {}).resume()).listen(path)
      servers.push(server)
      await once(server, 'listening')
      const client = net.connect(path).on('connect', () => expect.unreachable())
      client.connect(path)
      const [error] = await once(client, 'error')
      expect(error).toMatchObject({ code: 'EISCONN', syscall: 'connect' })
    }
  })

  it('of a socket that is connected leaves its connection alone', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = net.connect(port, '127.0.0.1')
    const [[served]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
    const { localPort } = client
    client.connect(port, '127.0.0.1')
    await once(client, 'connect')
    expect(client.localPort).toBe(localPort)
    served.end('still here')
    expect(await text(client)).toBe('still here')
  })

  it('may be made again on the same socket', async () => {
    const port = await greeter()
    const client = net.connect(port, '127.0.0.1')
    const chunks: string[] = []
    client.on('data', (chunk) => chunks.push(String(chunk)))
    await once(client, 'close')
    client.connect(port, '127.0.0.1')
    await once(client, 'close')
    expect(chunks).toEqual(['hello', 'hello'])
  })

  it('comes from the local end that was asked for', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const bound = new net.BoundSocket({ host: '127.0.0.3' })
    const { port: localPort } = bound.address() as AddressInfo
    bound.close()
    const client = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.3', localPort })
    const [served] = await once(server, 'connection')
    expect([served.remoteAddress, served.remotePort]).toEqual(['127.0.0.3', localPort])
    client.destroy()
    served.destroy()
  })

  it('of a bound socket keeps its name, and is begun at once', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    const bound = new net.BoundSocket({ host: '127.0.0.1' })
    const { port } = bound.address() as AddressInfo
    const client = new net.Socket({ handle: bound } as never)
    expect([client.pending, client.localPort]).toEqual([false, port])
    const attempts: unknown[] = []
    client.on('connectionAttempt', (address) => attempts.push(address))
    client.connect((server.address() as AddressInfo).port, '127.0.0.1')
    expect(attempts).toEqual(['127.0.0.1'])
    const [served] = await once(server, 'connection')
    expect(served.remotePort).toBe(port)
    client.destroy()
    served.destroy()
  })

  it('does not reach a blocked address, on any version of Node', async () => {
    const blockList = new BlockList()
    blockList.addAddress('127.0.0.1')
    const client = net.connect({ port: await greeter(), host: '127.0.0.1', blockList } as never)
    const [error] = await once(client, 'error')
    expect(error).toMatchObject({
      code: 'ERR_IP_BLOCKED',
      message: 'IP(127.0.0.1) is blocked by net.BlockList',
    })
  })
})
