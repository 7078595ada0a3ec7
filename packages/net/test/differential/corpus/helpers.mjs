// isIP and its kind, BlockList, SocketAddress, what the module exports, and the contexts that handlers run in.
import { AsyncLocalStorage } from 'node:async_hooks'
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

/** What isIP, isIPv4 and isIPv6 say. @param {...unknown} values */
const asking =
  (...values) =>
  async (/** @type {Context} */ t) => {
    for (const value of /** @type {any[]} */ (values)) {
      t.say('net', String(value), t.net.isIP(value), t.net.isIPv4(value), t.net.isIPv6(value))
    }
  }

/** The calls of a BlockList. @param {(list: import('node:net').BlockList, t: Context) => unknown} act */
const blocking = (act) => async (/** @type {Context} */ t) => {
  const list = new t.net.BlockList()
  t.try('list', () => act(list, t))
  t.say('list', list.rules)
}

/** @param {...unknown} args */
const addressing =
  (...args) =>
  async (/** @type {Context} */ t) =>
    t.try('address', () => {
      const { address, port, family, flowlabel } = new t.net.SocketAddress(.../** @type {[any]} */ (args))
      return { address, port, family, flowlabel }
    })

/** @type {Programs} */
const programs = {
  'isIP of IPv4': asking('127.0.0.1', '0.0.0.0', '255.255.255.255', '256.0.0.1', '1.2.3', '01.2.3.4'),
  'isIP of IPv6': asking('::', '::1', 'fe80::1%lo', '::ffff:127.0.0.1', '1::2::3', ':::', '2001:db8::'),
  'isIP of what is no text': asking('', ' ', undefined, null, 5, {}, [], true),
  'isIP of a host': asking('localhost', 'nodejs.org', '127.0.0.1:80', '[::1]'),
  'a BlockList of addresses': blocking((list) => {
    list.addAddress('1.2.3.4')
    list.addAddress('::5', 'ipv6')
    return [
      list.check('1.2.3.4'),
      list.check('1.2.3.5'),
      list.check('::5', 'ipv6'),
      list.check('::ffff:1.2.3.4', 'ipv6'),
    ].join()
  }),
  'a BlockList of a range': blocking((list) => {
    list.addRange('10.0.0.1', '10.0.0.9')
    return [list.check('10.0.0.1'), list.check('10.0.0.9'), list.check('10.0.0.10')].join()
  }),
  'a BlockList of a subnet': blocking((list) => {
    list.addSubnet('10.0.0.0', 8)
    list.addSubnet('fe80::', 10, 'ipv6')
    return [list.check('10.9.9.9'), list.check('11.0.0.0'), list.check('fe80::1', 'ipv6')].join()
  }),
  'a BlockList refuses a range that is upside down': blocking((list) =>
    list.addRange('10.0.0.9', '10.0.0.1'),
  ),
  'a BlockList refuses what is no address': blocking((list) => list.addAddress('x')),
  'a BlockList refuses a prefix of 33': blocking((list) => list.addSubnet('10.0.0.0', 33)),
  'a SocketAddress of nothing': addressing(),
  'a SocketAddress': addressing({ address: '1.2.3.4', port: 80 }),
  'a SocketAddress of IPv6': addressing({ address: '::1', family: 'ipv6', port: 80, flowlabel: 5 }),
  'a SocketAddress refuses a port': addressing({ port: 65536 }),
  'a SocketAddress refuses a family': addressing({ family: 'ipx' }),
  'a SocketAddress refuses an address': addressing({ address: 'x' }),
  'the functions that are documented are there': async (t) => {
    const names = [
      'connect',
      'createConnection',
      'createServer',
      'isIP',
      'isIPv4',
      'isIPv6',
      'Server',
      'Socket',
      'Stream',
    ]
    for (const name of names) {
      const value = /** @type {any} */ (t.net)[name]
      t.say('net', name, typeof value, value?.name, value?.length)
    }
  },
  'Stream is Socket': async (t) => t.say('net', /** @type {any} */ (t.net).Stream === t.net.Socket),
  'a Socket is a Duplex': async (t) => {
    const socket = new t.net.Socket()
    t.say('socket', socket instanceof Duplex, Object.prototype.toString.call(socket), socket.constructor.name)
  },
  'a class may extend Socket': async (t) => {
    class Mine extends t.net.Socket {
      greet() {
        return this.end('hello')
      }
    }
    const server = await t.serve()
    const [mine, [accepted]] = await Promise.all([
      new Promise((resolve) => {
        const socket = t.hold(new Mine())
        socket.connect(t.port(server), '127.0.0.1', () => resolve(socket))
      }),
      once(server, 'connection'),
    ])
    t.say('mine', mine instanceof Mine, mine instanceof t.net.Socket, mine.constructor.name)
    t.read('accepted', accepted)
    mine.greet()
    await until(accepted, 'end')
  },
  'a function may inherit from Socket by call': async (t) => {
    /** @this {any} */
    function Mine() {
      /** @type {any} */
      t.net.Socket.call(this, { allowHalfOpen: true })
    }
    Object.setPrototypeOf(Mine.prototype, t.net.Socket.prototype)
    const mine = new /** @type {any} */ (Mine)()
    t.say('mine', mine instanceof t.net.Socket, mine.allowHalfOpen, mine.readyState)
  },
  'a class may extend Server': async (t) => {
    class Mine extends t.net.Server {}
    const mine = t.follow('mine', t.hold(new Mine()))
    mine.listen(0, '127.0.0.1')
    await until(mine, 'listening')
    t.say('mine', mine instanceof t.net.Server, mine.listening)
  },
  'handlers of a client run in the context of connect': async (t) => {
    const server = await t.serve()
    server.on('connection', (socket) => socket.end('x'))
    const storage = new AsyncLocalStorage()
    const client = storage.run('mine', () => {
      const socket = t.connect(server)
      for (const event of ['connect', 'data', 'end', 'close']) {
        socket.on(event, () => t.say('client', event, storage.getStore()))
      }
      return socket
    })
    await until(client, 'close')
  },
  'handlers of a server run in the context of listen': async (t) => {
    const storage = new AsyncLocalStorage()
    const server = t.hold(t.net.createServer())
    server.on('connection', (socket) => {
      t.say('server', 'connection', storage.getStore())
      socket.on('data', () => t.say('accepted', 'data', storage.getStore()))
      socket.on('close', () => t.say('accepted', 'close', storage.getStore()))
    })
    storage.run('mine', () =>
      server.listen(0, '127.0.0.1', () => t.say('server', 'listening', storage.getStore())),
    )
    await once(server, 'listening')
    const client = t.connect(server)
    client.end('x').resume()
    await until(client, 'close')
    await turns(5)
  },
  'what a listener throws is uncaught in the context of its socket': async (t) => {
    const storage = new AsyncLocalStorage()
    const onUncaught = (/** @type {Error} */ { message }) => t.say(message, 'uncaught', storage.getStore())
    process.on('uncaughtException', onUncaught)
    const server = t.net.createServer((socket) => {
      t.hold(socket).resume().end('bytes')
      throw new Error('server')
    })
    storage.run('of listen', () => t.hold(server.listen(0, '127.0.0.1')))
    await until(server, 'listening')
    const client = storage.run('of connect', () => t.connect(server))
    client.on('data', () => {
      throw new Error('client')
    })
    await until(client, 'close')
    await turns()
    process.off('uncaughtException', onUncaught)
  },
  'the callback of write runs in its context': async (t) => {
    const { client } = await t.pair()
    const storage = new AsyncLocalStorage()
    await storage.run(
      'mine',
      () => new Promise((resolve) => client.write('x', () => resolve(t.say('written', storage.getStore())))),
    )
  },
  'the callback of close runs in its context': async (t) => {
    const server = await t.serve()
    const storage = new AsyncLocalStorage()
    await storage.run(
      'mine',
      () => new Promise((resolve) => server.close(() => resolve(t.say('closed', storage.getStore())))),
    )
  },
  'net.client.socket has each client': async (t) => {
    const server = await t.serve()
    /** @param {any} message */
    const onSocket = (message) =>
      t.say(
        'channel',
        Object.keys(message),
        message.socket instanceof t.net.Socket,
        message.socket.connecting,
      )
    diagnostics.subscribe('net.client.socket', onSocket)
    const client = t.connect(server)
    diagnostics.unsubscribe('net.client.socket', onSocket)
    await until(client, 'connect')
  },
  'net.server.socket has each that is accepted': async (t) => {
    /** @param {any} message */
    const onSocket = (message) =>
      t.say('channel', Object.keys(message), message.socket instanceof t.net.Socket)
    diagnostics.subscribe('net.server.socket', onSocket)
    await t.pair()
    diagnostics.unsubscribe('net.server.socket', onSocket)
  },
  'the this of a listener is the socket': async (t) => {
    const { client, accepted } = await t.pair()
    accepted.on(
      'data',
      /** @this {unknown} */ function () {
        t.say('accepted', 'data', /** @type {unknown} */ (this) === accepted)
      },
    )
    accepted.on(
      'close',
      /** @this {unknown} */ function () {
        t.say('accepted', 'close', /** @type {unknown} */ (this) === accepted)
      },
    )
    client.end('x').resume()
    await until(accepted, 'close')
  },
  'setTypeOfService and getTypeOfService': {
    since: 26,
    run: async (t) => {
      const { client } = await t.pair()
      const socket = /** @type {any} */ (client)
      t.try('client', () => socket.getTypeOfService())
      t.try('client', () => socket.setTypeOfService(0x10) === socket)
      t.try('client', () => socket.getTypeOfService())
      for (const value of [-1, 256, 1.5, '1', undefined])
        t.try('client', () => socket.setTypeOfService(value))
    },
  },
}
export default programs
