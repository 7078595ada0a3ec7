// Sockets that have their name before they have a purpose.
import { once } from 'node:events'
import { join } from 'node:path'
import { until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

/** Where Node has them. */
const SINCE = 24

/** @param {Context} t @returns {any} */
const classOf = (t) => /** @type {any} */ (t.net).BoundSocket

/** @param {Context} t @param {object} [options] */
function bind(t, options = { host: '127.0.0.1' }) {
  const bound = new (classOf(t))(options)
  const address = bound.address()
  if (typeof address === 'object') t.call(address.port, 'BOUND')
  return bound
}

/** A client that is to use it, followed. @param {Context} t @param {any} bound */
const clientOf = (t, bound) => t.follow('client', t.hold(socketOf(t, bound)))

/** @param {Context} t @param {any} bound */
const socketOf = (t, bound) => new t.net.Socket(/** @type {any} */ ({ handle: bound }))

/** @type {Record<string, object | string | undefined | null>} */
const WRONG = {
  'no object': 'x',
  null: null,
  'a name of a host': { host: 'localhost' },
  'a host that is no text': { host: 1 },
  'an empty host': { host: '' },
  'a port that is none': { port: 65536 },
  'a port that is no number': { port: 'x' },
  'ipv6Only that is no boolean': { ipv6Only: 1 },
  'reusePort that is no boolean': { reusePort: 'yes' },
  'a path that is no text': { path: 5 },
  'a path and a port': { path: '/x', port: 0 },
  'a path and a host': { path: '/x', host: '::' },
  'an address of nobody': { host: '203.0.113.7' },
}

/** @type {import('../corpus.mjs').Run} */
const wrongOptions = async (t) => {
  for (const [what, options] of Object.entries(WRONG)) t.try(what, () => new (classOf(t))(options).close())
}

/** @type {Record<string, import('../corpus.mjs').Run>} */
const programs = {
  'wrong options': wrongOptions,
  'has its class': async (t) => {
    t.try('class', () => classOf(t)())
    t.say('class', classOf(t).name, classOf(t).length, 'isPipe' in classOf(t).prototype)
    const bound = bind(t)
    t.say('bound', Object.keys(bound), JSON.stringify(bound), String(bound))
    bound.close()
  },
  'knows its address at once': async (t) => {
    for (const options of [
      {},
      { host: '127.0.0.1' },
      { host: '::1' },
      { ipv6Only: true },
      { host: '::', ipv6Only: false },
    ]) {
      const bound = bind(t, options)
      t.say('bound', bound.address(), bound.isPipe, typeof bound.fd(), bound.fd() > 2)
      bound.close()
    }
  },
  'leaves its port to who listens': async (t) => {
    const bound = bind(t)
    const { port } = bound.address()
    t.try('second', () => new (classOf(t))({ host: '127.0.0.1', port }))
    const server = t.follow('server', t.hold(t.net.createServer()))
    server.listen(port, '127.0.0.1')
    await Promise.race([until(server, 'listening'), until(server, 'error')])
    t.say('server', server.address())
    bound.close()
    t.try('third', () => new (classOf(t))({ host: '127.0.0.1', port }).close())
  },
  'may be shared': async (t) => {
    const bound = bind(t, { host: '127.0.0.1', reusePort: true })
    const { port } = bound.address()
    const second = new (classOf(t))({ host: '127.0.0.1', port, reusePort: true })
    t.say('second', second.address())
    t.try('third', () => new (classOf(t))({ host: '127.0.0.1', port }))
    bound.close()
    second.close()
  },
  'is good for nothing once it is closed': async (t) => {
    const bound = bind(t)
    t.try('bound', () => bound.close())
    t.try('again', () => bound.close())
    t.try('address', () => bound.address())
    t.try('fd', () => bound.fd())
    t.try('isPipe', () => bound.isPipe)
    t.try('listen', () => t.net.createServer().listen(bound))
    t.try('socket', () => socketOf(t, bound))
  },
  'is disposed of once': async (t) => {
    const bound = bind(t)
    const dispose = bound[Symbol.dispose].bind(bound)
    t.try('first', dispose)
    t.try('second', dispose)
    t.try('close', () => bound.close())
  },
  'becomes a server': async (t) => {
    const bound = bind(t)
    const server = t.follow('server', t.hold(t.net.createServer((socket) => socket.end('welcome'))))
    t.try('server', () => server.listen(bound))
    t.try('bound', () => bound.address())
    t.try('close', () => bound.close())
    await until(server, 'listening')
    t.say('server', server.address(), server.listening)
    const client = t.follow('client', t.read('client', t.connect(server)))
    await until(client, 'close')
  },
  'becomes a server by the option handle': async (t) => {
    const server = t.follow('server', t.hold(t.net.createServer()))
    t.try('server', () => server.listen(/** @type {any} */ ({ handle: bind(t), backlog: 5 })))
    await Promise.race([until(server, 'listening'), until(server, 'error')])
    t.say('server', server.address())
  },
  'becomes one server': async (t) => {
    const bound = bind(t)
    const server = t.hold(t.net.createServer())
    server.listen(bound)
    t.try('second server', () => t.net.createServer().listen(bound))
    t.try('socket', () => socketOf(t, bound))
    await until(server, 'listening')
  },
  'becomes a client': async (t) => {
    const server = await t.serve()
    const accepted = once(server, 'connection')
    const bound = bind(t, { host: '127.0.0.2' })
    const client = clientOf(t, bound)
    t.say('client', client.readyState, client.pending, client.connecting, client.localAddress)
    t.try('bound', () => bound.fd())
    client.connect(t.port(server), '127.0.0.1')
    t.say('client', client.readyState, client.pending, client.connecting)
    const [peer] = await accepted
    t.say('peer', peer.remoteAddress, peer.remotePort)
    await (client.connecting ? until(client, 'connect') : undefined)
    t.say('client', client.localAddress, client.localPort, client.readyState)
    client.end()
    peer.end()
    await until(client, 'close')
  },
  'and no local address besides': async (t) => {
    const server = await t.serve()
    const client = t.hold(socketOf(t, bind(t)))
    t.try('client', () =>
      client.connect({ port: t.port(server), host: '127.0.0.1', localAddress: '127.0.0.1' }),
    )
    const other = t.hold(socketOf(t, bind(t)))
    t.try('other', () => other.connect({ port: t.port(server), host: '127.0.0.1', localPort: 5 }))
  },
  'connects by the name of a host': async (t) => {
    const server = await t.serve()
    const client = clientOf(t, bind(t))
    client.connect({ port: t.port(server), host: 'localhost', family: 4 })
    await until(client, 'connect')
    t.say('client', client.localAddress, client.localPort)
  },
  'is refused like any other': async (t) => {
    const client = clientOf(t, bind(t))
    client.connect(t.closedPort(), '127.0.0.1')
    await until(client, 'close')
  },
  'of IPv6 reaches no IPv4': async (t) => {
    const server = await t.serve()
    const bound = bind(t, { host: '::1' })
    const client = clientOf(t, bound)
    client.connect(t.port(server), '127.0.0.1')
    await until(client, 'close')
  },
  'of a client that is destroyed first is free again': async (t) => {
    const bound = bind(t)
    const { port } = bound.address()
    const client = t.follow('client', socketOf(t, bound))
    client.destroy()
    await until(client, 'close')
    t.try('again', () => new (classOf(t))({ host: '127.0.0.1', port }).close())
  },
  'of a path becomes a server': async (t) => {
    const path = join(t.folder(), 'server')
    const bound = bind(t, { path })
    t.say('bound', bound.address(), bound.isPipe, bound.fd() > 2)
    t.try('second', () => new (classOf(t))({ path }))
    const server = t.follow('server', t.hold(t.net.createServer((socket) => socket.end('welcome'))))
    server.listen(bound)
    await until(server, 'listening')
    t.say('server', server.address())
    const client = t.follow('client', t.read('client', t.hold(t.net.connect(path))))
    await until(client, 'close')
  },
  'of a path becomes a client': async (t) => {
    const folder = t.folder()
    const server = await t.serve({}, /** @type {any} */ ({ path: join(folder, 'server') }))
    const bound = bind(t, { path: join(folder, 'client') })
    const client = clientOf(t, bound)
    t.say('client', client.localAddress, client.address())
    const accepted = once(server, 'connection')
    client.connect(join(folder, 'server'))
    t.say('client', client.localAddress, client.connecting)
    const [[peer]] = await Promise.all([accepted, until(client, 'connect')])
    t.say('client', client.localAddress, client.localFamily, client.remoteAddress, client.address())
    t.say('peer', peer.remoteAddress)
    client.end()
    peer.end()
    await until(client, 'close')
    t.say('client', client.localAddress)
  },
  'of a path and of no folder': async (t) => {
    const path = join(t.folder(), 'none', 'server')
    t.try('bound', () => new (classOf(t))({ path }))
  },
  'of an abstract name': async (t) => {
    const name = `\0pollux-${process.pid}-${process.argv[2]}`
    t.call(JSON.stringify(name).slice(1, -1), 'NAME')
    const bound = bind(t, { path: name })
    t.say('bound', bound.address() === name, bound.isPipe)
    bound.close()
  },
}

/** @type {Programs} */
const all = Object.fromEntries(Object.entries(programs).map(([name, run]) => [name, { run, since: SINCE }]))
export default all
