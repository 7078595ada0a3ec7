// setTimeout: it tells, and does nothing else.
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

/** A call of setTimeout on a connected socket. @param {...unknown} args */
const setting =
  (...args) =>
  async (/** @type {Context} */ t) => {
    const { client } = await t.pair()
    t.try('client', () => client.setTimeout(.../** @type {[any]} */ (args)) === client)
    t.say('client', client.timeout, client.listenerCount('timeout'))
  }

/** @type {Programs} */
const programs = {
  'setTimeout(0)': setting(0),
  'setTimeout(1000)': setting(1000),
  'setTimeout(1000, callback)': setting(1000, () => {}),
  'setTimeout(0, callback)': setting(0, () => {}),
  'setTimeout(1.5)': setting(1.5),
  'setTimeout() throws': setting(),
  'setTimeout(-1) throws': setting(-1),
  'setTimeout(NaN) throws': setting(Number.NaN),
  'setTimeout(Infinity) throws': setting(Number.POSITIVE_INFINITY),
  "setTimeout('1000') throws": setting('1000'),
  'setTimeout(null) throws': setting(null),
  'setTimeout(1000, text) throws': setting(1000, 'text'),
  'setTimeout(0, text) throws': setting(0, 'text'),
  'an idle socket times out and stays open': async (t) => {
    const { client } = await t.pair()
    t.follow('client', client)
    client.setTimeout(10)
    await until(client, 'timeout')
    t.say('client', client.destroyed, client.readyState, client.timeout)
  },
  'the callback is called once, the event may come again': async (t) => {
    const { client } = await t.pair()
    client.setTimeout(10, () => t.say('client', 'called'))
    await until(client, 'timeout')
    t.say('client', client.listenerCount('timeout'))
    client.write('x')
    await until(client, 'timeout')
    t.say('client', 'again')
  },
  'without traffic the event does not come again': async (t) => {
    const { client } = await t.pair()
    let times = 0
    client.setTimeout(5)
    client.on('timeout', () => times++)
    await until(client, 'timeout')
    await new Promise((resolve) => setTimeout(resolve, 50))
    t.say('client', times)
  },
  'setTimeout(0) turns it off, and its callback out': async (t) => {
    const { client } = await t.pair()
    const callback = () => t.say('client', 'called')
    client.setTimeout(5, callback)
    client.setTimeout(0, callback)
    await new Promise((resolve) => setTimeout(resolve, 30))
    t.say('client', client.timeout, client.listenerCount('timeout'))
  },
  'a destroyed socket does not time out': async (t) => {
    const { client } = await t.pair()
    t.follow('client', client)
    client.setTimeout(5)
    client.destroy()
    await until(client, 'close')
    await new Promise((resolve) => setTimeout(resolve, 30))
    t.say('client', client.timeout)
  },
  'setTimeout on a destroyed socket': async (t) => {
    const { client } = await t.pair()
    client.destroy()
    t.say('client', client.setTimeout(5, () => t.say('client', 'called')) === client, client.timeout)
    await new Promise((resolve) => setTimeout(resolve, 30))
  },
  'an unconnected socket times out': async (t) => {
    const socket = t.follow('socket', t.hold(new t.net.Socket()))
    socket.setTimeout(5)
    // An idle timer keeps no process alive.
    const alive = setTimeout(() => {}, 5000)
    await until(socket, 'timeout')
    clearTimeout(alive)
    t.say('socket', socket.destroyed)
  },
  'timeout as an option of connect': async (t) => {
    const server = await t.serve()
    const client = t.connect(server, { timeout: 10 })
    await until(client, 'timeout')
    t.say('client', client.timeout)
  },
  'destroyed in the handler of timeout': async (t) => {
    const { client, accepted } = await t.pair()
    t.follow('client', client)
    t.follow('accepted', accepted).resume()
    const closed = until(accepted, 'close')
    client.setTimeout(5, () => client.destroy(new Error('too slow')))
    await until(client, 'close')
    await closed
    await turns()
  },
  'ended in the handler of timeout': async (t) => {
    const { client, accepted } = await t.pair()
    t.follow('client', client).resume()
    t.read('accepted', accepted)
    client.setTimeout(5, () => client.setTimeout(0).end('bye'))
    await until(client, 'close')
  },
  'server.timeout is none of its own': async (t) => {
    const { accepted } = await t.pair()
    t.say('accepted', accepted.timeout)
  },
}
export default programs
