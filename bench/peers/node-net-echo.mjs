// The echo server of Node's own `net`, as its documentation would write it.
//
//   node node-net-echo.mjs [--host 127.0.0.1] [--port 0]

import { createServer } from 'node:net'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '0' } },
})

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (data) => socket.write(data))
  // A peer that resets is not a failure of the server; without a listener it would end the process.
  socket.on('error', () => socket.destroy())
})

server.listen({ host: values.host, port: Number(values.port), backlog: 4096 }, () => {
  console.log(`listening on tcp://${values.host}:${server.address().port}`)
})

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
