/**
 * A small HTTP/1.1 server.
 *
 *     node examples/dist/http.js [--host H] [--port P]
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { limits } from '@pollux/framework'
import { json, Response, text } from './http/response.js'
import type { Routes } from './http/router.js'
import { httpServer } from './http/server.js'
import { start } from './start.js'

const HELLO = text('hello')

/** Of all clients together; whoever comes then is refused. */
const MAX_CONNECTIONS = 10_000

/** The longest that `/slow` waits. */
const MAX_SLOW_MS = 10_000

const routes: Routes = {
  'GET /hello': () => HELLO,
  'GET /hello/:name': ({ parameters }) => text(`hello ${parameters.name}`),
  'GET /headers': ({ headers }) => json(headers),
  'POST /echo': ({ body, headers }) =>
    new Response(200, { 'content-type': headers['content-type'] ?? 'application/octet-stream' }, body),
  'GET /slow/:ms': async ({ parameters }) => {
    await sleep(Math.min(Number(parameters.ms) || 0, MAX_SLOW_MS))
    return text(`after ${parameters.ms} ms\n`)
  },
  'GET /count/:to': ({ parameters }) =>
    new Response(200, { 'content-type': 'text/plain' }, count(Number(parameters.to))),
}

/** Streamed: made as the client reads it. */
async function* count(to: number) {
  for (let i = 1; i <= to; i++) yield `${i}\n`
}

await start('http.js', 8080, () =>
  httpServer(routes, { plugins: [limits({ maxConnections: MAX_CONNECTIONS })] }),
)
