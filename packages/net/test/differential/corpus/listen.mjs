// server.listen, in each form, and what follows from it.
import { once } from 'node:events'
import { fstatSync, openSync, statSync, writeFileSync } from 'node:fs'
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

/** What a call of listen leads to. @param {...unknown} args @returns {(t: Context) => Promise<void>} */
const listening =
  (...args) =>
  async (t) => {
    const server = t.hold(t.follow('server', t.net.createServer()))
    t.say('server', 'returns itself', server.listen(.../** @type {[]} */ (args)) === server)
    t.say('server', server.listening)
    await Promise.race([until(server, 'listening'), until(server, 'error')])
    if (t.port(server)) t.call(t.port(server), 'PORT')
    t.say('server', server.listening, server.address())
  }

/** The error that a call of listen throws. @param {...unknown} args @returns {(t: Context) => Promise<void>} */
const throwing =
  (...args) =>
  async (t) => {
    const server = t.hold(t.follow('server', t.net.createServer()))
    t.try('server', () => server.listen(.../** @type {[]} */ (args)))
    await turns()
    t.say('server', server.listening, server.address())
  }

/** @type {Programs} */
const programs = {
  'listen() takes a port that is free': listening(),
  'listen(0) takes a port that is free': listening(0),
  "listen('0') takes a number in text": listening('0'),
  'listen(0, host)': listening(0, '127.0.0.1'),
  'listen(0, host, backlog)': listening(0, '127.0.0.1', 5),
  'listen(0, backlog)': listening(0, 5),
  'listen(undefined) is listen(0)': listening(undefined),
  'listen(null) is listen(0)': listening(null),
  'listen(0, IPv6 host)': listening(0, '::1'),
  'listen(0, localhost) looks the name up': listening(0, 'localhost'),
  'listen({ port })': listening({ port: 0 }),
  'listen({ port, host })': listening({ port: 0, host: '127.0.0.1' }),
  'listen({ port, host, backlog })': listening({ port: 0, host: '127.0.0.1', backlog: 1 }),
  'listen({ port, ipv6Only })': listening({ port: 0, host: '::', ipv6Only: true }),
  'listen({ port, exclusive })': listening({ port: 0, host: '127.0.0.1', exclusive: true }),
  'listen on an address that is not of this machine': listening(0, '192.0.2.1'),
  'listen on a host that does not exist': listening(0, 'nobody.invalid'),
  'listen on a path in a folder that is not there': listening('/nowhere/at/all'),
  'listen({ path }) in a folder that is not there': listening({ path: '/nowhere/at/all' }),
  'listen({ fd }) with no such descriptor': listening({ fd: 999 }),
  'listen({ fd }) with what is no whole number': listening({ fd: 1.5 }),
  'listen({ fd }) with what is no int': listening({ fd: 2 ** 31 }),
  'listen({ fd }) with what would be one cut off': listening({ fd: 2 ** 32 }),
  'listen({ fd }) with what is no socket': async (t) => {
    const file = openSync('/dev/null', 'r')
    await listening({ fd: file })(t)
  },
  'listen({ fd: 0 }) leaves standard input open': async (t) => {
    await listening({ fd: 0 })(t)
    await turns()
    t.try('stdin', () => typeof fstatSync(0).ino)
  },
  'new Socket({ fd }) with what is no stream socket': async (t) => {
    for (const fd of [999, openSync('/dev/null', 'r'), openSync('/proc/self/stat', 'r'), openSync('/', 'r')])
      t.try('socket', () => void new t.net.Socket({ fd }))
  },
  'new Socket({ fd: 0 }) leaves standard input open': async (t) => {
    t.try('socket', () => t.follow('socket', new t.net.Socket({ fd: 0 })).destroy() !== null)
    await turns(5)
    t.try('stdin', () => typeof fstatSync(0).ino)
  },
  'a port of -1 is refused': throwing(-1),
  'a port of 65536 is refused': throwing({ port: 65536 }),
  'a port of 1.5 is refused': throwing({ port: 1.5 }),
  'a port that is no number is refused': throwing({ port: 'http' }),
  'a port of NaN is refused': throwing({ port: Number.NaN }),
  'listen({}) is refused': throwing({}),
  'listen({ host }) alone is refused': throwing({ host: '127.0.0.1' }),
  'listen(true) is refused': throwing(true),
  'listen({ path: 5 }) is refused': throwing({ path: 5 }),
  'a signal that is none is refused': throwing({ port: 0, signal: 'abort' }),

  'listening comes in a later turn than listen': async (t) => {
    const server = t.hold(t.net.createServer())
    server.on('listening', () => t.say('server', 'listening'))
    server.listen(0, '127.0.0.1')
    t.say('server', 'after listen')
    process.nextTick(() => t.say('server', 'next tick'))
    await until(server, 'listening')
  },
  'the callback of listen is a listener of listening, once': async (t) => {
    const server = t.hold(t.net.createServer())
    server.listen(0, '127.0.0.1', () => t.say('server', 'called'))
    t.say('server', server.listenerCount('listening'))
    await once(server, 'listening')
    t.say('server', server.listenerCount('listening'))
  },
  'the callback of listen runs with the server as this': async (t) => {
    const server = t.hold(t.net.createServer())
    server.listen(
      0,
      '127.0.0.1',
      /** @this {unknown} */ function () {
        t.say('server', /** @type {unknown} */ (this) === server)
      },
    )
    await once(server, 'listening')
  },
  'listen a second time throws': async (t) => {
    const server = await t.serve()
    t.try('server', () => server.listen(0))
    t.say('server', server.listening)
  },
  'listen at once after listen throws': async (t) => {
    const server = t.hold(t.net.createServer()).listen(0, '127.0.0.1')
    t.try('server', () => server.listen(0))
    await once(server, 'listening')
  },
  'listen again after close': async (t) => {
    const server = t.follow('server', t.net.createServer()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await until(server, 'close')
    t.hold(server).listen(0, '127.0.0.1')
    await until(server, 'listening')
    t.say('server', server.listening)
  },
  'listen again after an error': async (t) => {
    const busy = await t.serve()
    const server = t.hold(t.follow('server', t.net.createServer()))
    server.listen(t.port(busy), '127.0.0.1')
    await until(server, 'error')
    server.listen(0, '127.0.0.1')
    await until(server, 'listening')
    t.say('server', server.listening)
  },
  'a port in use is EADDRINUSE': async (t) => {
    const busy = await t.serve()
    const server = t.follow('server', t.net.createServer())
    server.listen(t.port(busy), '127.0.0.1', () => t.say('server', 'called'))
    await until(server, 'error')
    await turns()
    t.say('server', server.listening, server.address())
  },
  'a path in use is EADDRINUSE': async (t) => {
    const path = `${t.folder()}/socket`
    await t.serve({}, { path })
    const server = t.follow('server', t.net.createServer()).listen(path)
    await until(server, 'error')
    await turns()
  },
  'a path that is a file is EADDRINUSE': async (t) => {
    const path = `${t.folder()}/file`
    writeFileSync(path, '')
    const server = t.follow('server', t.net.createServer()).listen(path)
    await until(server, 'error')
  },
  'a path is the address of its server, and gone with it': async (t) => {
    const path = `${t.folder()}/socket`
    const server = t.net.createServer().listen(path)
    await once(server, 'listening')
    t.say('server', server.address(), statSync(path).isSocket())
    server.close()
    await until(server, 'close')
    t.say('server', server.address(), statSync(path, { throwIfNoEntry: false }))
  },
  'readableAll and writableAll open a path to others': async (t) => {
    const path = `${t.folder()}/socket`
    await t.serve({}, { path, readableAll: true, writableAll: true })
    t.say('path', (statSync(path).mode & 0o777).toString(8))
  },
  'readableAll alone': async (t) => {
    const path = `${t.folder()}/socket`
    await t.serve({}, { path, readableAll: true })
    t.say('path', (statSync(path).mode & 0o066).toString(8))
  },
  'the handle of a server has its descriptor': async (t) => {
    const first = await t.serve()
    const { fd } = /** @type {{ _handle: { fd: number } }} */ (/** @type {unknown} */ (first))._handle
    t.say('server', typeof fd, fd > 2)
  },
  'address() is null before listen and after close': async (t) => {
    const server = t.net.createServer()
    t.say('server', server.address())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.say('server', Object.keys(server.address() ?? {}))
    server.close()
    t.say('server', server.address())
  },
  'a signal that is aborted already closes the server': async (t) => {
    const server = t.follow('server', t.net.createServer())
    server.listen({ port: 0, host: '127.0.0.1', signal: AbortSignal.abort() })
    await until(server, 'close')
    t.say('server', server.listening)
  },
  'a signal that is aborted later closes the server': async (t) => {
    const server = t.follow('server', t.net.createServer())
    const controller = new AbortController()
    server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal })
    await once(server, 'listening')
    controller.abort()
    t.say('server', 'aborted')
    await until(server, 'close')
    t.say('server', server.listening)
  },
  'a signal that is aborted after close does nothing': async (t) => {
    const server = t.follow('server', t.net.createServer())
    const controller = new AbortController()
    server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal })
    await once(server, 'listening')
    server.close()
    await until(server, 'close')
    controller.abort()
    await turns()
  },
  'reusePort lets two servers have one port': {
    since: 24,
    run: async (t) => {
      const first = await t.serve({}, { port: 0, host: '127.0.0.1', reusePort: true })
      const second = t.hold(t.follow('second', t.net.createServer()))
      second.listen({ port: t.port(first), host: '127.0.0.1', reusePort: true })
      await until(second, 'listening')
      t.say('second', second.address())
    },
  },
  'two ipv4 and ipv6Only servers have one port': async (t) => {
    const first = await t.serve({}, { port: 0, host: '127.0.0.1' })
    const second = t.hold(t.follow('second', t.net.createServer()))
    second.listen({ port: t.port(first), host: '::1', ipv6Only: true })
    await Promise.race([until(second, 'listening'), until(second, 'error')])
    t.say('second', second.address())
  },
}
export default programs
