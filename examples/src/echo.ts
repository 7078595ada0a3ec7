/**
 * An echo server: sends back whatever it receives.
 *
 *     node examples/dist/echo.js [--host H] [--port P] [--unix PATH] [--backend epoll|poll|select] [--borrow]
 *                                [--admin-port P] [--observe]
 *
 * Its first line of output says where it listens, with the real port if it was asked for port 0.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import {
  type BackendName,
  createServer,
  EventLoop,
  formatAddress,
  type ListenTarget,
} from '@pollux/framework'

const USAGE =
  'usage: echo.js [--host HOST] [--port PORT] [--unix PATH] [--backend epoll|poll|select] [--borrow] ' +
  '[--admin-port PORT] [--observe]'

/** How long Ctrl-C waits for clients that are still connected. */
const CLOSE_DEADLINE_MS = 500

const EXIT_USAGE = 2

const OPTIONS = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '7000' },
  unix: { type: 'string' },
  backend: { type: 'string' },
  borrow: { type: 'boolean', default: false },
  'admin-port': { type: 'string' },
  observe: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} satisfies ParseArgsConfig['options']

function fail(error: unknown, exitCode: number): never {
  console.error(error instanceof Error ? error.message : String(error))
  if (exitCode === EXIT_USAGE) console.error(USAGE)
  process.exit(exitCode)
}

function readFlags() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    return fail(error, EXIT_USAGE)
  }
}

function readPort(text: string, flag: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) fail(`${flag} must be 0 to 65535, not '${text}'`, EXIT_USAGE)
  return port
}

function makeLoop(backend: string | undefined): EventLoop {
  try {
    return new EventLoop(backend === undefined ? {} : { backend: backend as BackendName })
  } catch (error) {
    return fail(error, error instanceof TypeError ? EXIT_USAGE : 1)
  }
}

const flags = readFlags()
if (flags.help) {
  console.log(USAGE)
  process.exit(0)
}
const target: ListenTarget =
  flags.unix === undefined ? { host: flags.host, port: readPort(flags.port, '--port') } : { path: flags.unix }
const adminPort =
  flags['admin-port'] === undefined ? undefined : readPort(flags['admin-port'], '--admin-port')
const loop = makeLoop(flags.backend)

const server = createServer({
  name: 'echo',
  loop,
  // Loaded only where they are wanted.
  plugins: flags.observe ? (await import('./support/observation.js')).observation() : [],
  borrow: flags.borrow,
  data(conn, chunk) {
    // The peer sends faster than it reads: take no more from it until it has caught up.
    if (!conn.write(chunk)) conn.pause()
  },
  drain(conn) {
    conn.resume()
  },
})

function stop(): void {
  // A second Ctrl-C meets the system's default: it ends the process at once.
  process.off('SIGINT', stop).off('SIGTERM', stop)
  void server.close({ deadlineMs: CLOSE_DEADLINE_MS })
}

/** The dashboard is not worth the server: without it, echoes are sent all the same. */
async function showDashboard(port: number): Promise<void> {
  const { createAdmin } = await import('@pollux/framework/admin')
  try {
    console.log(`dashboard: ${await createAdmin({ servers: [server], port }).listen()}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    console.error(`no dashboard: port ${port} is taken; choose another one with --admin-port`)
  }
}

try {
  const address = await server.listen(target)
  // Before the first line of output, which others may take for a sign that signals are handled.
  process.on('SIGINT', stop).on('SIGTERM', stop)
  console.log(`listening on ${formatAddress(address)}`)
  console.log(`backend: ${loop.backend}`)
  console.log(`try it: ${'path' in address ? `nc -U ${address.path}` : `nc ${address.host} ${address.port}`}`)
  if (adminPort !== undefined) await showDashboard(adminPort)
} catch (error) {
  fail(error, 1)
}
