// The echo server over streams, in one thread.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What a handler does with what came, by the name that the settings give. */
const ANSWERS = {
  /** As it came: recorded as a reference. */
  chunk: (conn, chunk) => send(conn, chunk),
  /** Bytes of one's own. */
  copy: (conn, chunk) => send(conn, Buffer.from(chunk)),
  string: (conn, chunk) => send(conn, chunk.toString('latin1'), 'latin1'),
  /** Four writes that leave together. */
  pieces: (conn, chunk) => {
    const quarter = chunk.length >> 2
    for (let i = 0; i < 3; i++) send(conn, chunk.subarray(i * quarter, (i + 1) * quarter))
    send(conn, chunk.subarray(3 * quarter))
  },
  /** Two writes, of which the second leaves a turn later. */
  turns: (conn, chunk) => {
    const half = chunk.length >> 1
    send(conn, chunk.subarray(0, half))
    setImmediate(() => send(conn, chunk.subarray(half)))
  },
  async: async (conn, chunk) => send(conn, chunk),
  /** An async handler that has to wait. */
  later: async (conn, chunk) => {
    await nextTurn()
    send(conn, chunk)
  },
}

/** Makes a server and lets it listen, by `start`. */
export async function listen(root, settings, start) {
  const framework = await import(`${root}/packages/framework/dist/index.js`)
  const loop = new framework.EventLoop(settings.loop)
  const server = framework.createServer({
    loop,
    ...settings.server,
    ...handlers(framework, settings),
    plugins: settings.plugins ? await plugins(root, framework, settings) : [],
  })
  const address = await start(server)
  // Both ends are sockets of this loop.
  for (let i = 0; i < (settings.beside ?? 0) / 2; i++) await framework.connect(address, { loop, data() {} })
  return address
}

function handlers(framework, { codec, answer = 'chunk', workUs = 0 }) {
  if (answer === 'iterate') return { open: iterate }
  if (answer === 'duplex') return { open: (conn) => pipeBack(framework.toDuplex(conn)) }
  if (codec !== undefined) {
    const [name, options] = codec
    return { codec: framework[name](options), message: (conn, message) => conn.send(message) }
  }
  const echo = ANSWERS[answer]
  const data = workUs === 0 ? echo : (conn, chunk) => echo(conn, worked(chunk, workUs))
  return { data, drain: (conn) => conn.resume() }
}

function send(conn, data, encoding) {
  // The peer sends faster than it reads: take no more from it until it has caught up.
  if (!conn.write(data, encoding)) conn.pause()
}

async function iterate(conn) {
  for await (const chunk of conn) {
    if (!conn.write(chunk)) await conn.drained()
  }
}

function pipeBack(stream) {
  stream.pipe(stream)
  stream.on('error', () => stream.destroy())
}

/** What came, after so much work in JavaScript. */
function worked(chunk, us) {
  const until = performance.now() + us / 1000
  while (performance.now() < until);
  return chunk
}

/** Metrics, logs, limits and the watch for overload, none of which ever acts: what costs is the counting. */
async function plugins(root, { limits, overload }, { codec }) {
  const dist = `${root}/packages/framework/dist`
  const { metrics, Registry } = await import(`${dist}/metrics/index.js`)
  const { logs } = await import(`${dist}/logs/index.js`)
  const many = 1e9
  return [
    metrics({ registry: new Registry() }),
    logs({ destination: '/dev/null' }),
    limits({
      maxConnections: many,
      maxConnectionsPerAddress: many,
      bytesPerSecond: 1e12,
      ...(codec === undefined ? {} : { messagesPerSecond: many }),
    }),
    overload({ maxQueuedBytes: 2 ** 40 }),
  ]
}
