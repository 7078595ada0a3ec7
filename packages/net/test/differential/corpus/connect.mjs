// connect and createConnection, in each form, up to the connection or the error.
import dns from 'node:dns'
import { once } from 'node:events'
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

const ATTEMPTS = ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout']
const ALL = [...ATTEMPTS, 'connect', 'ready', 'error', 'close']

/**
 * What is seen of a connection that `start` makes.
 * @param {(t: Context, port: number) => import('node:net').Socket} start
 * @param {object} [listen]
 */
const connecting = (start, listen) => async (/** @type {Context} */ t) => {
  const server = await t.serve({}, listen)
  const client = t.follow('client', t.hold(start(t, t.port(server))), ALL)
  t.say('client', client.connecting, client.pending, client.readyState)
  await Promise.race([until(client, 'ready'), until(client, 'close')])
  t.say('client', client.connecting, client.pending, client.readyState)
  t.say('client', client.remoteAddress, client.remoteFamily, client.remotePort)
}

/** The error that a call throws or that comes later. @param {(t: Context, port: number) => unknown} start */
const failing = (start) => async (/** @type {Context} */ t) => {
  const port = t.closedPort()
  try {
    const client = t.follow('client', /** @type {import('node:net').Socket} */ (start(t, port)), ALL)
    t.say('client', client.connecting)
    await until(client, 'close')
    t.say(
      'client',
      client.destroyed,
      client.connecting,
      client.pending,
      client.readyState,
      client.errored === null,
    )
  } catch (error) {
    t.say('client', 'throws', error)
  }
}
const throwing = (/** @type {unknown[]} */ ...args) =>
  failing(({ net }) => net.connect(.../** @type {[any]} */ (args)))

const host = '127.0.0.1'
/** @param {{ address: string, family: number }[]} found @returns {any} */
const lookupOf =
  (found) => (/** @type {string} */ _name, /** @type {any} */ options, /** @type {any} */ callback) =>
    options.all ? callback(null, found) : callback(null, found[0]?.address, found[0]?.family)

/** @type {Programs} */
const programs = {
  'connect(port, host)': connecting(({ net }, port) => net.connect(port, host)),
  'connect(port in text, host)': connecting(({ net }, port) =>
    net.connect(/** @type {any} */ (String(port)), host),
  ),
  'connect(port) goes to localhost': connecting(({ net }, port) => net.connect(port), {
    port: 0,
    host: 'localhost',
  }),
  'connect({ port, host })': connecting(({ net }, port) => net.connect({ port, host })),
  'createConnection(port, host)': connecting(({ net }, port) => net.createConnection(port, host)),
  'createConnection({ port, host })': connecting(({ net }, port) => net.createConnection({ port, host })),
  'new Socket().connect(port, host)': connecting(({ net }, port) => new net.Socket().connect(port, host)),
  'connect([port, host]) is refused': throwing([1, host]),
  'Socket().connect without new': connecting(({ net }, port) =>
    /** @type {any} */ (net).Socket().connect(port, host),
  ),
  'new Stream() is a Socket': connecting(({ net }, port) =>
    new /** @type {any} */ (net).Stream().connect(port, host),
  ),
  'connect to IPv6': connecting(({ net }, port) => net.connect(port, '::1'), { port: 0, host: '::1' }),
  'connect with family 4 by name': connecting(({ net }, port) =>
    net.connect({ port, host: 'localhost', family: 4 }),
  ),
  'connect with autoSelectFamily false by name': connecting(({ net }, port) =>
    net.connect({ port, host: 'localhost', family: 4, autoSelectFamily: false }),
  ),
  'connect with localAddress': connecting(({ net }, port) =>
    net.connect({ port, host, localAddress: '127.0.0.2' }),
  ),
  'connect with a lookup of one’s own': connecting(({ net }, port) =>
    net.connect({ port, host: 'somewhere', lookup: lookupOf([{ address: host, family: 4 }]) }),
  ),
  'connect with a lookup and autoSelectFamily false': connecting(({ net }, port) =>
    net.connect({
      port,
      host: 'somewhere',
      autoSelectFamily: false,
      lookup: lookupOf([{ address: host, family: 4 }]),
    }),
  ),
  'connect with noDelay, keepAlive': connecting(({ net }, port) =>
    net.connect({ port, host, noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 }),
  ),
  'connect with timeout sets it': async (t) => {
    const server = await t.serve()
    const client = t.connect(server, { timeout: 5000 })
    t.say('client', client.timeout)
    await until(client, 'connect')
  },
  'the second of two addresses is tried if the first refuses': async (t) => {
    const server = await t.serve()
    const lookup = lookupOf([
      { address: '::1', family: 6 },
      { address: host, family: 4 },
    ])
    const client = t.connect(server, { host: 'somewhere', lookup, autoSelectFamily: true })
    t.follow('client', client, ALL)
    await until(client, 'ready')
    t.say('client', client.remoteAddress, /** @type {any} */ (client).autoSelectFamilyAttemptedAddresses)
  },
  'the error of all addresses is one with them all': failing(({ net }, port) =>
    net.connect({
      port,
      host: 'somewhere',
      autoSelectFamily: true,
      lookup: lookupOf([
        { address: host, family: 4 },
        { address: '::1', family: 6 },
      ]),
    }),
  ),
  'the lookup of node:dns is the one that it has when connect is called': async (t) => {
    const server = await t.serve()
    const { lookup } = dns
    dns.lookup = /** @type {any} */ (lookupOf([{ address: host, family: 4 }]))
    const client = t.follow('client', t.connect(server, { host: 'somewhere' }), ALL)
    dns.lookup = lookup
    await Promise.race([until(client, 'ready'), until(client, 'close')])
  },
  'a lookup that answers null': failing(({ net }, port) =>
    net.connect({
      port,
      host: 'somewhere',
      lookup: (_name, _options, callback) => callback(null, /** @type {any} */ (null)),
    }),
  ),
  'a lookup that fails': failing(({ net }, port) =>
    net.connect({
      port,
      host: 'somewhere',
      lookup: (_name, _options, callback) =>
        callback(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), '', 0),
    }),
  ),
  'a lookup that finds nothing': failing(({ net }, port) =>
    net.connect({ port, host: 'somewhere', lookup: lookupOf([]) }),
  ),
  'a lookup that gives what is no address': failing(({ net }, port) =>
    net.connect({ port, host: 'somewhere', lookup: lookupOf([{ address: 'x', family: 4 }]) }),
  ),
  'a lookup that gives a family that is none': failing(({ net }, port) =>
    net.connect({
      port,
      host: 'somewhere',
      lookup: lookupOf([{ address: host, family: 5 }]),
      autoSelectFamily: false,
    }),
  ),
  'a lookup that is no function': throwing({ port: 1, host: 'somewhere', lookup: 5 }),
  'nobody listens': failing(({ net }, port) => net.connect(port, host)),
  'nobody listens, by IPv6': failing(({ net }, port) => net.connect(port, '::1')),
  'nobody listens, from a local address': failing(({ net }, port) =>
    net.connect({ port, host, localAddress: '127.0.0.3' }),
  ),
  'a host that does not exist': failing(({ net }, port) => net.connect(port, 'nobody.invalid')),
  'a path that does not exist': failing(({ net }) => net.connect('/nowhere/at/all')),
  'a path that is no socket': failing(({ net }) => net.connect({ path: '/etc/passwd' })),
  'connect() is refused': throwing(),
  'connect({}) is refused': throwing({}),
  'connect({ host }) is refused': throwing({ host }),
  'a port of -1 is refused': throwing(-1),
  'a port of 65536 is refused': throwing({ port: 65536 }),
  'a port of 1.5 is refused': throwing({ port: 1.5 }),
  'a port that is no number is refused': throwing({ port: 'http' }),
  'a port of true is refused': throwing({ port: true }),
  'a path that is no text is refused': throwing({ path: 5 }),
  'a localAddress that is no address is refused': throwing({ port: 1, host, localAddress: 'x' }),
  'a localPort that is none is refused': throwing({ port: 1, host, localPort: 'x' }),
  'a family that is none is refused': throwing({ port: 1, host: 'localhost', family: 5 }),
  'hints that are none are refused': throwing({ port: 1, host: 'localhost', hints: 1 << 20 }),
  'autoSelectFamily that is no boolean is refused': throwing({ port: 1, host, autoSelectFamily: 'yes' }),
  'autoSelectFamilyAttemptTimeout that is no number is refused': throwing({
    port: 1,
    host: 'localhost',
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 'x',
  }),
  'autoSelectFamilyAttemptTimeout of 0 is refused': throwing({
    port: 1,
    host: 'localhost',
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 0,
  }),
  'a timeout that is no number is refused': throwing({ port: 1, host, timeout: 'x' }),
  'objectMode is refused': throwing({ port: 1, host, objectMode: true }),
  'readableObjectMode is refused': throwing({ port: 1, host, readableObjectMode: true }),
  'writableObjectMode is refused': throwing({ port: 1, host, writableObjectMode: true }),
  'an onread without a buffer is refused or not': throwing({ port: -1, onread: {} }),
  'an address of the blockList is not connected to': {
    since: 24,
    run: failing(({ net }, port) => {
      const blockList = new net.BlockList()
      blockList.addAddress(host)
      return net.connect(/** @type {any} */ ({ port, host, blockList }))
    }),
  },
  'a blockList that is none is refused': { since: 24, run: throwing({ port: 1, host, blockList: {} }) },
  'the callback of connect is a listener of connect, once': async (t) => {
    const server = await t.serve()
    const client = t.hold(t.net.connect(t.port(server), host, () => t.say('client', 'called')))
    t.say('client', client.listenerCount('connect'))
    await until(client, 'ready')
    t.say('client', client.listenerCount('connect'))
  },
  'the callback of connect is not called on an error': async (t) => {
    const port = t.closedPort()
    const client = t.follow(
      'client',
      t.net.connect(port, host, () => t.say('client', 'called')),
    )
    await until(client, 'close')
  },
  'connect comes in a later turn, before ready': async (t) => {
    const server = await t.serve()
    const client = t.follow('client', t.connect(server), ['connect', 'ready'])
    t.say('client', 'after connect')
    process.nextTick(() => t.say('client', 'next tick'))
    await until(client, 'ready')
  },
  'connect returns the socket': async (t) => {
    const server = await t.serve()
    const socket = t.hold(new t.net.Socket())
    t.say('client', socket.connect(t.port(server), host) === socket)
    await until(socket, 'connect')
  },
  'connect a second time, once closed': async (t) => {
    const server = await t.serve()
    server.on('connection', (socket) => socket.end('hello'))
    const client = t.hold(new t.net.Socket())
    for (let i = 0; i < 2; i++) {
      client.connect(t.port(server), host)
      t.say('client', client.connecting, client.destroyed, client.bytesRead)
      let text = ''
      client.on('data', (chunk) => (text += chunk))
      await until(client, 'close')
      client.removeAllListeners('data')
      t.say('client', text, client.destroyed)
    }
  },
  'connect after a refusal, with the same socket': async (t) => {
    const server = await t.serve()
    const client = t.hold(t.follow('client', new t.net.Socket()))
    client.connect(t.closedPort(), host)
    await until(client, 'close')
    client.connect(t.port(server), host)
    await until(client, 'ready')
    t.say('client', client.readyState, client.destroyed)
  },
  'setDefaultAutoSelectFamily is what getDefaultAutoSelectFamily says': async (t) => {
    const before = t.net.getDefaultAutoSelectFamily()
    t.net.setDefaultAutoSelectFamily(!before)
    const after = t.net.getDefaultAutoSelectFamily()
    t.net.setDefaultAutoSelectFamily(before)
    t.say('net', before, after, t.net.getDefaultAutoSelectFamily())
  },
  'setDefaultAutoSelectFamilyAttemptTimeout takes 10 ms at least': async (t) => {
    const before = t.net.getDefaultAutoSelectFamilyAttemptTimeout()
    for (const value of [1, 9, 10, 11, 5000]) {
      t.net.setDefaultAutoSelectFamilyAttemptTimeout(value)
      t.say('net', value, t.net.getDefaultAutoSelectFamilyAttemptTimeout())
    }
    t.net.setDefaultAutoSelectFamilyAttemptTimeout(before)
    t.say('net', before)
  },
  'the defaults refuse what is no boolean and no number': async (t) => {
    for (const value of [undefined, null, 'x', 0, -1, 1.5]) {
      t.try('family', () => t.net.setDefaultAutoSelectFamily(/** @type {any} */ (value)))
      if (typeof value !== 'boolean') t.net.setDefaultAutoSelectFamily(true)
      t.try('timeout', () => t.net.setDefaultAutoSelectFamilyAttemptTimeout(/** @type {any} */ (value)))
    }
    t.net.setDefaultAutoSelectFamilyAttemptTimeout(250)
  },
  'destroyed while it connects': async (t) => {
    const server = await t.serve()
    const client = t.follow('client', t.connect(server), ALL)
    client.destroy()
    t.say('client', client.connecting, client.destroyed, client.readyState)
    await until(client, 'close')
    await turns()
  },
  'destroyed in the handler of lookup': async (t) => {
    const server = await t.serve()
    const client = t.follow('client', t.connect(server, { host: 'localhost', family: 4 }), [
      'connect',
      'error',
      'close',
    ])
    client.once('lookup', () => client.destroy())
    await until(client, 'close')
    await turns()
  },
  'destroyed in the handler of connectionAttempt': async (t) => {
    const server = await t.serve()
    const client = t.follow('client', t.connect(server, { host: 'localhost' }), ['connect', 'error', 'close'])
    client.once('connectionAttempt', () => client.destroy(new Error('enough')))
    await until(client, 'close')
    await turns()
  },
  'destroyed in the handler of connect': async (t) => {
    const server = await t.serve()
    const client = t.follow('client', t.connect(server), ALL)
    client.once('connect', () => client.destroy())
    await until(client, 'close')
    await turns()
  },
  'what is written while it connects is sent once it does': async (t) => {
    const server = await t.serve()
    const client = t.connect(server)
    t.say('client', client.write('one '), client.bytesWritten, client.writableLength, client.pending)
    client.write('two', () => t.say('client', 'written'))
    client.end()
    const [accepted] = await once(server, 'connection')
    t.read('accepted', accepted)
    await until(accepted, 'end')
    await until(client, 'close')
    t.say('client', client.bytesWritten)
  },
  'what is written while it connects fails with it': async (t) => {
    const port = t.closedPort()
    const client = t.follow('client', t.net.connect(port, host))
    client.write('lost', (error) => t.say('written', error))
    await until(client, 'close')
    await turns()
  },
  'end while it connects': async (t) => {
    const server = await t.serve()
    const client = t.follow('client', t.connect(server))
    client.end()
    t.say('client', client.readyState, client.writableEnded)
    client.resume()
    await until(client, 'close')
  },
  'a signal that is aborted already': async (t) => {
    const server = await t.serve()
    const client = t.follow('client', t.connect(server, { signal: AbortSignal.abort() }))
    t.say('client', client.destroyed)
    await until(client, 'close')
  },
  'a signal that is aborted while it connects': async (t) => {
    const server = await t.serve()
    const controller = new AbortController()
    const client = t.follow('client', t.connect(server, { signal: controller.signal }))
    controller.abort()
    t.say('client', client.destroyed)
    await until(client, 'close')
  },
  'a signal that is aborted once connected, with a reason': async (t) => {
    const controller = new AbortController()
    const { client } = await t.pair({}, { signal: controller.signal })
    t.follow('client', client)
    controller.abort(new Error('the reason'))
    await until(client, 'close')
  },
}
export default programs
