// One program over `node:net` and over @pollux/net: only the names of the modules differ.
//
//   node net.mjs --net MODULE [--attach MODULE] [--serve data|pipe|http] [--collect] [--host 127.0.0.1] [--port 0]
//
// `data` echoes by listener and `write`, `pipe` by `pipe`; `http` answers with a hello, on a listener of the module that
// `--attach` names where there is one. With `--collect` garbage is collected whenever connections have stopped coming and going.

import { createServer as createHttpServer } from 'node:http'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const { values: flags } = parseArgs({
  options: {
    net: { type: 'string', default: 'node:net' },
    attach: { type: 'string' },
    serve: { type: 'string', default: 'data' },
    collect: { type: 'boolean', default: false },
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

if (flags.collect) collectWhenCalm(server)

/** What accepting left behind in the young generation is no memory of the connections. */
function collectWhenCalm(server) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  let last = -1
  let collected = -1
  setInterval(() => {
    server.getConnections((_, count) => {
      if (count === last && count !== collected) {
        collect()
        collected = count
      }
      last = count
    })
  }, 100).unref()
}

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
