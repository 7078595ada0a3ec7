// One program over `node:net` and over @pollux/net: only the names of the modules differ.
//
//   node net.mjs --net MODULE [--attach MODULE] [--serve data|pipe|http] [--host 127.0.0.1] [--port 0]
//
// `data` echoes by listener and `write`, `pipe` by `pipe`; `http` answers with a hello, on a listener of the module that
// `--attach` names where there is one.

import { createServer as createHttpServer } from 'node:http'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    net: { type: 'string', default: 'node:net' },
    attach: { type: 'string' },
    serve: { type: 'string', default: 'data' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
  },
})

const { createServer } = await import(flags.net)

const servers = {
  data: () =>
    createServer({ noDelay: true }, (socket) => {
      socket.on('data', (data) => socket.write(data))
      // A peer that resets is not a failure of the server; without a listener it would end the process.
      socket.on('error', () => socket.destroy())
    }),
  pipe: () =>
    createServer({ noDelay: true }, (socket) => {
      socket.pipe(socket)
      socket.on('error', () => socket.destroy())
    }),
  http: async () => {
    const server = createHttpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 5 })
      response.end('hello')
    })
    if (flags.attach === undefined) return server
    const { attach } = await import(flags.attach)
    return attach(server)
  },
}

const server = await servers[flags.serve]()
server.listen({ host: flags.host, port: Number(flags.port), backlog: 4096 }, () => {
  console.log(`listening on tcp://${flags.host}:${server.address().port}`)
})

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
