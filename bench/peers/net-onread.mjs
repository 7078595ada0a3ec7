// A client that reads into memory of its own, over `node:net` and over @pollux/net: only the name of the module differs. Each
// connection sends one message, and the next when all of it has come back. Prints a line of JSON: messages and seconds.
//
//   node net-onread.mjs --net MODULE --host HOST --port PORT [--connections 10] [--size 65536] [--duration S]

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    net: { type: 'string', default: 'node:net' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string' },
    connections: { type: 'string', default: '10' },
    size: { type: 'string', default: '65536' },
    duration: { type: 'string', default: '1' },
  },
})

const { connect } = await import(flags.net)

const size = Number(flags.size)
// A period that no power of two divides: a piece that is lost or comes twice shows.
const message = Buffer.from(Uint8Array.from({ length: size }, (_, i) => i % 251))
const counts = { messages: 0 }

function open() {
  const buffer = Buffer.alloc(64 * 1024)
  let received = 0
  const socket = connect({
    host: flags.host,
    port: Number(flags.port),
    noDelay: true,
    onread: {
      buffer,
      callback(length, bytes) {
        if (bytes[0] !== received % 251) throw new Error(`a wrong byte at ${received} of ${size}`)
        received += length
        if (received > size) throw new Error(`${received} bytes came back of ${size}`)
        if (received < size) return
        received = 0
        counts.messages++
        socket.write(message)
      },
    },
  })
  socket.on('error', (error) => {
    throw error
  })
  return socket
}

const sockets = Array.from({ length: Number(flags.connections) }, open)
await Promise.all(sockets.map((socket) => once(socket, 'connect')))
const started = performance.now()
for (const socket of sockets) socket.write(message)
await sleep(Number(flags.duration) * 1000)
const seconds = (performance.now() - started) / 1000
console.log(JSON.stringify({ messages: counts.messages, seconds }))
process.exit(0)
