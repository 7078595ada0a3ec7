// Servers with Deno's own interfaces, as its documentation writes them (docs.deno.com/api/deno/network).
//
//   deno run --allow-net --allow-read --allow-write --unstable-net deno.mjs --serve tcp|unix|udp|http
//       [--host 127.0.0.1] [--port 0] [--unix PATH]

import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    serve: { type: 'string', default: 'tcp' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    unix: { type: 'string' },
  },
})
const place = { hostname: flags.host, port: Number(flags.port) }

const RECEIVE_BYTES = 64 * 1024

/** `read` takes what is there, `write` what the kernel takes. */
async function echo(conn) {
  const buffer = new Uint8Array(RECEIVE_BYTES)
  try {
    for (;;) {
      const length = await conn.read(buffer)
      if (length === null) break
      for (let at = 0; at < length; ) at += await conn.write(buffer.subarray(at, length))
    }
  } catch {
    // A peer that resets is not a failure of the server.
  }
  conn.close()
}

async function accept(listener, isTcp) {
  for await (const conn of listener) {
    if (isTcp) conn.setNoDelay(true)
    echo(conn)
  }
}

const servers = {
  tcp() {
    const listener = Deno.listen({ ...place, tcpBacklog: 4096 })
    accept(listener, true)
    return `tcp://${flags.host}:${listener.addr.port}`
  },
  unix() {
    accept(Deno.listen({ transport: 'unix', path: flags.unix }), false)
    return `unix://${flags.unix}`
  },
  udp() {
    const socket = Deno.listenDatagram({ ...place, transport: 'udp' })
    const answer = async () => {
      // One buffer: the socket's iterator would make one of 64 KiB for each datagram.
      const buffer = new Uint8Array(RECEIVE_BYTES)
      for (;;) {
        const [bytes, from] = await socket.receive(buffer)
        await socket.send(bytes, from)
      }
    }
    answer()
    return `udp://${flags.host}:${socket.addr.port}`
  },
  async http() {
    const { promise, resolve } = Promise.withResolvers()
    const options = { ...place, tcpBacklog: 4096, onListen: ({ port }) => resolve(port) }
    Deno.serve(options, (request) => {
      // A whole URL, of which parsing would cost more than the answer.
      if (!request.url.endsWith('/hello')) return new Response(null, { status: 404 })
      return new Response('hello')
    })
    return `tcp://${flags.host}:${await promise}`
  },
}

console.log(`listening on ${await servers[flags.serve]()}`)

for (const signal of ['SIGTERM', 'SIGINT']) Deno.addSignalListener(signal, stop)

function stop() {
  if (flags.unix) Deno.removeSync(flags.unix)
  Deno.exit(0)
}
