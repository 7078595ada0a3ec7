// One program over `node:net` and over @pollux/net: only the names of the modules differ.
//
//   node net.mjs --net MODULE [--attach MODULE] [--tls MODULE] [--serve data|bounded|pipe|http|fanout|tls]
//               [--body BYTES] [--collect] [--host 127.0.0.1] [--port 0] [--unix PATH] [--size 100]
//
// `data` echoes by listener and `write`, `bounded` stops reading while its peer does not read, `pipe` echoes by `pipe`; `http`
// answers with a hello, or with so many bytes, on a listener of the module that `--attach` names where there is one; `tls`
// is `data` over TLS, on a certificate of its own; `fanout` passes messages of
// `--size` bytes on to all. With `--collect` garbage is collected whenever connections have stopped coming and going.

import { createServer as createHttpServer } from 'node:http'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const { values: flags } = parseArgs({
  options: {
    net: { type: 'string', default: 'node:net' },
    attach: { type: 'string' },
    tls: { type: 'string', default: 'node:tls' },
    serve: { type: 'string', default: 'data' },
    body: { type: 'string' },
    collect: { type: 'boolean', default: false },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    unix: { type: 'string' },
    size: { type: 'string', default: '100' },
  },
})

const { createServer } = await import(flags.net)

/** Bytes that wait for one connection. */
const MAX_QUEUED = 256 * 1024

/** A listener of 'data' that calls back with each message of that many bytes. */
function inMessages(size, take) {
  let partial = Buffer.alloc(0)
  return (data) => {
    const input = partial.length === 0 ? data : Buffer.concat([partial, data])
    let at = 0
    for (; input.length - at >= size; at += size) take(input.subarray(at, at + size))
    partial = input.subarray(at)
  }
}

const servers = {
  data: () =>
    createServer({ noDelay: true }, (socket) => {
      socket.on('data', (data) => socket.write(data))
      // A peer that resets is not a failure of the server; without a listener it would end the process.
      socket.on('error', () => socket.destroy())
    }),
  bounded: () =>
    createServer({ noDelay: true }, (socket) => {
      socket.on('data', (data) => {
        // The peer sends faster than it reads. (`write` says false of each large chunk, also when all of it has left.)
        if (!socket.write(data) && socket.writableLength > MAX_QUEUED) socket.pause()
      })
      socket.on('drain', () => socket.resume())
      // A peer that resets is not a failure of the server; without a listener it would end the process.
      socket.on('error', () => socket.destroy())
    }),
  pipe: () =>
    createServer({ noDelay: true }, (socket) => {
      socket.pipe(socket)
      socket.on('error', () => socket.destroy())
    }),
  http: async () => {
    const body = flags.body === undefined ? 'hello' : Buffer.alloc(Number(flags.body), 'hello ')
    const server = createHttpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length })
      response.end(body)
    })
    if (flags.attach === undefined) return server
    const { attach } = await import(flags.attach)
    return attach(server)
  },
  tls: async () => {
    const { createServer } = await import(flags.tls)
    const { makeCertificate } = await import('../dist/certificate.js')
    const certificate = makeCertificate()
    if (certificate === undefined) throw new Error('there is no openssl to make a certificate with')
    return createServer({ ...certificate, noDelay: true }, (socket) => {
      socket.on('data', (data) => socket.write(data))
      socket.on('error', () => socket.destroy())
    })
  },
  fanout: () => {
    const all = new Set()
    return createServer({ noDelay: true }, (socket) => {
      all.add(socket)
      const messages = inMessages(Number(flags.size), (message) => {
        // Who has more than that waiting does not read, and misses this one.
        for (const each of all) if (each.writableLength <= MAX_QUEUED) each.write(message)
      })
      socket.on('data', messages)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => all.delete(socket))
    })
  },
}

const server = await servers[flags.serve]()
const place = flags.unix ? { path: flags.unix } : { host: flags.host, port: Number(flags.port) }
server.listen({ ...place, backlog: 4096 }, () => {
  const name = flags.unix ? `unix://${flags.unix}` : `tcp://${flags.host}:${server.address().port}`
  console.log(`listening on ${name}`)
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

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop)

function stop() {
  // Removes the path, too.
  server.close()
  process.exit(0)
}
