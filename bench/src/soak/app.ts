/** The server of a round, in the main thread of its process or as the app of several workers. */
import {
  type AnyConnection,
  type AnyServer,
  connect,
  createServer,
  delimited,
  type Endpoint,
  fixed,
  json,
  lengthPrefixed,
  limits,
  lines,
  netstring,
  overload,
  type Plugin,
  pipe,
  type ServerInit,
  type WorkerContext,
} from '@pollux/framework'
import { DELIMITER, FIXED_BYTES } from './frames.js'
import type { Round } from './rounds.js'

const THROWS_EVERY = 50
const DIES_EVERY = 2000

export function makeServer(round: Round, dies: boolean): AnyServer {
  let messages = 0
  let server: AnyServer
  const answer = (conn: AnyConnection, message: unknown): unknown => {
    messages++
    if (dies && messages % DIES_EVERY === 0) process.exit(1)
    switch (round.handler) {
      case 'throw now and then':
        if (messages % THROWS_EVERY === 0) throw new Error(`message ${messages}`)
        break
      case 'tell everyone':
        server.broadcast(message)
        return undefined
      case 'answer later':
        return answerLater(conn, message)
      case 'answer':
        break
    }
    return send(conn, message)
  }
  const codec = codecOf(round)
  const init = codec === undefined ? { data: answer, pauseOnBackpressure: true } : { codec, message: answer }
  const timeouts = {
    firstMessageTimeoutMs: 400,
    messageTimeoutMs: 400,
    idleTimeoutMs: 1500,
    writeTimeoutMs: 500,
  }
  server = createServer({
    ...init,
    ...(round.guards === 'timeouts' ? timeouts : {}),
    borrow: round.borrow,
    maxQueuedBytes: 4 * 1024 * 1024,
    plugins: pluginsOf(round),
    ...(round.front === 'tls' ? { tls: { key: process.env.SOAK_KEY, cert: process.env.SOAK_CERT } } : {}),
    error() {},
  } as ServerInit<unknown, unknown, unknown>)
  return server
}

/** A server that passes everything on to another, and back. */
export function makeProxy(target: Endpoint): AnyServer {
  return createServer({
    async open(conn) {
      const upstream = await connect(target, { open() {}, allowHalfOpen: true, error() {} })
      pipe(conn, upstream)
      pipe(upstream, conn)
    },
    allowHalfOpen: true,
    error() {},
  })
}

async function answerLater(conn: AnyConnection, message: unknown): Promise<void> {
  // A borrowed one is valid until the handler returns.
  const kept = message instanceof Uint8Array ? Buffer.from(message) : message
  await new Promise((resolve) => setImmediate(resolve))
  send(conn, kept)
}

function send(conn: AnyConnection, message: unknown): void {
  // It may have gone while the answer was being made.
  if (conn.readyState === 'open') conn.send(message)
}

function codecOf({ framing }: Round) {
  switch (framing) {
    case 'raw':
      return undefined
    case 'lines':
      return lines()
    case 'delimited':
      return delimited({ delimiter: DELIMITER })
    case 'lengthPrefixed':
      return lengthPrefixed({ bytes: 4 })
    case 'fixed':
      return fixed({ length: FIXED_BYTES })
    case 'netstring':
      return netstring()
    case 'json':
      return json()
  }
}

function pluginsOf({ guards }: Round): Plugin[] {
  if (guards === 'limits') {
    return [limits({ maxConnections: 40, messagesPerSecond: 5000, bytesPerSecond: 4 * 1024 * 1024 })]
  }
  return guards === 'overload' ? [overload({ maxQueuedBytes: 8 * 1024 * 1024 })] : []
}

/** In a worker. */
export default async function start({
  data,
  listen,
}: WorkerContext<{ round: Round; target: { path: string } }>) {
  await listen(makeServer(data.round, true), data.target)
}
