/** Agents whose connections are ours, for the clients of `node:http` and `node:https`. */
import http from 'node:http'
import https from 'node:https'
import type { NetConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect } from '../index.js'
import { connectBelow } from '../tls/below.js'

type Created = (error: Error | null, stream: Duplex) => void

/** What both have, and types of Node 20 do not. */
interface Creating {
  options: { proxyEnv?: object }
  createConnection(options: object, created?: Created): Duplex | null | undefined
}

const { createConnection: byNode } = http.Agent.prototype as unknown as Creating
const { createConnection: tlsByNode } = https.Agent.prototype as unknown as Creating

/** Whether a proxy may be in the way, which Node has to connect to (`proxyEnv`, of Node 24): it alone knows for which hosts. */
const goesByProxy = (agent: unknown): boolean => Boolean((agent as Creating).options.proxyEnv)

/**
 * An `http.Agent` whose connections are sockets of this package. It takes the same options, and is given to requests in the
 * same way. With `proxyEnv` its connections are Node's.
 *
 * @example
 * ```ts
 * import { createServer, get } from 'node:http'
 * import { Agent, attach } from '@pollux/net/http'
 *
 * const server = attach(createServer((request, response) => response.end('hello\n')))
 * server.listen(0, () => {
 *   const { port } = server.address()
 *   const agent = new Agent({ keepAlive: true })
 *   get({ port, agent }, (response) => {
 *     console.log(response.statusCode) // 200
 *     response.resume().on('end', () => {
 *       agent.destroy()
 *       server.close()
 *     })
 *   })
 * })
 * ```
 */
export class Agent extends http.Agent {
  override createConnection(options: NetConnectOpts, created?: Created): Duplex {
    if (goesByProxy(this)) return byNode.call(this, options, created) as Duplex
    return connect(options, created as () => void)
  }
}

/** The same for `https`: an `https.Agent` that speaks TLS over sockets of this package. */
export class HttpsAgent extends https.Agent {
  override createConnection(options: NetConnectOpts, created?: Created): Duplex | null | undefined {
    if (goesByProxy(this)) return tlsByNode.call(this, options, created)
    return connectBelow(options, (socket) => tlsByNode.call(this, { ...options, socket }, created))
  }
}
