// The echo server of Node's own `net`, as its documentation would write it.
//
//   node node-net-echo.mjs [--host 127.0.0.1] [--port 0] | [--unix PATH]

import { createServer } from 'node:net'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    unix: { type: 'string' },
  },
})

/** Bytes that wait for one connection. */
const MAX_QUEUED = 256 * 1024

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (data) => {
    // The peer sends faster than it reads. (`write` says false of each large chunk, also when all of it has left.)
    if (!socket.write(data) && socket.writableLength > MAX_QUEUED) socket.pause()
  })
  socket.on('drain', () => socket.resume())
  // A peer that resets is not a failure of the server; without a listener it would end the process.
  socket.on('error', () => socket.destroy())
})

const place = values.unix ? { path: values.unix } : { host: values.host, port: Number(values.port) }
server.listen({ ...place, backlog: 4096 }, () => {
  const address = server.address()
  const name = values.unix ? `unix://${address}` : `tcp://${values.host}:${address.port}`
  console.log(`listening on ${name}`)
})

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop)

function stop() {
  // Removes the path, too.
  server.close()
  process.exit(0)
}
