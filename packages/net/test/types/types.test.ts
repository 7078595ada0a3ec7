// What the compiler says of programs that were written for node:net. It runs with `types` of npm test; here it is only loaded.
import http from 'node:http'
import type * as nodeNet from 'node:net'
import tls from 'node:tls'
import whole, * as net from '@pollux/net'
import { describe, expectTypeOf, it } from 'vitest'

/** A program that is written for any of the two modules. */
function program(module: Pick<typeof nodeNet, 'isIP'> & Pick<typeof net, 'connect' | 'createServer'>) {
  return module
}

/** A library that wants sockets and servers of Node. */
function takesNodes(socket: nodeNet.Socket, server: nodeNet.Server) {
  return [socket, server]
}

describe('the types', () => {
  it('of sockets and servers are those of node:net and more', () => {
    expectTypeOf<net.Socket>().toExtend<nodeNet.Socket>()
    expectTypeOf<net.Server>().toExtend<nodeNet.Server>()
    takesNodes(new net.Socket(), new net.Server())
    program(net)
  })

  it('are those of the default import, too', () => {
    expectTypeOf<whole.Socket>().toEqualTypeOf<net.Socket>()
    expectTypeOf<whole.Server>().toEqualTypeOf<net.Server>()
    expectTypeOf<whole.NetConnectOpts>().toEqualTypeOf<net.NetConnectOpts>()
    expectTypeOf<whole.AddressInfo>().toEqualTypeOf<nodeNet.AddressInfo>()
    expectTypeOf<whole.OnReadOpts>().toEqualTypeOf<net.OnReadOpts>()
    expectTypeOf(new whole.Socket()).toEqualTypeOf<whole.Socket>()
  })

  it('of handlers know the socket and its events', () => {
    const server = net.createServer({ noDelay: true }, (socket) => {
      expectTypeOf(socket).toEqualTypeOf<net.Socket>()
      socket.on('data', (chunk) => expectTypeOf(chunk).toExtend<Uint8Array | string>())
      socket.on('error', (error) => expectTypeOf(error).toEqualTypeOf<Error>())
      socket.once('close', (hadError) => expectTypeOf(hadError).toEqualTypeOf<boolean>())
      socket.on('lookup', (error, address, family, host) => {
        expectTypeOf(error).toEqualTypeOf<Error>()
        expectTypeOf(address).toEqualTypeOf<string>()
        expectTypeOf(family).toExtend<string | number>()
        expectTypeOf(host).toEqualTypeOf<string>()
      })
      socket.setKeepAlive(true, 1, 2, 3).setTypeOfService?.(1).write('x')
      expectTypeOf(socket.berkeley?.fd).toEqualTypeOf<number | undefined>()
    })
    server.on('connection', (socket) => expectTypeOf(socket).toEqualTypeOf<net.Socket>())
    server.on('drop', (data) => expectTypeOf(data).toEqualTypeOf<nodeNet.DropArgument | undefined>())
    const forNode = (socket: nodeNet.Socket) => socket.end()
    net.createServer(forNode).on('connection', forNode)
  })

  it('are those of what Node makes, too: a variable holds the one and the other', () => {
    const programs = () => {
      let socket = net.connect(1)
      socket = tls.connect({ socket })
      const sockets = new Set<net.Socket>([socket])
      const web = http.createServer((request) => sockets.add(request.socket))
      web.on('connection', (one: net.Socket) => sockets.add(one))
      web.on('upgrade', (_request, one) => sockets.add(one as net.Socket))
      web.on('clientError', (_error, one: net.Socket) => one.destroy())
      tls.createServer((one) => sockets.add(one))
      let server = net.createServer((one: nodeNet.Socket) => sockets.add(one))
      server = web
      return server
    }
    expectTypeOf(programs).returns.toEqualTypeOf<net.Server>()
    expectTypeOf<nodeNet.Socket>().toExtend<net.Socket>()
    expectTypeOf<tls.TLSSocket>().toExtend<net.Socket>()
    expectTypeOf<nodeNet.Server>().toExtend<net.Server>()
    expectTypeOf<http.Server>().toExtend<net.Server>()
    expectTypeOf<tls.Server>().toExtend<net.Server>()
  })

  it('of functions and classes stand in for those of node:net', () => {
    expectTypeOf<typeof net.connect>().toExtend<typeof nodeNet.connect>()
    expectTypeOf<typeof net.createServer>().toExtend<typeof nodeNet.createServer>()
    expectTypeOf<typeof net.Socket>().toExtend<typeof nodeNet.Socket>()
    expectTypeOf<typeof net.Server>().toExtend<typeof nodeNet.Server>()
    expectTypeOf(net.Socket.fromWeb).toBeFunction()
  })

  it('of options are those of node:net and more', () => {
    expectTypeOf<nodeNet.NetConnectOpts>().toExtend<net.NetConnectOpts>()
    expectTypeOf<net.NetConnectOpts>().toExtend<nodeNet.NetConnectOpts>()
    expectTypeOf<nodeNet.SocketConstructorOpts>().toExtend<net.SocketConstructorOpts>()
    expectTypeOf<nodeNet.ListenOptions>().toExtend<net.ListenOptions>()
    expectTypeOf<nodeNet.ServerOpts>().toExtend<net.ServerOpts>()
  })

  it('of connect take every form, and no other', () => {
    // Never called: what counts is what the compiler says.
    const forms = () => [
      net.connect(1),
      net.connect(1, 'host'),
      net.connect(1, 'host', () => {}),
      net.connect(1, () => {}),
      net.connect('/path', () => {}),
      net.connect({ port: 1, typeOfService: 1, keepAlive: true, timeout: 5 }),
      net.connect({ path: '/path' }),
      // @ts-expect-error no port
      net.connect({ host: 'host' }),
      // @ts-expect-error no number
      net.connect({ port: 1, timeout: '5' }),
      // @ts-expect-error no listener
      net.createServer({}, 5),
    ]
    expectTypeOf(forms).toBeFunction()
  })

  it('of classes are inherited from', () => {
    class Mine extends net.Socket {
      readonly own = 1
    }
    class MyServer extends net.Server {
      readonly own = 1
    }
    expectTypeOf(new Mine().setNoDelay()).toExtend<net.Socket>()
    expectTypeOf(new MyServer().ref()).toExtend<net.Server>()
  })
})
