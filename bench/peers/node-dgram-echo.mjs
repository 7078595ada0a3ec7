// The echo server of Node's own `dgram`, as its documentation would write it.
//
//   node node-dgram-echo.mjs [--host 127.0.0.1] [--port 0]

import { createSocket } from 'node:dgram'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '0' } },
})

const socket = createSocket('udp4')
socket.on('message', (data, from) => socket.send(data, from.port, from.address))

socket.bind({ address: values.host, port: Number(values.port) }, () => {
  console.log(`listening on udp://${values.host}:${socket.address().port}`)
})

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
