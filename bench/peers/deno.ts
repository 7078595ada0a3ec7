// Servers on Deno's own API, as its documentation writes them: https://docs.deno.com/examples/tcp_listener/
//
//   deno run --allow-net deno.ts [--serve tcp|http] [--host 127.0.0.1] [--port 0]
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    serve: { type: 'string', default: 'tcp' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
  },
})
const hostname = flags.host
const port = Number(flags.port)

const READ_BYTES = 64 * 1024

async function echo(conn) {
  conn.setNoDelay(true)
  const buffer = new Uint8Array(READ_BYTES)
  try {
    for (let length = await conn.read(buffer); length !== null; length = await conn.read(buffer)) {
      for (let sent = 0; sent < length; ) sent += await conn.write(buffer.subarray(sent, length))
    }
  } catch {
    // A peer that resets.
  }
  conn.close()
}

for (const signal of ['SIGTERM', 'SIGINT']) Deno.addSignalListener(signal, () => Deno.exit(0))

if (flags.serve === 'http') {
  const answer = (request) =>
    new URL(request.url).pathname === '/hello' ? new Response('hello') : new Response(null, { status: 404 })
  const onListen = ({ port }) => console.log(`listening on tcp://${hostname}:${port}`)
  Deno.serve({ hostname, port, onListen }, answer)
} else {
  // It takes no backlog.
  const listener = Deno.listen({ hostname, port })
  console.log(`listening on tcp://${hostname}:${listener.addr.port}`)
  for await (const conn of listener) echo(conn)
}
