/**
 * A server that sends each line back.
 *
 *     node examples/dist/lines-echo.js [--host H] [--port P] [--borrow] [--observe]
 */
import { parseArgs } from 'node:util'
import { createServer, formatAddress, lines } from '@pollux/framework'

/** Above what any load reaches. */
const MANY_MESSAGES = 1e9

const { values: flags } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '7000' },
    borrow: { type: 'boolean', default: false },
    observe: { type: 'boolean', default: false },
  },
})

const server = createServer({
  plugins: flags.observe ? (await import('./support/observation.js')).observation(MANY_MESSAGES) : [],
  borrow: flags.borrow,
  codec: lines(),
  message(conn, line) {
    conn.send(line)
  },
})

const address = await server.listen({ host: flags.host, port: Number(flags.port) })
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void server.close({ deadlineMs: 500 }))
}
console.log(`listening on ${formatAddress(address)}`)
