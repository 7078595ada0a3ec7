// An echo server of Pollux that is told how to be made: what one setting changes is measured by changing it alone.
//
//   node main.mjs [--with JSON] [--host 127.0.0.1] [--port 0] [--root CHECKOUT]
//
// The JSON is `Settings` of bench/src/knobs.ts.
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    root: { type: 'string', default: new URL('../../..', import.meta.url).pathname },
    with: { type: 'string', default: '{}' },
  },
})
const settings = JSON.parse(flags.with)
const target = { host: flags.host, port: Number(flags.port), backlog: 4096, ...settings.listen }

async function serveStreams() {
  const { listen } = await import('./stream.mjs')
  return tcp(await listen(flags.root, settings, (server) => server.listen(target)))
}

async function serveByWorkers() {
  const { serve } = await import(`${flags.root}/packages/framework/dist/index.js`)
  const data = { root: flags.root, settings, target }
  const group = await serve(new URL('worker.mjs', import.meta.url), { workers: settings.workers, data })
  return tcp(group.address)
}

async function serveDatagrams() {
  const { DatagramChannel, EventLoop } = await import(`${flags.root}/packages/core/dist/index.js`)
  const channel = DatagramChannel.open(
    {
      loop: new EventLoop(settings.loop),
      bind: { host: flags.host, port: target.port },
      ...settings.datagrams,
    },
    { datagram: (from) => from.reply(), segments: (from) => from.reply() },
  )
  return `udp://${channel.localAddress.host}:${channel.localAddress.port}`
}

async function serveNet() {
  const { createServer } = await import(`${flags.root}/packages/net/dist/index.js`)
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (data) => socket.write(data))
    socket.on('error', () => socket.destroy())
  })
  await new Promise((resolve) => server.listen(target, resolve))
  return tcp({ host: flags.host, port: server.address().port })
}

function tcp({ host, port }) {
  return `tcp://${host}:${port}`
}

function choose() {
  if (settings.workers !== undefined) return serveByWorkers
  if (settings.datagrams !== undefined) return serveDatagrams
  return settings.net ? serveNet : serveStreams
}

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0))
console.log(`listening on ${await choose()()}`)
