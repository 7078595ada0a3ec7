// How a socket comes to its end: destroy, destroySoon, resetAndDestroy, and what its peer sees of it.
import { once } from 'node:events'
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */
/** @typedef {import('node:net').Socket} Socket */

/** What both ends see of what one does. @param {(client: Socket, t: Context) => unknown} act */
const acting = (act) => async (/** @type {Context} */ t) => {
  const { client, accepted } = await t.pair()
  t.follow('client', client)
  t.follow('accepted', accepted).resume()
  const closed = Promise.all([until(client, 'close'), until(accepted, 'close')])
  await act(client, t)
  t.say('client', client.destroyed, client.readyState, client.writable, client.readable, client.pending)
  await closed
  await turns()
  t.say('client', client.destroyed, client.closed, client.errored, client.readyState)
  t.say('accepted', accepted.destroyed, accepted.closed, accepted.readyState)
}

/** The same to a socket that nobody has connected. @param {(socket: Socket, t: Context) => unknown} act */
const unconnected = (act) => async (/** @type {Context} */ t) => {
  const socket = t.follow('socket', t.hold(new t.net.Socket()))
  try {
    t.say('socket', (await act(socket, t)) === socket)
  } catch (error) {
    t.say('socket', 'throws', error)
  }
  await turns(5)
  t.say('socket', socket.destroyed, socket.closed, socket.readyState, socket.pending)
}

/** The bytes and the end of a path come as one: what its client does about the bytes. @param {(client: Socket, t: Context) => unknown} act */
const lastWords = (act) => async (/** @type {Context} */ t) => {
  const path = `${t.folder()}/socket`
  const server = await t.serve({}, { path })
  const client = t.follow('client', t.hold(t.net.connect(path)))
  const [accepted] = await once(server, 'connection')
  client.once('data', () => act(client, t))
  accepted.write('last words')
  accepted.destroy()
  await until(client, 'close')
}

/** @type {Programs} */
const programs = {
  'destroy()': acting((client) => client.destroy()),
  'destroy(error)': acting((client) => client.destroy(new Error('enough'))),
  'destroy twice': acting((client) => client.destroy().destroy()),
  'destroy(error) twice tells the first': acting((client) =>
    client.destroy(new Error('first')).destroy(new Error('second')),
  ),
  'destroy returns the socket': acting((client, t) => t.say('returns', client.destroy() === client)),
  'destroySoon()': acting((client) => client.destroySoon()),
  'destroySoon() after a write sends it': acting((client, t) => {
    client.write('abc', () => t.say('written', client.bytesWritten))
    client.destroySoon()
  }),
  'destroySoon() twice': acting((client) => {
    client.destroySoon()
    client.destroySoon()
  }),
  'end() while nobody reads here': acting((client) => client.end()),
  'end() and resume': acting((client) => client.end().resume()),
  'end(), then destroy()': acting((client) => client.end().destroy()),
  'destroy(), then end()': acting((client) => client.destroy().end()),
  'destroy in a write’s callback': acting(
    (client) => new Promise((resolve) => client.write('x', () => resolve(client.destroy()))),
  ),
  'destroy in the handler of finish': acting((client) => {
    client.on('finish', () => client.destroy())
    client.end('x')
  }),
  'destroy in the handler of end': acting((client) => {
    client.on('end', () => client.destroy())
    client.end('x').resume()
  }),
  'autoDestroy after both ends': acting((client) => client.end('x').resume()),
  'resetAndDestroy()': acting((client) => client.resetAndDestroy()),
  'resetAndDestroy() returns the socket': acting((client, t) =>
    t.say('returns', client.resetAndDestroy() === client),
  ),
  'resetAndDestroy() after destroy()': acting((client) => client.destroy().resetAndDestroy()),
  'resetAndDestroy() twice': acting((client) => client.resetAndDestroy().resetAndDestroy()),
  'asyncDispose of the stream': acting((client) => {
    client.on('error', () => {})
    return /** @type {any} */ (client)[Symbol.asyncDispose]?.()
  }),
  'unconnected: destroy()': unconnected((socket) => socket.destroy()),
  'unconnected: destroy(error)': unconnected((socket) => socket.destroy(new Error('enough'))),
  'unconnected: destroySoon()': unconnected((socket) => socket.destroySoon()),
  'unconnected: resetAndDestroy()': unconnected((socket) => socket.resetAndDestroy()),
  'unconnected: end()': unconnected((socket) => socket.end()),
  'unconnected: pause and resume': unconnected((socket) => socket.pause().resume()),
  'unconnected: setTimeout': unconnected((socket) => socket.setTimeout(1000)),
  'unconnected: setNoDelay': unconnected((socket) => socket.setNoDelay()),
  'unconnected: setKeepAlive': unconnected((socket) => socket.setKeepAlive(true, 1000)),
  'unconnected: ref': unconnected((socket) => socket.ref()),
  'unconnected: unref': unconnected((socket) => socket.unref()),
  'unconnected: address()': unconnected((socket, t) => t.say('socket', socket.address())),
  'unconnected: what it has': unconnected((socket, t) => {
    const { connecting, pending, destroyed, bytesRead, bytesWritten, bufferSize, timeout, allowHalfOpen } =
      socket
    t.say('socket', {
      connecting,
      pending,
      destroyed,
      bytesRead,
      bytesWritten,
      bufferSize,
      timeout,
      allowHalfOpen,
    })
    const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } = socket
    t.say('socket', localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily)
  }),
  'unconnected: options of the constructor': async (t) => {
    const socket = new t.net.Socket({ allowHalfOpen: true, readable: true, writable: true })
    t.say('socket', socket.allowHalfOpen, socket.readable, socket.writable, socket.readyState)
  },
  'unconnected: readable and writable false': async (t) => {
    const socket = new t.net.Socket({ readable: false, writable: false })
    t.say('socket', socket.readable, socket.writable, socket.readyState)
  },
  'unconnected: an fd that is none': async (t) => {
    for (const fd of [-1, 1.5, 'x', {}])
      t.try('socket', () => void new t.net.Socket({ fd: /** @type {any} */ (fd) }))
  },
  'a reset is ECONNRESET for one that reads': async (t) => {
    const { client, accepted } = await t.pair()
    t.follow('accepted', accepted).resume()
    client.resetAndDestroy()
    await until(accepted, 'close')
    t.say('accepted', accepted.errored)
  },
  'a reset while it connects': async (t) => {
    const server = await t.serve()
    const client = t.follow('client', t.connect(server))
    t.say('client', client.resetAndDestroy() === client, client.destroyed)
    await until(client, 'close')
  },
  'a reset on a path throws': async (t) => {
    const path = `${t.folder()}/socket`
    const server = await t.serve({}, { path })
    const client = t.hold(t.net.connect(path))
    await Promise.all([once(server, 'connection'), once(client, 'connect')])
    t.try('client', () => client.resetAndDestroy())
    t.say('client', client.destroyed)
  },
  'close has true after an error': async (t) => {
    const { client } = await t.pair()
    client.on('error', () => {})
    client.on('close', (...args) => t.say('client', args))
    client.destroy(new Error('enough'))
    await until(client, 'close')
  },
  'close has false without one': async (t) => {
    const { client } = await t.pair()
    client.on('close', (...args) => t.say('client', args))
    client.destroy()
    await until(client, 'close')
  },
  'an error that nobody handles is uncaught': async (t) => {
    const { client } = await t.pair()
    client.destroy(new Error('unheard'))
    await until(client, 'close')
    await turns()
  },
  'an error thrown in a data handler is uncaught, the socket lives': async (t) => {
    const { client, accepted } = await t.pair()
    accepted.once('data', () => {
      throw new Error('of the handler')
    })
    client.write('x')
    while (accepted.bytesRead === 0) await turns(1)
    await turns()
    t.say('accepted', accepted.destroyed)
  },
  'addresses of both ends': async (t) => {
    const { server, client, accepted } = await t.pair()
    t.say('client', client.address(), client.localFamily, client.remoteAddress, client.remoteFamily)
    t.say('ports', client.localPort === accepted.remotePort, client.remotePort === t.port(server))
    t.say(
      'accepted',
      accepted.address(),
      accepted.remoteAddress,
      accepted.remoteFamily,
      accepted.localAddress,
    )
  },
  'addresses once destroyed': async (t) => {
    const { client, accepted } = await t.pair()
    accepted.resume()
    t.say('client', client.remoteAddress)
    client.destroy()
    t.say(
      'client',
      client.address(),
      client.localAddress,
      client.localPort,
      client.remoteAddress,
      client.remotePort,
    )
  },
  'addresses once destroyed, never asked before': async (t) => {
    const { client } = await t.pair()
    client.destroy()
    t.say('client', client.remoteAddress, client.remoteFamily, client.localAddress)
  },
  'counters once destroyed': async (t) => {
    const { client, accepted } = await t.pair()
    accepted.resume()
    await new Promise((resolve) => client.write('abc', resolve))
    client.destroy()
    t.say('client', client.bytesWritten, client.bytesRead)
    await until(client, 'close')
    t.say('client', client.bytesWritten, client.bytesRead)
  },
  'setNoDelay takes anything and returns the socket': async (t) => {
    const { client } = await t.pair()
    for (const value of [undefined, true, false, 0, 'x']) {
      t.say('client', client.setNoDelay(/** @type {any} */ (value)) === client)
    }
    client.destroy()
    t.say('client', client.setNoDelay() === client)
  },
  'setKeepAlive returns the socket': async (t) => {
    const { client } = await t.pair()
    t.say('client', client.setKeepAlive() === client, client.setKeepAlive(true) === client)
    t.say('client', client.setKeepAlive(true, 5000) === client, client.setKeepAlive(false) === client)
    client.destroy()
    t.say('client', client.setKeepAlive(true) === client)
  },
  'ref and unref return the socket': async (t) => {
    const { client } = await t.pair()
    t.say('client', client.unref() === client, client.ref() === client)
    client.destroy()
    t.say('client', client.unref() === client, client.ref() === client)
  },
  'ref while it connects undoes an unref': async (t) => {
    const server = await t.serve()
    const client = t.connect(server).unref()
    t.say('client', client.listenerCount('connect'))
    client.once('connectionAttempt', () => client.ref())
    await until(client, 'connect')
    t.say('client', /** @type {any} */ (client)._handle.hasRef())
  },
  'unref is of one connection, and not of the next': async (t) => {
    const { server, client } = await t.pair()
    client.unref().destroy()
    await until(client, 'close')
    client.connect(t.port(server), '127.0.0.1')
    await until(client, 'connect')
    t.say('client', /** @type {any} */ (client)._handle.hasRef())
  },
  'a path has no address': async (t) => {
    const path = `${t.folder()}/socket`
    const server = await t.serve({}, { path })
    const client = t.hold(t.net.connect(path))
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
    for (const end of [client, accepted]) {
      t.say(
        'end',
        end.address(),
        end.remoteAddress,
        end.remotePort,
        end.remoteFamily,
        end.localAddress,
        end.readyState,
      )
    }
  },
  'a path carries bytes, and an end': async (t) => {
    const path = `${t.folder()}/socket`
    const server = await t.serve({}, { path })
    server.on('connection', (socket) => socket.pipe(socket))
    const client = t.read('client', t.follow('client', t.hold(t.net.createConnection({ path }))))
    client.end('echo')
    await until(client, 'close')
  },
  'an end that came with the last bytes of a path, to who answers them with an end': lastWords((client, t) =>
    client.end(() => t.say('client', 'ended')),
  ),
  'an end that came with the last bytes of a path, to who destroys soon': lastWords((client) =>
    client.destroySoon(),
  ),
  'an end that came with the last bytes of a path, to who reads on': lastWords(() => {}),
  'a reset behind an end takes nothing from who has yet to read': async (t) => {
    const { client, accepted } = await t.pair({ allowHalfOpen: true, pauseOnConnect: true })
    t.follow('accepted', accepted).read(0)
    client.end('last words')
    await until(client, 'finish')
    await until(accepted, 'readable')
    client.resetAndDestroy()
    await until(client, 'close')
    await turns(5)
    t.say('accepted', accepted.destroyed, accepted.readableLength)
    t.read('accepted', accepted).resume()
    await until(accepted, 'end')
    accepted.write('nobody is there', (error) => t.say('accepted', 'wrote', error))
    await until(accepted, 'close')
  },
  'a reset behind an end is no matter to who ends as well': async (t) => {
    const { client, accepted } = await t.pair({ allowHalfOpen: true })
    t.follow('accepted', accepted).resume()
    client.end()
    await until(accepted, 'end')
    client.resetAndDestroy()
    await until(client, 'close')
    await turns(5)
    accepted.end()
    await until(accepted, 'close')
  },
  'a reset that came with the last bytes': async (t) => {
    const { client, accepted } = await t.pair()
    t.follow('accepted', accepted).on('data', (bytes) => t.say('accepted', 'data', `${bytes}`))
    client.write('last words')
    client.resetAndDestroy()
    await until(accepted, 'close')
  },
  'setNoDelay and setKeepAlive on a path': async (t) => {
    const path = `${t.folder()}/socket`
    await t.serve({}, { path })
    const client = t.follow('client', t.hold(t.net.connect(path)))
    await until(client, 'connect')
    t.try('client', () => client.setNoDelay() === client)
    t.try('client', () => client.setKeepAlive(true) === client)
  },
}
export default programs
