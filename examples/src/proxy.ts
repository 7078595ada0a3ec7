/**
 * A proxy for TCP and Unix sockets, with several upstreams.
 *
 *     node examples/dist/proxy.js --upstream HOST:PORT [--upstream unix:PATH …] [--host H] [--port P] [--unix PATH]
 *                                 [--balance round-robin|least] [--check-ms N]
 *
 * The kernel moves the bytes from socket to socket (splice). An upstream that does not answer is left out until it does.
 */
import { parseArgs } from 'node:util'
import { type Connection, connect, createServer, formatAddress, pipe } from '@pollux/framework'

const CONNECT_TIMEOUT_MS = 2000

const { values: flags } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '7000' },
    unix: { type: 'string' },
    upstream: { type: 'string', multiple: true, default: [] },
    balance: { type: 'string', default: 'round-robin' },
    'check-ms': { type: 'string', default: '1000' },
  },
})

/** One place to pass connections on to. */
class Upstream {
  connections = 0
  /** Whether it answered last time. */
  up = true
  private readonly target: { host: string; port: number } | { path: string }

  constructor(text: string) {
    const [, host = '', port = ''] = text.match(/^\[?(.+?)\]?:(\d+)$/) ?? []
    if (text.startsWith('unix:')) this.target = { path: text.slice(5) }
    else if (host !== '') this.target = { host, port: Number(port) }
    else throw new TypeError(`--upstream must be HOST:PORT or unix:PATH, not ${text}`)
  }

  async connect(): Promise<Connection> {
    try {
      const connection = await connect(
        { ...this.target, connectTimeoutMs: CONNECT_TIMEOUT_MS },
        { open() {} },
      )
      this.up = true
      return connection
    } catch (error) {
      this.up = false
      throw error
    }
  }

  /** Whether it takes connections, for the choices to come. */
  async check(): Promise<void> {
    const connection = await this.connect().catch(() => undefined)
    connection?.destroy()
  }
}

const upstreams = flags.upstream.map((text) => new Upstream(text))
if (upstreams.length === 0) throw new TypeError('--upstream is missing')
let turn = 0

/** In the order in which to try them: those that are up, then the others, which may be up by now. */
function candidates(): Upstream[] {
  turn = (turn + 1) % upstreams.length
  const order = [...upstreams.slice(turn), ...upstreams.slice(0, turn)]
  if (flags.balance === 'least') order.sort((a, b) => a.connections - b.connections)
  return [...order.filter(({ up }) => up), ...order.filter(({ up }) => !up)]
}

const server = createServer({
  async open(client) {
    for (const upstream of candidates()) {
      const far = await upstream.connect().catch(() => undefined)
      if (far === undefined) continue
      upstream.connections++
      // Where one side fails, both are reset by then, which is all that can be done.
      await Promise.allSettled([pipe(client, far), pipe(far, client)])
      upstream.connections--
      return
    }
    client.reset()
  },
})

const checks = setInterval(() => {
  for (const upstream of upstreams) void upstream.check()
}, Number(flags['check-ms']))

const address = await server.listen(
  flags.unix === undefined ? { host: flags.host, port: Number(flags.port) } : { path: flags.unix },
)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(checks)
    void server.close({ deadlineMs: 500 })
  })
}
console.log(`listening on ${formatAddress(address)}`)
