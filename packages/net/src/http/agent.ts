/** Agents whose connections are ours, for the clients of `node:http` and `node:https`. */
import http from 'node:http'
import https from 'node:https'
import type { NetConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { makeClass } from '../class-function.js'
import { connect } from '../index.js'
import { connectBelow } from '../tls/below.js'
import type { Statics } from '../types.js'

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

class AgentMethods extends http.Agent {
  override createConnection(options: NetConnectOpts, created?: Created): Duplex {
    if (goesByProxy(this)) return byNode.call(this, options, created) as Duplex
    return connect(options, created as () => void)
  }
}

class HttpsAgentMethods extends https.Agent {
  override createConnection(options: NetConnectOpts, created?: Created): Duplex | null | undefined {
    if (goesByProxy(this)) return tlsByNode.call(this, options, created)
    return connectBelow(options, (socket) => tlsByNode.call(this, { ...options, socket }, created))
  }
}

export interface Agent extends AgentMethods {}
export interface HttpsAgent extends HttpsAgentMethods {}

/** `new Agent(options)`, `Agent(options)`, or `Agent.call(this, options)` in a constructor that inherits from it. */
export interface AgentConstructor extends Statics<typeof http.Agent> {
  new (options?: http.AgentOptions): Agent
  (options?: http.AgentOptions): Agent
  readonly prototype: Agent
}

/** The same for {@link HttpsAgent}. */
export interface HttpsAgentConstructor extends Statics<typeof https.Agent> {
  new (options?: https.AgentOptions): HttpsAgent
  (options?: https.AgentOptions): HttpsAgent
  readonly prototype: HttpsAgent
}

/** Node's own are functions in all versions. */
type ByCall = (this: unknown, options: unknown) => void

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
export const Agent = function (this: unknown, options?: http.AgentOptions): Agent | undefined {
  if (!(this instanceof AgentMethods)) return new Agent(options)
  ;(http.Agent as unknown as ByCall).call(this, options)
  return undefined
} as unknown as AgentConstructor

/** The same for `https`: an `https.Agent` that speaks TLS over sockets of this package. */
export const HttpsAgent = function (this: unknown, options?: https.AgentOptions): HttpsAgent | undefined {
  if (!(this instanceof HttpsAgentMethods)) return new HttpsAgent(options)
  ;(https.Agent as unknown as ByCall).call(this, options)
  return undefined
} as unknown as HttpsAgentConstructor

makeClass('Agent', Agent, AgentMethods, http.Agent)
makeClass('HttpsAgent', HttpsAgent, HttpsAgentMethods, https.Agent)
