// Pollux as a fan-out server: what any connection sends goes to all of them, by `broadcast` or by a topic.
//
//   node pollux-fanout.mjs [--host 127.0.0.1] [--port 0] [--size 100] [--by topic|broadcast] [--root CHECKOUT]
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    size: { type: 'string', default: '100' },
    by: { type: 'string', default: 'topic' },
    root: { type: 'string', default: new URL('../..', import.meta.url).pathname },
  },
})

const { createServer, fixed, formatAddress } = await import(`${flags.root}/packages/framework/dist/index.js`)

const server = createServer({
  codec: fixed({ length: Number(flags.size) }),
  open(conn) {
    if (flags.by === 'topic') conn.subscribe('all')
  },
  message(_, message) {
    if (flags.by === 'topic') server.publish('all', message)
    else server.broadcast(message)
  },
})

const address = await server.listen({ host: flags.host, port: Number(flags.port), backlog: 4096 })
process.once('SIGTERM', () => process.exit(0))
console.log(`listening on ${formatAddress(address)}`)
