// Servers on Bun's own API, as its documentation writes them: https://bun.com/docs/runtime/networking/tcp
//
//   bun bun.ts [--serve tcp|udp|http] [--host 127.0.0.1] [--port 0]
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    serve: { type: 'string', default: 'tcp' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
  },
})
const hostname = flags.host
const port = Number(flags.port)

const servers = {
  tcp() {
    const { port: bound } = Bun.listen({
      hostname,
      port,
      // TCP_NODELAY is its default, and it takes no backlog.
      socket: {
        open(socket) {
          // What the kernel did not take: `write` queues nothing by itself.
          socket.data = []
        },
        data(socket, data) {
          if (socket.data.length > 0) {
            socket.data.push(data)
            return
          }
          const written = socket.write(data)
          if (written >= 0 && written < data.length) socket.data.push(data.subarray(written))
        },
        drain(socket) {
          while (socket.data.length > 0) {
            const [first] = socket.data
            const written = socket.write(first)
            if (written < first.length) {
              if (written > 0) socket.data[0] = first.subarray(written)
              return
            }
            socket.data.shift()
          }
        },
        error() {},
      },
    })
    return `tcp://${hostname}:${bound}`
  },
  async udp() {
    const socket = await Bun.udpSocket({
      hostname,
      port,
      socket: {
        data(socket, data, port, address) {
          socket.send(data, port, address)
        },
      },
    })
    return `udp://${hostname}:${socket.port}`
  },
  http() {
    const server = Bun.serve({
      hostname,
      port,
      routes: { '/hello': () => new Response('hello') },
      fetch: () => new Response(null, { status: 404 }),
    })
    return `tcp://${hostname}:${server.port}`
  },
}

console.log(`listening on ${await servers[flags.serve]()}`)
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
