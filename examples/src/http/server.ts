/** An HTTP/1.1 server for a table of routes. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Connection, createServer, type Plugin, type Server } from '@pollux/framework'
import { CONTINUE, type HttpLimits, http, type Incoming } from './http-codec.js'
import { HttpError } from './http-error.js'
import type { Request } from './request.js'
import { Response, type Streamed, text } from './response.js'
import { Router, type Routes } from './router.js'

type HttpConnection = Connection<unknown, Incoming, string | Uint8Array>

export interface HttpOptions extends HttpLimits {
  /** Limits, logs, metrics. */
  plugins?: Plugin[]
}

/** Of a connection without a request, of its first one, of one that has begun, and of answers that nobody reads. */
const TIMEOUTS = {
  idleTimeoutMs: 60_000,
  firstMessageTimeoutMs: 10_000,
  messageTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
}

/** How long a client may take to read our last answer and to end, once it was told that the connection closes. */
const LINGER_MS = 2000

/** How much of a streamed body is sent before other connections have their turn. */
const BYTES_PER_TURN = 64 * 1024

const CLOSE = 'connection: close\r\n'
const KEEP_ALIVE = 'connection: keep-alive\r\n'
const CHUNKED = 'transfer-encoding: chunked\r\n'

/** @throws TypeError for a route that is none */
export function httpServer(
  routes: Routes,
  options: HttpOptions = {},
): Server<unknown, Incoming, string | Uint8Array> {
  const router = new Router(routes)
  return createServer({
    codec: http(options),
    // The fields of a request, which few handlers ask for, are made of its bytes when one does.
    borrow: true,
    ...TIMEOUTS,
    plugins: options.plugins ?? [],
    message(conn: HttpConnection, incoming: Incoming) {
      if (incoming instanceof HttpError) return refuse(conn, incoming)
      if (incoming !== CONTINUE) return serve(conn, router, incoming)
      conn.send('HTTP/1.1 100 Continue\r\n\r\n')
      return undefined
    },
  })
}

function serve(conn: HttpConnection, router: Router, request: Request): Promise<void> | undefined {
  try {
    const answer = router.find(request)(request)
    if (answer instanceof Response) return reply(conn, request, answer)
    request.keep()
    return answer.then(
      (response) => reply(conn, request, response),
      (error) => reply(conn, request, failure(error)),
    )
  } catch (error) {
    return reply(conn, request, failure(error))
  }
}

/** What a handler threw: an answer, if it meant one, else a fault of ours that the client learns nothing of. */
function failure(error: unknown): Response {
  if (error instanceof HttpError) return text(`${error.message}\n`, error.status)
  process.emitWarning(error instanceof Error ? error : String(error))
  return text('Internal Server Error\n', 500)
}

function reply(conn: HttpConnection, request: Request, response: Response): Promise<void> | undefined {
  const { keepAlive, minorVersion } = request
  if (response.streamed !== null) request.keep()
  request.release()
  const isHead = request.method === 'HEAD'
  const whole = keepAlive && minorVersion === 1 && !isHead ? response.whole() : null
  if (whole !== null) {
    conn.send(whole)
    return undefined
  }
  const { body, streamed } = response
  // A client of 1.0 knows no chunks: there the end of the connection is the end of the body.
  const stays = keepAlive && (streamed === null || minorVersion === 1)
  const kept = minorVersion === 1 ? '' : KEEP_ALIVE
  conn.send(response.head((streamed !== null && minorVersion === 1 ? CHUNKED : '') + (stays ? kept : CLOSE)))
  if (!isHead && streamed !== null) return stream(conn, streamed, minorVersion === 1, stays)
  if (!isHead && body !== null && body.length > 0) conn.write(body)
  if (!stays) finish(conn)
  return undefined
}

/** Sends what comes, no faster than the client takes it. */
async function stream(
  conn: HttpConnection,
  parts: Streamed,
  chunked: boolean,
  stays: boolean,
): Promise<void> {
  let sinceTurn = 0
  try {
    for await (const part of parts) {
      const bytes = typeof part === 'string' ? Buffer.from(part) : part
      // A chunk of no bytes would be the last one.
      if (bytes.length === 0) continue
      if (conn.readyState !== 'open') return
      if (chunked) conn.send(`${bytes.length.toString(16)}\r\n`)
      conn.send(bytes)
      if (chunked) conn.send('\r\n')
      await conn.drained()
      // Parts that are always ready, for a client that always reads, would leave no time for others.
      sinceTurn += bytes.length
      if (sinceTurn < BYTES_PER_TURN) continue
      sinceTurn = 0
      await nextTurn()
    }
  } catch (error) {
    if (conn.readyState !== 'open') return
    // The client must not take what it has for all of it.
    conn.reset()
    process.emitWarning(error instanceof Error ? error : String(error))
    return
  }
  if (conn.readyState !== 'open') return
  if (chunked) conn.send('0\r\n\r\n')
  if (!stays) finish(conn)
}

function refuse(conn: HttpConnection, error: HttpError): undefined {
  conn.send(text(`${error.message}\n`, error.status).head(CLOSE))
  conn.send(`${error.message}\n`)
  finish(conn)
}

/** Ends our half and waits for the client's: were we to close now, unread bytes of it would take our answer with them. */
function finish(conn: HttpConnection): void {
  conn.end()
  conn.setTimeout(LINGER_MS)
}
