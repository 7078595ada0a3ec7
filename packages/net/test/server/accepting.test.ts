// What a server does with connections. The other end is node:net, and the kernel is asked what was set.
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, tracingChannel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type AddressInfo, BlockList, connect, type Socket as NodeSocket } from 'node:net'
import { text } from 'node:stream/consumers'
import * as net from '@pollux/net'
import { afterEach, describe, expect, it } from 'vitest'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()

const servers: net.Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) if (server.listening) server.close()
})

async function listening(...args: Parameters<typeof net.createServer>) {
  const server = net.createServer(...args).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return server
}

const portOf = (server: net.Server) => (server.address() as AddressInfo).port

function clientOf(server: net.Server): NodeSocket {
  return connect(portOf(server), '127.0.0.1').on('error', () => {})
}

async function connectionOf(server: net.Server): Promise<[client: NodeSocket, socket: net.Socket]> {
  const client = clientOf(server)
  const [socket] = await once(server, 'connection')
  return [client, socket]
}

describe('a server', () => {
  it('drops what is more than maxConnections, and says who it was', async () => {
    const server = await listening()
    server.maxConnections = 1
    const [first] = await connectionOf(server)
    const second = clientOf(server)
    const [dropped] = await once(server, 'drop')
    expect(Object.getPrototypeOf(dropped)).toBe(null)
    expect(dropped).toEqual({
      localAddress: '127.0.0.1',
      localPort: portOf(server),
      localFamily: 'IPv4',
      remoteAddress: '127.0.0.1',
      remotePort: second.localPort,
      remoteFamily: 'IPv4',
    })
    await once(second, 'close')
    first.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })

  it('takes connections again when there is room', async () => {
    const server = await listening()
    server.maxConnections = 1
    const [first, socket] = await connectionOf(server)
    first.destroy()
    await once(socket, 'close')
    const [second] = await connectionOf(server)
    second.destroy()
  })

  it('takes nothing from addresses on its block list', async () => {
    const blockList = new BlockList()
    const server = await listening({ blockList } as never)
    blockList.addAddress('127.0.0.1')
    const blocked = clientOf(server)
    expect(await text(blocked)).toBe('')
    server.on('connection', (socket) => socket.end('welcome'))
    const other = connect({ port: portOf(server), host: '127.0.0.1', localAddress: '127.0.0.2' })
    expect(await text(other)).toBe('welcome')
  })

  it('gives connections the options that it was made with', async () => {
    const server = await listening({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 7000 })
    const [client, socket] = await connectionOf(server)
    const options = (socket as never as { berkeley?: net.Server['berkeley'] }).berkeley
    // Where a connection has no `berkeley` the kernel is not asked.
    if (options !== undefined) {
      expect(options.getsockopt('IPPROTO_TCP', 'TCP_NODELAY')).toBe(true)
      expect(options.getsockopt('SOL_SOCKET', 'SO_KEEPALIVE')).toBe(true)
      expect(options.getsockopt('IPPROTO_TCP', 'TCP_KEEPIDLE')).toBe(7)
    }
    client.destroy()
  })

  it('with pauseOnConnect leaves what arrives to whoever resumes', async () => {
    const server = await listening({ pauseOnConnect: true })
    const [client, socket] = await connectionOf(server)
    client.end('for later')
    expect(socket.isPaused()).toBe(true)
    await once(client, 'finish')
    expect(socket.bytesRead).toBe(0)
    expect(await text(socket)).toBe('for later')
  })

  it('closes when its last connection has, and tells everybody who asked', async () => {
    const server = await listening()
    const [client, socket] = await connectionOf(server)
    const told: string[] = []
    server.close((error) => told.push(`callback ${error}`))
    server.close((error) => told.push(`callback ${error?.message}`))
    server.on('close', () => told.push('close'))
    await new Promise(setImmediate)
    expect(told).toEqual([])
    expect(server.listening).toBe(false)
    client.destroy()
    socket.destroy()
    await once(server, 'close')
    expect(told).toEqual(['callback undefined', 'callback Server is not running.', 'close'])
  })

  it('that is closed by the listener of a connection accepts no other', async () => {
    const server = await listening()
    const clients = Array.from({ length: 8 }, () => clientOf(server))
    let connections = 0
    server.on('connection', (socket) => {
      connections++
      socket.destroy()
      server.close()
    })
    await Promise.all(clients.map((client) => once(client, 'close')))
    expect(connections).toBe(1)
  })

  it('listens again in the listener of its close', async () => {
    const server = await listening()
    const port = portOf(server)
    server.close()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const [client] = await connectionOf(server)
    client.destroy()
  })

  it('counts its connections', async () => {
    const server = await listening()
    const [one] = await connectionOf(server)
    const [two, second] = await connectionOf(server)
    const count = () => new Promise((resolve) => server.getConnections((_error, number) => resolve(number)))
    expect(await count()).toBe(2)
    two.destroy()
    await once(second, 'close')
    expect(await count()).toBe(1)
    one.destroy()
  })

  it('takes its connections in the context in which it listens; each has one of its own, as with Node', async () => {
    const storage = new AsyncLocalStorage<string>()
    const server = net.createServer()
    servers.push(server)
    const seen: (string | undefined)[] = []
    server.on('connection', (socket) => {
      seen.push(storage.getStore())
      socket.on('data', () => seen.push(storage.getStore()))
      socket.on('end', () => socket.end())
    })
    storage.run('mine', () => server.listen(0, '127.0.0.1'))
    await once(server, 'listening')
    const client = clientOf(server)
    client.end('hello')
    await text(client)
    expect(seen).toEqual(['mine', undefined])
  })

  it('tells diagnostics channels of itself and of its connections', async () => {
    const told: [string, unknown][] = []
    const tracing = tracingChannel('net.server.listen')
    const subscribers = {
      asyncStart: (message: object) => told.push(['start', (message as { server: unknown }).server]),
      asyncEnd: (message: object) => told.push(['end', (message as { server: unknown }).server]),
      error: (message: object) => told.push(['error', (message as { error: { code: string } }).error.code]),
    }
    const onSocket = (message: unknown) => told.push(['socket', (message as { socket: unknown }).socket])
    tracing.subscribe(subscribers as never)
    channel('net.server.socket').subscribe(onSocket)
    try {
      const server = await listening()
      const [client, socket] = await connectionOf(server)
      await new Promise(setImmediate)
      const late = net.createServer().listen(portOf(server), '127.0.0.1')
      await once(late, 'error')
      expect(told).toEqual([
        ['start', server],
        ['end', server],
        ['socket', socket],
        ['start', late],
        ['error', 'EADDRINUSE'],
      ])
      client.destroy()
    } finally {
      tracing.unsubscribe(subscribers as never)
      channel('net.server.socket').unsubscribe(onSocket)
    }
  })

  it('destroys the connection whose listener is rejected, where rejections are captured', async () => {
    const events = await import('node:events')
    events.default.captureRejections = true
    try {
      const server = await listening()
      server.on('connection', async () => {
        throw new Error('not today')
      })
      const client = clientOf(server)
      const [socket] = await once(server, 'connection')
      const [error] = await once(socket, 'error')
      expect(error.message).toBe('not today')
      await once(client, 'close')
    } finally {
      events.default.captureRejections = false
    }
  })

  it('has the rest of Berkeley sockets while it listens', async () => {
    const server = await listening()
    const { berkeley } = server
    expect(berkeley?.getsockopt('SOL_SOCKET', 'SO_ACCEPTCONN')).toBe(true)
    expect(berkeley?.localAddress).toEqual({ family: 'IPv4', host: '127.0.0.1', port: portOf(server) })
    expect(berkeley?.fd).toBe((server as unknown as { _handle?: { fd: number } })._handle?.fd)
    server.close()
    expect(server.berkeley).toBe(undefined)
    expect(() => berkeley?.fd).toThrow(expect.objectContaining({ code: 'EBADF' }))
  })

  it('shares the socket of another, and each closes its own', async () => {
    const one = await listening((socket) => socket.end('one'))
    const two = net.createServer((socket) => socket.end('two')).listen(one)
    servers.push(two)
    await once(two, 'listening')
    expect(two.address()).toEqual(one.address())
    one.close()
    await once(one, 'close')
    expect(await text(connect(portOf(two), '127.0.0.1'))).toBe('two')
  })

  it('takes what one bound for it, with its name', async () => {
    const bound = new net.BoundSocket({ host: '127.0.0.1' })
    const name = bound.address()
    const server = net.createServer((socket) => socket.end('bound')).listen(bound)
    servers.push(server)
    await once(server, 'listening')
    expect(server.address()).toEqual(name)
    expect(() => bound.close()).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_HANDLE_ADOPTED' }))
    expect(await text(connect(portOf(server), '127.0.0.1'))).toBe('bound')
  })

  it('shares a port with others that ask for it', async () => {
    const options = { host: '127.0.0.1', reusePort: true }
    const one = net.createServer().listen({ port: 0, ...options })
    servers.push(one)
    await once(one, 'listening')
    const two = net.createServer().listen({ port: portOf(one), ...options })
    servers.push(two)
    await once(two, 'listening')
    expect(portOf(two)).toBe(portOf(one))
    expect(two.berkeley?.getsockopt('SOL_SOCKET', 'SO_REUSEPORT')).toBe(true)
  })

  it('is closed by await using', async () => {
    const server = await listening()
    await server[Symbol.asyncDispose]()
    expect(server.listening).toBe(false)
  })
})
