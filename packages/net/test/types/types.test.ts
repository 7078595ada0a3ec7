// What the compiler says of programs that were written for node:net. It runs with `types` of npm test; here it is only loaded.
import type * as nodeNet from 'node:net'
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
      socket.setTypeOfService(1).setKeepAlive(true, 1, 2, 3).write('x')
    })
    server.on('connection', (socket) => expectTypeOf(socket).toEqualTypeOf<net.Socket>())
    server.on('drop', (data) => expectTypeOf(data).toEqualTypeOf<nodeNet.DropArgument | undefined>())
    const forNode = (socket: nodeNet.Socket) => socket.end()
    net.createServer(forNode).on('connection', forNode)
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
