// A client over `node:net` and over @pollux/net: only the name of the module differs. It reads into memory of its own
// (`onread`), or what listeners of 'data' get. Each connection sends one message, and the next when all of it has come
// back. Prints a line of JSON: messages and seconds.
//
//   node net-client.mjs --net MODULE --host HOST --port PORT [--read onread|data] [--tls] [--connections 10]
//                       [--size 65536] [--duration S]
//
// With `--tls` it is Node's own, whatever the module: what is measured then is the server.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    net: { type: 'string', default: 'node:net' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string' },
    read: { type: 'string', default: 'onread' },
    tls: { type: 'boolean', default: false },
    connections: { type: 'string', default: '10' },
    size: { type: 'string', default: '65536' },
    duration: { type: 'string', default: '1' },
  },
})

const { connect } = await import(flags.tls ? 'node:tls' : flags.net)

const size = Number(flags.size)
// A period that no power of two divides: a piece that is lost or comes twice shows.
const message = Buffer.from(Uint8Array.from({ length: size }, (_, i) => i % 251))
const counts = { messages: 0 }

function open() {
  let received = 0
  const take = (length, bytes) => {
    if (bytes[0] !== received % 251) throw new Error(`a wrong byte at ${received} of ${size}`)
    received += length
    if (received > size) throw new Error(`${received} bytes came back of ${size}`)
    if (received < size) return
    received = 0
    counts.messages++
    socket.write(message)
  }
  const onread = { buffer: Buffer.alloc(64 * 1024), callback: take }
  const socket = connect({
    host: flags.host,
    port: Number(flags.port),
    noDelay: true,
    ...(flags.tls ? { rejectUnauthorized: false } : {}),
    ...(flags.read === 'onread' ? { onread } : {}),
  })
  if (flags.read === 'data') socket.on('data', (bytes) => take(bytes.length, bytes))
  socket.on('error', (error) => {
    throw error
  })
  return socket
}

const sockets = Array.from({ length: Number(flags.connections) }, open)
await Promise.all(sockets.map((socket) => once(socket, flags.tls ? 'secureConnect' : 'connect')))
const started = performance.now()
for (const socket of sockets) socket.write(message)
await sleep(Number(flags.duration) * 1000)
const seconds = (performance.now() - started) / 1000
console.log(JSON.stringify({ messages: counts.messages, seconds }))
process.exit(0)
