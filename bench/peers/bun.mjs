// Servers with Bun's own interfaces, as its documentation writes them (bun.com/docs/runtime/networking, /runtime/http).
//
//   bun bun.mjs --serve tcp|unix|udp|http|fanout [--host 127.0.0.1] [--port 0] [--unix PATH] [--size 100]

import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    serve: { type: 'string', default: 'tcp' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    unix: { type: 'string' },
    size: { type: 'string', default: '100' },
  },
})
const place = flags.unix ? { unix: flags.unix } : { hostname: flags.host, port: Number(flags.port) }

/** `write` takes what the kernel takes; the rest is the program's to keep. */
function send(socket, bytes) {
  const queue = socket.data.queue
  if (queue.length > 0) return queue.push(bytes.slice())
  const sent = socket.write(bytes)
  if (sent >= 0 && sent < bytes.length) queue.push(bytes.slice(sent))
}

/** Of `drain`: true when all of it has left. */
function sendQueue(socket) {
  const queue = socket.data.queue
  while (queue.length > 0) {
    const sent = socket.write(queue[0])
    if (sent < queue[0].length) {
      queue[0] = queue[0].subarray(Math.max(sent, 0))
      return false
    }
    queue.shift()
  }
  return true
}

const echo = {
  open(socket) {
    socket.data = { queue: [], ended: false }
  },
  data(socket, bytes) {
    send(socket, bytes)
    // The peer sends faster than it reads.
    if (socket.data.queue.length > 0) socket.pause()
  },
  drain(socket) {
    if (!sendQueue(socket)) return
    if (socket.data.ended) socket.end()
    else socket.resume()
  },
  end(socket) {
    socket.data.ended = true
    if (socket.data.queue.length === 0) socket.end()
  },
  error(socket) {
    socket.terminate()
  },
}

function fanout(size) {
  const all = new Set()
  // Who has so much waiting misses what comes.
  const maxQueued = 256
  return {
    ...echo,
    open(socket) {
      socket.data = { queue: [], ended: false, partial: Buffer.alloc(0) }
      all.add(socket)
    },
    data(socket, bytes) {
      const state = socket.data
      const input = state.partial.length === 0 ? bytes : Buffer.concat([state.partial, bytes])
      let at = 0
      for (; input.length - at >= size; at += size) {
        const message = input.subarray(at, at + size)
        for (const each of all) if (each.data.queue.length < maxQueued) send(each, message)
      }
      state.partial = at === input.length ? Buffer.alloc(0) : Buffer.from(input.subarray(at))
    },
    drain: sendQueue,
    end(socket) {
      all.delete(socket)
      socket.end()
    },
    close(socket) {
      all.delete(socket)
    },
  }
}

const servers = {
  stream(socket) {
    const server = Bun.listen({ ...place, allowHalfOpen: true, socket })
    return flags.unix ? `unix://${flags.unix}` : `tcp://${flags.host}:${server.port}`
  },
  async udp() {
    const socket = await Bun.udpSocket({
      ...place,
      socket: {
        data(socket, bytes, port, address) {
          socket.send(bytes, port, address)
        },
      },
    })
    return `udp://${flags.host}:${socket.port}`
  },
  http() {
    const server = Bun.serve({
      ...place,
      // Without it, it serves as for somebody who writes a page.
      development: false,
      routes: { '/hello': new Response('hello') },
    })
    return `tcp://${flags.host}:${server.port}`
  },
}

const start = {
  tcp: () => servers.stream(echo),
  unix: () => servers.stream(echo),
  fanout: () => servers.stream(fanout(Number(flags.size))),
  udp: servers.udp,
  http: servers.http,
}[flags.serve]
console.log(`listening on ${await start()}`)

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop)

function stop() {
  if (flags.unix) rmSync(flags.unix)
  process.exit(0)
}
