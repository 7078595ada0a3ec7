/** `node:http`, `node:https` and `node:http2` on sockets of this package. */

export { attach } from '../attach.js'
export { Agent, HttpsAgent } from './agent.js'
