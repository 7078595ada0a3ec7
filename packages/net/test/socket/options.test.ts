// Options of TCP and IP on sockets, and the rest of Berkeley sockets: as the kernel has them, seen by getsockopt.
import { once } from 'node:events'
import { type AddressInfo, Socket as NodeSocket } from 'node:net'
import * as net from '@pollux/net'
import { afterEach, describe, expect, it } from 'vitest'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()

const opened: net.Server[] = []

afterEach(async () => {
  for (const server of opened.splice(0)) server.close()
})

async function listening(options: net.ServerOptions = {}, host = '127.0.0.1') {
  const server = net.createServer(options, (socket) => {
    socket.on('end', () => socket.end()).resume()
  })
  opened.push(server)
  server.listen(0, host)
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port, host }
}

async function connected(options: net.ConnectOptions): Promise<net.Socket> {
  const socket = net.connect(options)
  await once(socket, 'connect')
  return socket
}

async function closed(socket: net.Socket) {
  socket.destroy()
  await once(socket, 'close')
}

const option = (socket: net.Socket, name: 'TCP_NODELAY' | 'TCP_KEEPIDLE' | 'TCP_KEEPINTVL' | 'TCP_KEEPCNT') =>
  socket.berkeley?.getsockopt('IPPROTO_TCP', name)
const keepsAlive = (socket: net.Socket) => socket.berkeley?.getsockopt('SOL_SOCKET', 'SO_KEEPALIVE')
const probes = (socket: net.Socket) => [
  keepsAlive(socket),
  option(socket, 'TCP_KEEPIDLE'),
  option(socket, 'TCP_KEEPINTVL'),
  option(socket, 'TCP_KEEPCNT'),
]

describe('Nagle and keep-alive', () => {
  it('are set before the connection, by options', async () => {
    const socket = await connected({
      ...(await listening()),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 7000,
    })
    expect([option(socket, 'TCP_NODELAY'), ...probes(socket)]).toEqual([true, true, 7, 1, 10])
    await closed(socket)
  })

  it('are set before the connection, by calls', async () => {
    const to = await listening()
    const socket = new net.Socket().setNoDelay().setKeepAlive(true, 5000, 2000, 3)
    socket.connect(to)
    await once(socket, 'connect')
    expect([option(socket, 'TCP_NODELAY'), ...probes(socket)]).toEqual([true, true, 5, 2, 3])
    await closed(socket)
  })

  it('are set and reset on a connection, by an object too', async () => {
    const socket = await connected(await listening())
    expect([option(socket, 'TCP_NODELAY'), keepsAlive(socket)]).toEqual([false, false])
    socket.setNoDelay(true).setKeepAlive({ enable: true, initialDelay: 9000, interval: 4000, count: 6 })
    expect([option(socket, 'TCP_NODELAY'), ...probes(socket)]).toEqual([true, true, 9, 4, 6])
    socket.setNoDelay(false).setKeepAlive(false)
    expect([option(socket, 'TCP_NODELAY'), keepsAlive(socket)]).toEqual([false, false])
    await closed(socket)
  })

  it('are what the server says for its connections', async () => {
    const { server, ...to } = await listening({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 3000 })
    const accepted = once(server, 'connection')
    const client = await connected(to)
    const [socket] = (await accepted) as [net.Socket]
    expect([option(socket, 'TCP_NODELAY'), ...probes(socket)]).toEqual([true, true, 3, 1, 10])
    await closed(client)
  })

  it('may be set when it is too late', async () => {
    const socket = await connected(await listening())
    await closed(socket)
    expect(socket.setNoDelay().setKeepAlive(true)).toBe(socket)
  })
})

describe('the type of service', () => {
  it.each([
    ['127.0.0.1', 'IPv4'],
    ['::1', 'IPv6'],
  ])('is set on %s, before the connection and on it', async (host) => {
    const to = await listening({}, host)
    const socket = await connected({ ...to, typeOfService: 0x20 })
    expect(socket.getTypeOfService?.()).toBe(0x20)
    expect(socket.setTypeOfService?.(0x10).getTypeOfService?.()).toBe(0x10)
    await closed(socket)
  })

  it('is remembered where there is no connection', () => {
    expect(new net.Socket().getTypeOfService?.()).toBe(0)
    expect(new net.Socket().setTypeOfService?.(8).getTypeOfService?.()).toBe(8)
  })

  it('is one byte', () => {
    const socket = new net.Socket()
    for (const wrong of [-1, 256, 1.5]) {
      expect(() => socket.setTypeOfService?.(wrong)).toThrow(
        expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
      )
    }
    for (const wrong of ['1', Number.NaN, undefined]) {
      expect(() => socket.setTypeOfService?.(wrong as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      )
    }
    expect(() => new net.Socket({ typeOfService: 256 })).toThrow('"options.typeOfService"')
  })
})

describe('berkeley', () => {
  it('has every option, both addresses and the descriptor, while there is a socket', async () => {
    const { server, ...to } = await listening()
    const socket = new net.Socket()
    expect(socket.berkeley).toBeUndefined()
    socket.connect(to)
    await once(socket, 'connect')
    const { berkeley } = socket
    expect(berkeley).toBe(socket.berkeley)
    expect(berkeley?.getsockopt('IPPROTO_TCP', 'TCP_INFO').state).toBe('ESTABLISHED')
    berkeley?.setsockopt('IPPROTO_TCP', 'TCP_USER_TIMEOUT', 1234)
    expect(berkeley?.getsockopt('IPPROTO_TCP', 'TCP_USER_TIMEOUT')).toBe(1234)
    expect(berkeley?.localAddress).toMatchObject({ host: '127.0.0.1', port: socket.localPort })
    expect(berkeley?.remoteAddress).toMatchObject({ host: '127.0.0.1', port: to.port })
    expect(berkeley?.fd).toBeGreaterThan(2)
    await closed(socket)
    expect(socket.berkeley).toBeUndefined()
    expect(() => berkeley?.fd).toThrow(expect.objectContaining({ code: 'EBADF' }))
    expect(server.berkeley?.getsockopt('SOL_SOCKET', 'SO_ACCEPTCONN')).toBe(true)
  })
})

describe('a socket', () => {
  it('is no socket of Node, and is taken for none', () => {
    expect(new net.Socket()).not.toBeInstanceOf(NodeSocket)
  })

  it('is made without new, and inherited from by call and by extends', () => {
    const { Socket } = net
    function Old(this: net.Socket) {
      Socket.call(this)
    }
    Object.setPrototypeOf(Old.prototype, Socket.prototype)
    class New extends net.Socket {
      readonly own = true
    }
    const sockets = [Socket(), new (Old as never as new () => net.Socket)(), new New()]
    for (const socket of sockets)
      expect([socket instanceof Socket, socket.readyState]).toEqual([true, 'open'])
  })
})
