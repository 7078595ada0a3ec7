// A Server: its options, events, properties, and its end.
import { once } from 'node:events'
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

/** The error of a createServer with these arguments, if there is one. @param {...unknown} args */
const creating =
  (...args) =>
  async (/** @type {Context} */ t) =>
    t.try('server', () => void t.net.createServer(.../** @type {[]} */ (args)))

/** What a client and the accepted socket see of an option of the server. @param {object} options */
const accepting = (options) => async (/** @type {Context} */ t) => {
  const { accepted } = await t.pair(options)
  const { allowHalfOpen, readableHighWaterMark, writableHighWaterMark, readableFlowing } = accepted
  t.say('accepted', { allowHalfOpen, readableHighWaterMark, writableHighWaterMark, readableFlowing })
  t.say('accepted', accepted.isPaused(), accepted.timeout, accepted.readyState)
}

/** @type {Programs} */
const programs = {
  'createServer() takes nothing': creating(),
  'createServer(listener)': creating(() => {}),
  'createServer({}, listener)': creating({}, () => {}),
  'createServer(undefined, listener)': creating(undefined, () => {}),
  'createServer(null) takes it as no options': creating(null),
  'createServer(5) is refused': creating(5),
  "createServer('text') is refused": creating('text'),
  'keepAliveInitialDelay that is no number is refused': creating({ keepAliveInitialDelay: '5' }),
  'highWaterMark that is no number is refused': creating({ highWaterMark: 'x' }),
  'highWaterMark below zero is refused or not': creating({ highWaterMark: -1 }),
  'a blockList that is none is refused': { since: 24, run: creating({ blockList: {} }) },
  'Server is called without new': async (t) => {
    const server = /** @type {any} */ (t.net).Server({}, () => {})
    t.say('server', server instanceof t.net.Server, server.listenerCount('connection'), server.listening)
  },
  'a Server is an EventEmitter': async (t) => {
    const { EventEmitter } = await import('node:events')
    const server = new t.net.Server()
    t.say('server', server instanceof EventEmitter, server instanceof t.net.Server)
  },
  'the listener of createServer is one of connection': async (t) => {
    t.say('server', t.net.createServer(() => {}).listenerCount('connection'))
  },
  'what a server has before it listens': async (t) => {
    const server = t.net.createServer()
    t.say('server', server.listening, server.maxConnections, server.address())
  },
  'accepted with no option': accepting({}),
  'accepted with allowHalfOpen': accepting({ allowHalfOpen: true }),
  'accepted with pauseOnConnect': accepting({ pauseOnConnect: true }),
  'accepted with highWaterMark': accepting({ highWaterMark: 1000 }),
  'accepted with noDelay': accepting({ noDelay: true }),
  'accepted with keepAlive': accepting({ keepAlive: true, keepAliveInitialDelay: 1000 }),
  'connection has the socket, and the server as this': async (t) => {
    const server = await t.serve()
    server.on(
      'connection',
      /** @this {unknown} */ function (socket) {
        t.say(
          'server',
          this === server,
          socket instanceof t.net.Socket,
          /** @type {any} */ (socket).server === server,
        )
      },
    )
    t.connect(server)
    await until(server, 'connection')
  },
  'getConnections counts those that are open': async (t) => {
    const { server, client, accepted } = await t.pair()
    const count = () => new Promise((resolve) => server.getConnections((error, n) => resolve([error, n])))
    t.say('server', await count())
    const closed = until(accepted, 'close')
    client.destroy()
    await closed
    t.say('server', await count())
  },
  'getConnections returns the server and calls back later': async (t) => {
    const server = await t.serve()
    t.say('server', server.getConnections(() => t.say('server', 'called')) === server)
    t.say('server', 'returned')
    await turns()
  },
  'getConnections before listen': async (t) => {
    t.net.createServer().getConnections((error, count) => t.say('server', error, count))
    await turns()
  },
  'close before listen tells its callback': async (t) => {
    const server = t.follow('server', t.net.createServer())
    server.close((error) => t.say('server', 'called', error))
    await turns()
    t.say('server', server.listening)
  },
  'close before listen without a callback': async (t) => {
    const server = t.follow('server', t.net.createServer())
    t.say('server', server.close() === server)
    await turns()
  },
  'close twice tells the second callback': async (t) => {
    const server = t.follow('server', await t.serve())
    server.close((error) => t.say('server', 'first', error))
    server.close((error) => t.say('server', 'second', error))
    await turns(5)
  },
  'close is told later, listening ends at once': async (t) => {
    const server = t.follow('server', await t.serve())
    t.say('server', server.close(() => t.say('server', 'called')) === server, server.listening)
    await until(server, 'close')
  },
  'close at once after listen': async (t) => {
    const server = t.follow('server', t.net.createServer())
    server.listen(0, '127.0.0.1')
    server.close((error) => t.say('server', 'called', error))
    await turns(10)
    t.say('server', server.listening)
  },
  'close waits for the connections': async (t) => {
    const { server, client, accepted } = await t.pair()
    t.follow('server', server)
    server.close()
    await turns()
    t.say('server', 'still open')
    client.on('close', () => {})
    accepted.on('close', () => t.say('server', 'the socket is closed'))
    client.end()
    accepted.resume()
    client.resume()
    await until(server, 'close')
  },
  'close in the handler of a connection': async (t) => {
    const server = t.follow('server', await t.serve())
    server.on('connection', (socket) => {
      server.close()
      t.read('server', socket).end('bye')
    })
    const client = t.read('client', t.connect(server))
    await Promise.all([until(server, 'close'), until(client, 'close')])
  },
  'after close nobody is accepted': async (t) => {
    const server = await t.serve()
    const port = t.port(server)
    server.close()
    await until(server, 'close')
    const client = t.follow('client', t.net.connect(port, '127.0.0.1'))
    await until(client, 'close')
  },
  'asyncDispose closes': async (t) => {
    const server = t.follow('server', await t.serve())
    t.say('server', await server[Symbol.asyncDispose]())
    t.say('server', server.listening)
  },
  'asyncDispose before listen': async (t) => {
    const server = t.follow('server', t.net.createServer())
    await server[Symbol.asyncDispose]().then(
      (value) => t.say('server', 'resolves', value),
      (error) => t.say('server', 'rejects', error),
    )
  },
  'ref and unref return the server': async (t) => {
    const server = t.net.createServer()
    t.say('server', server.ref() === server, server.unref() === server)
    server.listen(0, '127.0.0.1')
    t.hold(server)
    await once(server, 'listening')
    t.say('server', server.unref() === server, server.ref() === server, server.ref() === server)
  },
  'maxConnections drops those above, with what it knows of them': async (t) => {
    const server = await t.serve()
    server.maxConnections = 1
    const first = t.connect(server)
    await Promise.all([until(server, 'connection'), until(first, 'connect')])
    const second = t.connect(server)
    second.on('error', () => {})
    const [dropped] = await once(server, 'drop')
    t.call(dropped.remotePort, 'SECOND')
    t.say('server', Object.keys(dropped).sort(), dropped)
    second.resume()
    await until(second, 'close')
    t.say('second', second.bytesRead)
  },
  'maxConnections of 0 drops all': async (t) => {
    const server = await t.serve()
    server.maxConnections = 0
    server.on('connection', () => t.say('server', 'connection'))
    server.on('drop', () => t.say('server', 'drop'))
    const client = t.connect(server).on('error', () => {})
    client.resume()
    await Promise.race([until(server, 'connection'), until(server, 'drop')])
    t.say('server', server.maxConnections)
  },
  'maxConnections lets in again once one has left': async (t) => {
    const { server, client, accepted } = await t.pair()
    server.maxConnections = 1
    const closed = until(accepted, 'close')
    client.destroy()
    await closed
    server.on('drop', () => t.say('server', 'drop'))
    server.on('connection', () => t.say('server', 'connection'))
    t.connect(server)
    await until(server, 'connection')
  },
  'dropMaxConnection is a property': {
    since: 22,
    run: async (t) => t.say('server', /** @type {any} */ (t.net.createServer()).dropMaxConnection),
  },
  'pauseOnConnect keeps what comes until resume': async (t) => {
    const { client, accepted } = await t.pair({ pauseOnConnect: true })
    t.read('accepted', accepted)
    client.end('hello')
    await turns(5)
    t.say('accepted', 'nothing yet', accepted.isPaused())
    accepted.resume()
    await until(accepted, 'end')
  },
  'an error of a connection handler is uncaught': async (t) => {
    const server = await t.serve()
    server.on('connection', () => {
      throw new Error('of the handler')
    })
    await until(t.connect(server), 'connect')
    await turns(10)
  },
  'captureRejections brings a rejection to the socket or the server': async (t) => {
    const { EventEmitter } = await import('node:events')
    EventEmitter.captureRejections = true
    const server = t.net.createServer()
    EventEmitter.captureRejections = false
    t.hold(server).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.call(t.port(server), 'PORT')
    server.on('error', (error) => t.say('server', 'error', error))
    server.on('connection', async (socket) => {
      t.follow('accepted', socket)
      throw new Error('of the handler')
    })
    const client = t.connect(server)
    client.on('error', () => {}).resume()
    await until(client, 'close')
    await turns()
  },
  'a connection from an address of the blockList is not accepted': {
    since: 24,
    run: async (t) => {
      const blockList = new t.net.BlockList()
      blockList.addAddress('127.0.0.1')
      const server = await t.serve(/** @type {object} */ ({ blockList }))
      server.on('connection', () => t.say('server', 'connection'))
      server.on('drop', () => t.say('server', 'drop'))
      const client = t.connect(server).on('error', () => {})
      client.resume()
      await until(client, 'close')
      t.say('client', client.bytesRead)
    },
  },
}
export default programs
