// Connections that break while something is on its way.
import { once } from 'node:events'
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

/** More than a kernel takes. */
const MUCH = 16 * 1024 * 1024

/** Who sends much, and is left by a peer that has not read it. @param {(t: Context) => object} where */
const leaving = (where) => async (/** @type {Context} */ t) => {
  const server = await t.serve({ pauseOnConnect: true }, where(t))
  const address = server.address()
  const to = typeof address === 'string' ? { path: address } : { port: t.port(server), host: '127.0.0.1' }
  const client = t.follow('client', t.hold(t.net.connect(to)))
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
  client.write(Buffer.alloc(MUCH))
  await turns()
  accepted.destroy()
  await until(client, 'close')
}

/** @type {Programs} */
const programs = {
  'the peer is gone while much waits to be sent': leaving(() => ({ port: 0, host: '127.0.0.1' })),
  'the peer of a path is gone while much waits to be sent': leaving((t) => ({
    path: `${t.folder()}/socket`,
  })),
  'localAddress of who asks before the connection has one': async (t) => {
    const client = t.connect(await t.serve())
    t.say('client', client.localAddress, client.localPort)
    await new Promise((resolve) => process.nextTick(resolve))
    t.say('client', client.connecting, client.localAddress, client.address())
    await until(client, 'connect')
    t.say('client', client.localAddress)
  },
}
export default programs
