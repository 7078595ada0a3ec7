/** The admin server: what a server does, for people and for Prometheus. */
import { createServer, type IncomingMessage, type Server as NodeServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkHost, checkObject, checkPort, invalidArgType } from '@pollux/core'
import { Registry } from 'prom-client'
import { Collector } from '../metrics/collector.js'
import { type AnyServer, Server } from '../server/server.js'
import { History } from './history.js'
import { isAllowedHost } from './host-guard.js'
import { type Answer, answer, type MetricsSource, type Subject, text } from './routes.js'

/** What {@link createAdmin} takes. */
export interface AdminOptions {
  /** The servers to tell of, all in this thread. */
  servers: readonly AnyServer[]
  /** What `/metrics` shows. Default: a registry of its own, with the metrics of `servers`. */
  registry?: MetricsSource
  /** Where it listens. Default '127.0.0.1': what it tells is not for everyone. */
  host?: string
  /** Default 7080; 0: the system chooses one. */
  port?: number
  /**
   * Names by which it may be asked for, beside those of the loopback and the address that a request arrives at: that of a
   * reverse proxy, for example. A request for another name is answered with 421, since it may be that of a foreign page.
   */
  allowedHosts?: readonly string[]
}

/** Nothing that the page needs comes from elsewhere, and nobody else shows it in a frame. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const

const REQUEST_TIMEOUT_MS = 10_000
const MAX_CONNECTIONS = 100

/** Made by {@link createAdmin}. */
export class Admin {
  private readonly subject: Subject
  /** A registry that we made and have to fill; undefined where one was given. */
  private readonly ownRegistry: Registry | undefined
  private readonly http: NodeServer
  private readonly host: string
  private readonly port: number
  private readonly allowedHosts: readonly string[]

  /** Internal: use {@link createAdmin}. */
  constructor(options: AdminOptions) {
    checkObject(options, 'options')
    const servers = checkServers(options.servers)
    checkRegistry(options.registry)
    this.ownRegistry = options.registry === undefined ? new Registry() : undefined
    const registry = options.registry ?? (this.ownRegistry as Registry)
    this.subject = { servers, registry, history: new History(servers) }
    this.host = checkHost(options.host ?? '127.0.0.1')
    this.port = checkPort(options.port ?? 7080)
    this.allowedHosts = checkNames(options.allowedHosts ?? [])
    this.http = createServer((request, response) => void this.respond(request, response))
    this.http.requestTimeout = REQUEST_TIMEOUT_MS
    this.http.maxConnections = MAX_CONNECTIONS
    // No descriptor left to accept with, for example: the admin page is not worth the process.
    this.http.on('error', () => {})
    // Whoever looks at a server does not keep it alive.
    this.http.unref()
    this.http.on('connection', (socket) => socket.unref())
  }

  /** Where the dashboard is: `http://127.0.0.1:7080/`. Undefined unless it listens. */
  get url(): string | undefined {
    const address = this.http.address() as AddressInfo | null
    if (address === null) return undefined
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return `http://${host}:${address.port}/`
  }

  /**
   * Listens, and begins to take samples for the charts.
   *
   * @returns its `url`
   * @throws Error of node:net: EADDRINUSE where another program has the port
   */
  async listen(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject)
      this.http.listen({ host: this.host, port: this.port }, () => {
        this.http.off('error', reject)
        resolve()
      })
    })
    const { servers, history } = this.subject
    history.start()
    for (const server of servers) this.collector?.add(server)
    return this.url as string
  }

  /** Stops listening and cuts off who is connected. Idempotent. */
  async close(): Promise<void> {
    const { servers, history } = this.subject
    history.stop()
    for (const server of servers) this.collector?.remove(server)
    if (!this.http.listening) return
    await new Promise<void>((resolve) => {
      this.http.close(() => resolve())
      this.http.closeAllConnections()
    })
  }

  /** `await using admin = createAdmin(…)` closes it at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private get collector(): Collector | undefined {
    return this.ownRegistry && Collector.of(this.ownRegistry)
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let result: Answer
    try {
      result = await this.answerTo(request)
    } catch (error) {
      // Somebody's metric that can't be read, for example.
      result = text(500, String(error))
    }
    const { status, type, body } = result
    response.writeHead(status, {
      ...HEADERS,
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  private async answerTo({ method, url, headers, socket }: IncomingMessage): Promise<Answer> {
    if (!isAllowedHost(headers.host, socket.localAddress, this.allowedHosts)) {
      return text(421, 'this name is not mine; see allowedHosts of createAdmin')
    }
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'there is nothing here but to be read')
    const parsed = parse(url)
    return parsed === undefined ? text(400, 'this is no path') : answer(parsed, this.subject)
  }
}

/** A path of ours, or the whole URL that a proxy would be asked for. */
function parse(url = ''): URL | undefined {
  try {
    return new URL(url, 'http://localhost')
  } catch {
    return undefined
  }
}

function checkServers(servers: unknown): readonly AnyServer[] {
  if (!Array.isArray(servers)) throw invalidArgType('servers', 'an array', servers)
  for (const server of servers) {
    if (!(server instanceof Server)) throw invalidArgType('servers[]', 'an instance of Server', server)
  }
  return [...servers]
}

function checkRegistry(registry: unknown): void {
  if (registry === undefined) return
  const reads = typeof registry === 'object' && registry !== null && 'metrics' in registry
  if (!reads) throw invalidArgType('registry', 'an instance of Registry', registry)
}

function checkNames(names: unknown): readonly string[] {
  if (!Array.isArray(names)) throw invalidArgType('allowedHosts', 'an array', names)
  return names.map((name) => checkHost(name, 'allowedHosts[]').toLowerCase())
}

/**
 * An HTTP server for whoever runs the program: `/metrics` for Prometheus, `/healthz` and `/readyz` for a supervisor,
 * `/connections` as JSON, and a dashboard at `/`. It runs on node:http, and does not keep the process alive.
 *
 * It has no password: leave it on the loopback, or put it behind something that asks for one.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer } from '@pollux/framework'
 * import { createAdmin } from '@pollux/framework/admin'
 *
 * const server = createServer({ name: 'echo', data: (conn, chunk) => conn.write(chunk) })
 * await server.listen({ host: '127.0.0.1', port: 7000 })
 * const admin = createAdmin({ servers: [server] })
 * console.log(`dashboard: ${await admin.listen()}`) // dashboard: http://127.0.0.1:7080/
 * ```
 */
export function createAdmin(options: AdminOptions): Admin {
  return new Admin(options)
}
