/**
 * A server that sends each message back: four bytes of length, big end first, and so many bytes.
 *
 *     node examples/dist/length-echo.js [--host H] [--port P] [--borrow]
 */
import { parseArgs } from 'node:util'
import { createServer, formatAddress, lengthPrefixed } from '@pollux/framework'

const { values: flags } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '7000' },
    borrow: { type: 'boolean', default: false },
  },
})

const server = createServer({
  borrow: flags.borrow,
  codec: lengthPrefixed(),
  message(conn, bytes) {
    conn.send(bytes)
  },
})

const address = await server.listen({ host: flags.host, port: Number(flags.port) })
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void server.close({ deadlineMs: 500 }))
}
console.log(`listening on ${formatAddress(address)}`)
