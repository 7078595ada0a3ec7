// A hello with Node's own `http`, as its documentation would write it.
//
//   node node-http.mjs [--host 127.0.0.1] [--port 0]

import { createServer } from 'node:http'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '0' } },
})

const server = createServer((request, response) => {
  if (request.url === '/hello') {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 5 })
    response.end('hello')
  } else {
    response.writeHead(404).end()
  }
})

server.listen({ host: values.host, port: Number(values.port), backlog: 4096 }, () => {
  console.log(`listening on tcp://${values.host}:${server.address().port}`)
})

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
