// connect of a socket that is connected.
import { once } from 'node:events'
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

const SEEN = ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'error', 'close']

/** A client of a path, connected. @param {Context} t */
async function overPath(t) {
  const path = `${t.folder()}/socket`
  const server = await t.serve({}, { path })
  const client = t.hold(t.net.connect(path))
  await Promise.all([once(server, 'connection'), once(client, 'connect')])
  return { client: t.follow('client', client, SEEN), path }
}

/** @type {Programs} */
const programs = {
  'of what is connected: it is, and after that it is an error': async (t) => {
    const { server, client } = await t.pair()
    t.follow('client', client, SEEN)
    client.connect(t.port(server), '127.0.0.1')
    await until(client, 'ready')
    t.say('client', client.connecting, client.readyState)
    client.connect(t.port(server), '127.0.0.1')
    await until(client, 'close')
  },
  'of what has sent its end': async (t) => {
    const { server, client } = await t.pair({ allowHalfOpen: true })
    t.follow('client', client, SEEN)
    client.end()
    await until(client, 'finish')
    await turns()
    client.connect(t.port(server), '127.0.0.1')
    await until(client, 'close')
  },
  'of what a server has accepted': async (t) => {
    const { server, accepted } = await t.pair()
    t.follow('accepted', accepted, SEEN)
    accepted.connect(t.port(server), '127.0.0.1')
    await until(accepted, 'close')
  },
  'of what is connected to a path: to a port': async (t) => {
    const { client } = await overPath(t)
    client.connect(t.closedPort(), '127.0.0.1')
    await until(client, 'close')
  },
  'of what is connected to a path: to the same': async (t) => {
    const { client, path } = await overPath(t)
    client.connect(path)
    await until(client, 'close')
  },
  'of what is connected to a path: to one that is not there': async (t) => {
    const { client, path } = await overPath(t)
    client.connect(`${path}.none`)
    await until(client, 'close')
  },
}
export default programs
