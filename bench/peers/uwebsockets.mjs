// A hello with uWebSockets.js, as its README writes it.
//
//   node uwebsockets.mjs --module PATH [--host 127.0.0.1] [--port 0]

import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    module: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
  },
})

const uWS = createRequire(import.meta.url)(flags.module)

uWS
  .App()
  .get('/hello', (response) => {
    response.writeHeader('content-type', 'text/plain').end('hello')
  })
  .listen(flags.host, Number(flags.port), (socket) => {
    if (!socket) throw new Error(`can't listen at ${flags.host}:${flags.port}`)
    console.log(`listening on tcp://${flags.host}:${uWS.us_socket_local_port(socket)}`)
  })

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
